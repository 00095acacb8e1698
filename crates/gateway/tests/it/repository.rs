//! A policy whose source is a TUF repository: what it vouches for is had, and nothing else, whatever its server does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use affineur_gateway::engine::{Asked, Gateway, Note, Outcome, WhyAnswer};
use affineur_gateway::fetch::FetchSettings;
use affineur_gateway::setup::{self, Look, Looked, Ready, SetupError, Wanted};
use affineur_packaging::page::StatusMarker;
use affineur_packaging::{FileName, ProjectName};
use affineur_trust::Class;
use affineur_trust::listing::{listing_path, overlay_path};
use affineur_tuf::{TargetFile, TargetPath};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::ext::ReasonPhrase;

use crate::static_index::StaticIndex;
use crate::support::upstream::{Upstream, answer};

const SDIST: &str = "cheese-1.0.tar.gz";

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// An index on loopback, and a user who trusts its root.
struct World {
    index: StaticIndex,
    served: Files,
    upstream: Upstream,
    home: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let mut index = StaticIndex::new();
        index.add(&name(SDIST), b"the cheese".to_vec(), None, "2020-01-01T00:00:00Z".parse().unwrap());
        let files = Files::new(Mutex::new(index.publish()));
        let served = Arc::clone(&files);
        let upstream = Upstream::http(move |asked| match served.lock().unwrap().get(asked.target.trim_start_matches('/')) {
            Some(bytes) => answer(200, &[], bytes.clone()),
            None => answer(404, &[], "nothing here"),
        })
        .await;
        let home = tempfile::tempdir().unwrap();
        let world = Self { index, served: files, upstream, home };
        std::fs::write(world.home.path().join("root.json"), world.index.root()).unwrap();
        world.policy("");
        world
    }

    fn policy(&self, more: &str) {
        let (repository, root) = (self.upstream.url("/tuf/"), "root.json");
        let text = format!("sources = ['index']\n[party.index]\nrepository = '{repository}'\nroot = '{root}'\n{more}");
        std::fs::write(self.home.path().join("policy.toml"), text).unwrap();
    }

    /// A gateway as each run begins with.
    fn ready(&self) -> Result<Ready, SetupError> {
        let wanted = Wanted {
            policy: Some(self.home.path().join("policy.toml")),
            fetch: Some(FetchSettings::default()),
            ..Wanted::default()
        };
        setup::gateway(wanted, |name| (name == "AFFINEUR_HOME").then(|| self.home.path().to_str().unwrap().to_owned()))
    }

    fn gateway(&self) -> Arc<Gateway> {
        self.ready().unwrap().gateway
    }

    fn publish(&mut self) {
        *self.served.lock().unwrap() = self.index.publish();
    }

    /// Changes one file that is served, found by the end of its name.
    fn change(&self, end: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut served = self.served.lock().unwrap();
        let (_, bytes) = served.iter_mut().rev().find(|(path, _)| path.ends_with(end)).unwrap();
        change(bytes);
    }

    /// Changes a byte of a metadata file's first signature.
    fn forge(&self, end: &str) {
        self.change(end, |bytes| {
            let at = bytes.windows(7).position(|window| window == b"\"sig\":\"").unwrap() + 7;
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        });
    }

    fn remove(&self, end: &str) {
        let before = self.served.lock().unwrap().len();
        self.served.lock().unwrap().retain(|path, _| !path.ends_with(end));
        assert_ne!(self.served.lock().unwrap().len(), before, "{end}");
    }

    fn bin_file(&mut self, path: &TargetPath) -> String {
        let bin = self.index.bin_of(path);
        format!(".{}.json", bin.as_str())
    }
}

fn name(text: &str) -> FileName {
    text.parse().unwrap()
}

fn cheese() -> ProjectName {
    "cheese".parse().unwrap()
}

fn flip(bytes: &mut [u8]) {
    let at = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
    bytes[at] ^= 1;
}

async fn why(gateway: &Arc<Gateway>) -> WhyAnswer {
    gateway.why(&"cheese".parse().unwrap(), Asked::AsUsual).await
}

