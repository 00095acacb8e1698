//! What is in memory is what is published.

use std::io::Read as _;

use affineur_trust::provenance::TrustedRoot;
use axum::extract::{Path, State};
use flate2::read::GzDecoder;
use http::HeaderName;

use super::super::{Admission, Limits, Settings, Shared, simple};
use super::*;
use crate::publisher::tests::{World, now};
use crate::store::SqliteStore;
use crate::upload::AttestationVerifier;

const JSON: (HeaderName, &str) = (header::ACCEPT, "application/vnd.pypi.simple.v1+json");
const HTML: (HeaderName, &str) = (header::ACCEPT, "text/html");
const GZIP: (HeaderName, &str) = (header::ACCEPT_ENCODING, "gzip");

fn shared(store: &SqliteStore) -> Arc<Shared<SqliteStore>> {
    let limits = Limits::default();
    let attestations = AttestationVerifier::new(TrustedRoot::embedded().unwrap());
    let settings = Settings { url: "https://index.example/".parse().unwrap(), attestations, limits };
    let admission = Admission::new(&settings.limits);
    Arc::new(Shared { store: store.clone(), pages: Pages::new(), admission, settings })
}

async fn ask(
    shared: &Arc<Shared<SqliteStore>>,
    project: &str,
    headers: &[(HeaderName, &str)],
) -> (StatusCode, HeaderMap, Bytes) {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
    let answer = simple::project(State(Arc::clone(shared)), Path(project.to_owned()), headers).await;
    let (head, body) = answer.into_parts();
    (head.status, head.headers, axum::body::to_bytes(body, usize::MAX).await.unwrap())
}

async fn page(shared: &Arc<Shared<SqliteStore>>, headers: &[(HeaderName, &str)]) -> String {
    let (status, answer, body) = ask(shared, "cheese", headers).await;
    assert_eq!(status, StatusCode::OK);
    match answer.get(header::CONTENT_ENCODING) {
        None => String::from_utf8(body.to_vec()).unwrap(),
        Some(_) => {
            let mut text = String::new();
            GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
            text
        }
    }
}

#[tokio::test]
async fn a_page_in_memory_is_never_older_than_what_was_published() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    let shared = shared(&world.store);
    assert_eq!(ask(&shared, "cheese", &[]).await.0, StatusCode::NOT_FOUND);
    for release in 0..8 {
        let file = format!("cheese-{release}.0.tar.gz");
        world.upload(&file, file.as_bytes()).await;
        if release > 0 {
            assert!(!page(&shared, &[JSON, GZIP]).await.contains(&file), "{file} is not published yet");
        }
        publisher.publish_pending(now()).await.unwrap();
        for form in [&[JSON, GZIP][..], &[HTML], &[JSON], &[HTML, GZIP]] {
            assert!(page(&shared, form).await.contains(&file), "{file} {form:?}");
        }
        // A publication that is about something else.
        world.upload(&format!("wine-{release}.tar.gz"), b"red").await;
        publisher.publish_pending(now()).await.unwrap();
        assert!(page(&shared, &[JSON, GZIP]).await.contains(&file));
    }
}

#[tokio::test]
async fn what_another_process_publishes_is_seen_too() {
    let world = World::new();
    drop(world.publisher().await);
    // Another opening of the same store knows as little of ours as another process does.
    let other = SqliteStore::open(world.folder.path()).unwrap();
    let shared = shared(&other);
    for release in 0..4 {
        let file = format!("cheese-{release}.0.tar.gz");
        world.upload(&file, file.as_bytes()).await;
        let mut publisher = world.again().await;
        publisher.publish_pending(now()).await.unwrap();
        assert!(page(&shared, &[JSON]).await.contains(&file), "while that one is the publisher");
        drop(publisher);
        assert!(page(&shared, &[HTML]).await.contains(&file));
    }
}

#[tokio::test]
async fn forms_say_the_same_and_have_validators_of_their_own() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    publisher.publish_pending(now()).await.unwrap();
    let shared = shared(&world.store);
    let mut etags = Vec::new();
    for format in [JSON, HTML] {
        let plain = page(&shared, std::slice::from_ref(&format)).await;
        assert_eq!(page(&shared, &[format.clone(), GZIP]).await, plain);
        for asked in [vec![format.clone()], vec![format, GZIP]] {
            let (_, answer, _) = ask(&shared, "cheese", &asked).await;
            assert_eq!(answer[header::VARY], "Accept, Accept-Encoding");
            let etag = answer[header::ETAG].to_str().unwrap().to_owned();
            let known = format!("\"other\", {etag}");
            let (status, answer, body) =
                ask(&shared, "cheese", &[&asked[..], &[(header::IF_NONE_MATCH, &known)]].concat()).await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
            assert_eq!(answer[header::ETAG], *etag);
            etags.push(etag);
        }
    }
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 4);
    world.upload("cheese-2.0.tar.gz", b"camembert").await;
    publisher.publish_pending(now()).await.unwrap();
    let (status, ..) = ask(&shared, "cheese", &[JSON, (header::IF_NONE_MATCH, &etags.join(","))]).await;
    assert_eq!(status, StatusCode::OK, "all of them are old");
}