/// Status, reason phrase and body of the file as an installer gets it.
async fn file(gateway: &Arc<Gateway>) -> (StatusCode, String, Vec<u8>) {
    let response = gateway.serve_file(&cheese(), &name(SDIST), false, &Method::GET, &HeaderMap::new()).await;
    let phrase = response.extensions().get::<ReasonPhrase>().map(|phrase| phrase.as_bytes().to_vec()).unwrap_or_default();
    let status = response.status();
    let body = response.into_body().collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    (status, String::from_utf8(phrase).unwrap(), body)
}

async fn page(gateway: &Arc<Gateway>, project: &ProjectName) -> StatusCode {
    gateway.serve_page(project, &Method::GET, &HeaderMap::new()).await.status()
}

#[tokio::test]
async fn what_the_index_vouches_for_is_had_and_its_chain_is_told() {
    let world = World::new().await;
    let gateway = world.gateway();
    let (status, _, body) = file(&gateway).await;
    assert_eq!((status, body.as_slice()), (StatusCode::OK, &b"the cheese"[..]));
    let answer = why(&gateway).await;
    let [file] = answer.sources[0].files.as_slice() else { panic!("{answer:?}") };
    assert_eq!(file.outcome, Outcome::Offered);
    let text = answer.to_string();
    assert!(text.contains("index vouches (unclaimed): targets v1 (2 of 2) -> bins v1 (2 of 2) -> bin.4-"), "{text}");
    let key = world.index.repository.file("root", Some(1)).unwrap();
    let key: serde_json::Value = serde_json::from_slice(key).unwrap();
    let key = key["signed"]["roles"]["targets"]["keyids"][0].as_str().unwrap().to_owned();
    assert!(text.contains(&key), "{text}");
    let asked: Vec<String> = world.upstream.asked().into_iter().map(|asked| asked.target).collect();
    assert!(!asked.iter().any(|target| target.starts_with("/simple")), "{asked:?}");
    assert_eq!(world.ready().unwrap().index.unwrap(), world.upstream.url("/simple/"), "where installers are pointed at");
}

#[tokio::test]
async fn documents_that_did_not_change_are_not_fetched_again_unless_somebody_changed_them_here() {
    let world = World::new().await;
    let documents = || {
        let asked = world.upstream.asked();
        asked.iter().filter(|asked| asked.target.starts_with("/tuf/targets/")).count()
    };
    for _ in 0..2 {
        assert_eq!(page(&world.gateway(), &cheese()).await, StatusCode::OK);
        assert_eq!(documents(), 2, "listing and overlay, by the first run");
    }
    let mut spoilt = 0;
    for folder in std::fs::read_dir(world.home.path().join("cache/public")).unwrap().flatten() {
        for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten().filter(|file| file.path().is_file()) {
            std::fs::remove_file(file.path()).unwrap();
            std::fs::write(file.path(), b"something else").unwrap();
            spoilt += 1;
        }
    }
    assert_eq!(spoilt, 2);
    assert_eq!(page(&world.gateway(), &cheese()).await, StatusCode::OK);
    assert_eq!(documents(), 4, "what is not what its name says is fetched again");
}

#[tokio::test]
async fn many_requests_share_one_refresh() {
    let world = World::new().await;
    let gateway = world.gateway();
    let asks = (0..8).map(|number| {
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move { page(&gateway, &format!("wine-{number}").parse().unwrap()).await })
    });
    for asked in asks.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), StatusCode::NOT_FOUND, "a signed absence");
    }
    let timestamps = world.upstream.asked().iter().filter(|asked| asked.target.ends_with("/timestamp.json")).count();
    assert_eq!(timestamps, 1);
}

type Change = fn(&mut World);

/// Every way in which the server or somebody between changes what it serves, and what the reason says.
const CHANGES: [(&str, Class, Change, &str); 11] = [
    (
        "listing",
        Class::Hostile,
        |world| world.change("index.json", |bytes| flip(bytes)),
        "the listing that came is not the signed one",
    ),
    (
        "overlay",
        Class::Hostile,
        |world| world.change(".cheese.json", |bytes| flip(bytes)),
        "the overlay that came is not the signed one",
    ),
    (
        "longer listing",
        Class::Hostile,
        |world| world.change("index.json", |bytes| bytes.push(b' ')),
        "the listing that came is not the signed one",
    ),
    ("no listing", Class::Undecided, |world| world.remove("index.json"), "the listing of this project: unavailable"),
    (
        "no timestamp",
        Class::Undecided,
        |world| world.remove("timestamp.json"),
        "timestamp: the repository does not have the file",
    ),
    ("no snapshot", Class::Undecided, |world| world.remove("snapshot.json"), "snapshot: the repository does not have the file"),
    ("no bin", Class::Undecided, remove_bin, "the repository does not have the file that it lists"),
    ("timestamp", Class::Hostile, |world| world.forge("timestamp.json"), "timestamp is signed by 0 of the 1 keys"),
    ("snapshot", Class::Hostile, |world| world.forge("snapshot.json"), "snapshot is signed by 0 of the 1 keys"),
    ("targets", Class::Hostile, |world| world.forge(".targets.json"), "targets is signed by 1 of the 2 keys"),
    ("bins", Class::Hostile, |world| world.forge(".bins.json"), "bins is signed by 1 of the 2 keys"),
];

fn remove_bin(world: &mut World) {
    let end = world.bin_file(&listing_path(&cheese()).unwrap());
    world.remove(&end);
}

#[tokio::test]
async fn whatever_is_changed_withholds_everything_with_the_reason() {
    for (what, class, change, words) in CHANGES {
        let mut world = World::new().await;
        change(&mut world);
        let gateway = world.gateway();
        let answer = why(&gateway).await;
        assert_eq!(answer.sources[0].class, Some(class), "{what}: {answer}");
        assert!(answer.to_string().contains(words), "{what}: {answer}");
        // At first sight there are no names to show unless the listing could be verified: the page itself says why.
        let shown = if what == "overlay" { StatusCode::OK } else { StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS };
        assert_eq!(page(&gateway, &cheese()).await, shown, "{what}");
        let (status, phrase, _) = file(&gateway).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
        assert!(phrase.contains(words), "{what}: {phrase}");
        let noted = gateway.record().summary().notes;
        let alarmed = noted.iter().any(|note| matches!(note, Note::Alarm { .. }));
        assert_eq!(alarmed, class == Class::Hostile, "{what}: {noted:?}");
    }
}

#[tokio::test]
async fn after_an_honest_page_its_names_are_shown_and_withheld() {
    let world = World::new().await;
    assert_eq!(file(&world.gateway()).await.0, StatusCode::OK);
    world.forge("timestamp.json");
    let gateway = world.gateway();
    let response = gateway.serve_page(&cheese(), &Method::GET, &HeaderMap::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(body.contains(SDIST) && !body.contains("yanked"), "{body}");
    let (status, phrase, _) = file(&gateway).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(phrase.contains("index does not vouch: timestamp is signed by 0 of the 1 keys"), "{phrase}");
}

#[tokio::test]
async fn an_old_timestamp_put_back_is_a_rollback_in_the_next_run_too() {
    let mut world = World::new().await;
    let old = world.served.lock().unwrap()["tuf/metadata/timestamp.json"].clone();
    world.publish();
    assert_eq!(file(&world.gateway()).await.0, StatusCode::OK);
    world.change("timestamp.json", |bytes| *bytes = old);
    for _ in 0..2 {
        let (status, phrase, _) = file(&world.gateway()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(phrase.contains("timestamp is version 1, and version 2 was seen before: a rollback"), "{phrase}");
    }
}

#[tokio::test]
async fn expired_metadata_withhold_and_name_the_role_and_the_time() {
    let mut world = World::new().await;
    world.index.repository.timestamp_mut().set_expires("2026-11-01T10:00:00Z".parse().unwrap());
    world.publish();
    let answer = why(&world.gateway()).await;
    assert_eq!(answer.sources[0].class, Some(Class::Undecided));
    assert!(answer.to_string().contains("timestamp expired 2026-11-01T10:00Z"), "{answer}");

    let mut world = World::new().await;
    let bin = world.index.bin_of(&overlay_path(&cheese()).unwrap());
    world.index.repository.role_mut(&bin).set_expires("2026-11-01T10:00:00Z".parse().unwrap());
    world.publish();
    let answer = why(&world.gateway()).await;
    assert!(answer.to_string().contains(&format!("{} expired 2026-11-01T10:00Z", bin.as_str())), "{answer}");
}

#[tokio::test]
async fn a_document_signed_elsewhere_or_alone_withholds() {
    let mut world = World::new().await;
    let path = overlay_path(&cheese()).unwrap();
    world.index.repository.targets_mut().add_target(&path, TargetFile::of(b"{}"));
    world.publish();
    world
        .served
        .lock()
        .unwrap()
        .insert(format!("tuf/targets/{}", path.url_path(TargetFile::of(b"{}").hashes().preferred())), b"{}".to_vec());
    let (_, phrase, _) = file(&world.gateway()).await;
    assert!(phrase.contains("the overlay is signed by targets, from which none is accepted"), "{phrase}");

    for (path, words) in [
        (overlay_path(&cheese()).unwrap(), "it has a listing of this project and no overlay"),
        (listing_path(&cheese()).unwrap(), "it has an overlay of this project and no listing"),
    ] {
        let mut world = World::new().await;
        let bin = world.index.bin_of(&path);
        world.index.repository.role_mut(&bin).remove_target(&path);
        world.index.repository.publish().unwrap();
        for (name, bytes) in world.index.repository.files() {
            world.served.lock().unwrap().insert(format!("tuf/metadata/{name}"), bytes.clone());
        }
        let answer = why(&world.gateway()).await;
        assert_eq!(answer.sources[0].class, Some(Class::Undecided), "{answer}");
        assert!(answer.to_string().contains(words), "{answer}");
    }
}

#[tokio::test]
async fn a_quarantined_project_is_named_at_first_sight_and_withheld_with_the_reason() {
    let mut world = World::new().await;
    let overlay = &mut world.index.projects.get_mut(&cheese()).unwrap().1;
    overlay.status.marker = StatusMarker::Quarantined;
    overlay.status.reason = Some("malware".to_owned());
    world.publish();
    let gateway = world.gateway();
    assert_eq!(page(&gateway, &cheese()).await, StatusCode::OK);
    let (status, phrase, _) = file(&gateway).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(phrase.contains("it has quarantined this project and says \"malware\""), "{phrase}");
}

#[tokio::test]
async fn bytes_that_the_listing_does_not_name_never_end() {
    let world = World::new().await;
    world.change(SDIST, |bytes| bytes[0] ^= 1);
    let gateway = world.gateway();
    let (_, _, body) = file(&gateway).await;
    assert!(body.len() < "the cheese".len() || !body.starts_with(b"the"), "{body:?}");
    let (status, phrase, _) = file(&gateway).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(phrase.contains("wrong bytes"), "{phrase}");
}

#[tokio::test]
async fn a_project_that_vanishes_is_hostile() {
    let mut world = World::new().await;
    assert_eq!(file(&world.gateway()).await.0, StatusCode::OK);
    for path in [listing_path(&cheese()).unwrap(), overlay_path(&cheese()).unwrap()] {
        let bin = world.index.bin_of(&path);
        world.index.repository.role_mut(&bin).remove_target(&path);
    }
    world.index.repository.publish().unwrap();
    for (name, bytes) in world.index.repository.files() {
        world.served.lock().unwrap().insert(format!("tuf/metadata/{name}"), bytes.clone());
    }
    let (status, phrase, _) = file(&world.gateway()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(phrase.contains("had this project before and now says that it has none"), "{phrase}");
}

#[tokio::test]
async fn a_signed_absence_asks_the_next_source_and_no_answer_does_not() {
    let other = Upstream::http(|asked| match asked.target.as_str() {
        "/simple/wine/" => crate::support::upstream::page(
            r#"{"meta":{"api-version":"1.1"},"name":"wine","files":[{"filename":"wine-1.0.tar.gz","url":"w","hashes":{},"upload-time":"2020-01-01T00:00:00Z"}]}"#,
        ),
        _ => answer(404, &[], ""),
    })
    .await;
    let world = World::new().await;
    let (repository, simple) = (world.upstream.url("/tuf/"), other.url("/simple/"));
    let text = format!(
        "sources = ['index', 'other']\n[party.index]\nrepository = '{repository}'\nroot = 'root.json'\n[party.other]\nupstream = '{simple}'"
    );
    std::fs::write(world.home.path().join("policy.toml"), text).unwrap();
    let wine: ProjectName = "wine".parse().unwrap();
    assert_eq!(page(&world.gateway(), &wine).await, StatusCode::OK);
    world.remove("timestamp.json");
    let asked = other.asked().len();
    assert_eq!(page(&world.gateway(), &wine).await, StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS);
    assert_eq!(other.asked().len(), asked, "the next source is never asked after *unavailable*");
}

#[tokio::test]
async fn a_root_that_is_none_is_an_error_before_anything_starts() {
    let world = World::new().await;
    let root = world.home.path().join("root.json");
    for bytes in [&b"{}"[..], world.index.repository.file("targets", Some(1)).unwrap()] {
        std::fs::write(&root, bytes).unwrap();
        let error = world.ready().unwrap_err();
        assert!(matches!(error, SetupError::Root { .. }), "{error}");
    }
    std::fs::remove_file(&root).unwrap();
    assert!(matches!(world.ready().unwrap_err(), SetupError::Root { .. }));
}

#[tokio::test]
async fn another_root_has_other_caches_and_begins_anew() {
    let world = World::new().await;
    let folders = || std::fs::read_dir(world.home.path().join("tuf")).unwrap().count();
    let before = world.ready().unwrap().policy.canonical();
    assert_eq!(folders(), 1);
    let mut other = StaticIndex::new();
    other.repository.root_mut().set_expires("2098-01-01T00:00:00Z".parse().unwrap());
    other.publish();
    std::fs::write(world.home.path().join("root.json"), other.root()).unwrap();
    assert_ne!(world.ready().unwrap().policy.canonical(), before);
    assert_eq!(folders(), 2);
    assert_eq!(world.ready().unwrap().policy.canonical(), world.ready().unwrap().policy.canonical());
    assert_eq!(folders(), 2);
}

#[tokio::test]
async fn after_a_change_of_the_policy_a_repository_that_stays_keeps_its_view_and_another_root_begins_anew() {
    let world = World::new().await;
    let home = world.home.path().to_str().unwrap().to_owned();
    let lookup = move |name: &str| (name == "AFFINEUR_HOME").then(|| home.clone());
    let (current, mut reload) = world.ready().unwrap().reloading(lookup);
    let timestamps = || world.upstream.asked().iter().filter(|asked| asked.target.ends_with("/timestamp.json")).count();
    assert_eq!((file(&current.gateway()).await.0, timestamps()), (StatusCode::OK, 1));
    let before = current.gateway();
    world.policy("[[scope]]\nprojects = ['cheese']\nminimum-age = '3000d'\n");
    assert!(matches!(reload.look(Look::Now), Looked::Loaded(_)));
    let (status, reason, _) = file(&current.gateway()).await;
    assert!(status == StatusCode::FORBIDDEN && reason.contains("3000 days"), "{status} {reason}");
    assert_eq!((file(&before).await.0, timestamps()), (StatusCode::OK, 1), "who began before ends by what held then");
    let mut other = StaticIndex::new();
    other.repository.root_mut().set_expires("2098-01-01T00:00:00Z".parse().unwrap());
    other.publish();
    std::fs::write(world.home.path().join("root.json"), other.root()).unwrap();
    assert!(matches!(reload.look(Look::Now), Looked::Loaded(_)));
    assert_eq!(file(&current.gateway()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(timestamps(), 2, "another root knows nothing yet");
}

#[tokio::test]
async fn a_state_in_a_file_says_what_it_does_not_keep() {
    let world = World::new().await;
    let wanted = Wanted {
        policy: Some(world.home.path().join("policy.toml")),
        state: Some(world.home.path().join("pins.txt")),
        fetch: Some(FetchSettings::default()),
        ..Wanted::default()
    };
    let home = world.home.path().to_str().unwrap().to_owned();
    let ready = setup::gateway(wanted, |name| (name == "AFFINEUR_HOME").then(|| home.clone()));
    assert!(ready.unwrap().messages.iter().any(|message| message.contains("how far each TUF repository had come")));
}
