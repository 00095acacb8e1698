use url::Url;

use super::*;
use crate::state::{LearnedSource, Located};

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_project_stays_bound_to_the_source_from_which_it_was_had_until_it_is_moved() {
    let state = State::in_memory();
    let (a, internal, public) = (project("a"), party("internal"), party("public"));
    assert_eq!(state.binding(&a), Ok(None));
    assert_eq!(state.bind(&a, &internal).await, Ok(internal.clone()));
    assert_eq!(state.bind(&a, &public).await, Ok(internal.clone()), "the earlier binding holds");
    assert_eq!(state.binding(&a), Ok(Some(internal)));
    assert_eq!(state.binding(&project("b")), Ok(None));
    assert_eq!(state.revocation_epoch(), Ok(0));
    for _ in 0..2 {
        state.move_project(&a, &public).await.unwrap();
        assert_eq!(state.binding(&a), Ok(Some(public.clone())));
        assert_eq!(state.revocation_epoch(), Ok(1));
    }
}

#[tokio::test]
async fn a_file_is_located_by_its_url_on_every_page_that_listed_it() {
    let state = State::in_memory();
    observe(&state, minute(0), &[(1, Some(1)), (2, None)]).await;
    let mut mirror = page(minute(0), &[(1, Some(1))]);
    mirror.source = party("mirror");
    state.observe_page(mirror).await.unwrap();
    let located =
        |source| Located { source: party(source), project: project("a"), file: wheel("a", 1), sha256: Some(digest(1)) };
    let file = format!("files.example/{}", wheel("a", 1));
    for address in [format!("https://{file}"), format!("https://me:secret@{file}#sha256=1")] {
        assert_eq!(state.locate(&url(&address)), Ok(vec![located("index"), located("mirror")]));
    }
    for address in [format!("http://{file}"), format!("https://{file}?x"), format!("https://x.{file}")] {
        assert_eq!(state.locate(&url(&address)), Ok(Vec::new()), "{address}");
    }
}

#[tokio::test]
async fn credentials_in_urls_are_not_remembered() {
    let state = State::in_memory();
    let mut secret = page(minute(0), &[(1, Some(1))]);
    secret.files[0].url = url("https://user:secret@files.example/x#secret");
    state.observe_page(secret).await.unwrap();
    state.learn_source(&party("index"), &url("https://user:secret@index.example/simple/")).await.unwrap();
    let page = state.remembered_page(&party("index"), &project("a")).unwrap().unwrap();
    assert_eq!(page.files[0].url.as_str(), "https://files.example/x");
    assert_eq!(state.learned_sources().unwrap()[0].url.as_str(), "https://index.example/simple/");
}

#[tokio::test]
async fn a_source_is_learned_once_and_found_by_the_hosts_on_its_pages() {
    let state = State::in_memory();
    let learned = LearnedSource { name: party("index"), url: url("https://index.example/simple/") };
    observe(&state, minute(0), &[(1, Some(1))]).await;
    assert_eq!(state.sources_naming_server(&url("https://files.example/x")), Ok(Vec::new()), "its URL is not known yet");
    for _ in 0..2 {
        state.learn_source(&learned.name, &learned.url).await.unwrap();
    }
    assert_eq!(state.learned_sources(), Ok(vec![learned.clone()]));
    assert_eq!(state.sources_naming_server(&url("https://FILES.example/y")), Ok(vec![learned.clone()]));
    assert_eq!(state.sources_naming_server(&url("https://index.example/z")), Ok(Vec::new()));
    assert_eq!(
        state.sources_naming_server(&url("https://files.example:8443/x")),
        Ok(Vec::new()),
        "another port is another server"
    );
    let other = state.learn_source(&learned.name, &url("https://other.example/simple/")).await;
    assert_eq!(other, Err(StateError::OtherUrl { name: party("index") }));
    assert_eq!(state.learned_sources(), Ok(vec![learned]));
}

#[tokio::test]
async fn a_hostile_file_stays_hostile() {
    let state = State::in_memory();
    let index = party("index");
    observe(&state, minute(0), &[(1, Some(1)), (2, Some(2)), (3, None)]).await;
    let bytes = Contradiction::Bytes { expected: digest(2), got: digest(9) };
    for _ in 0..2 {
        state.mark_hostile(&index, &wheel("a", 1), None, &Contradiction::Metadata).await.unwrap();
        state.mark_hostile(&index, &wheel("a", 2), Some(digest(2)), &bytes).await.unwrap();
        state.mark_hostile(&index, &wheel("a", 3), Some(digest(3)), &Contradiction::ListedTwice).await.unwrap();
        assert_eq!(state.revocation_epoch(), Ok(3), "each once");
    }
    let observed = observe(&state, minute(1), &[(1, Some(1)), (2, None), (3, None)]).await;
    let found: Vec<_> = observed.iter().map(|observed| observed.contradiction.clone()).collect();
    assert_eq!(found, [Some(Contradiction::Metadata), Some(bytes), None]);
    let observed = state.record_digest(&index, &wheel("a", 3), digest(3), minute(2)).await.unwrap();
    assert_eq!(observed.contradiction, Some(Contradiction::ListedTwice), "these bytes are the hostile ones");
}

#[tokio::test]
async fn evidence_is_kept_once_with_both_sides() {
    let state = State::in_memory();
    let evidence = Evidence {
        time: minute(0),
        source: party("index"),
        project: project("a"),
        file: Some(wheel("a", 1)),
        contradiction: Contradiction::Metadata,
        left: Bytes::from_static(b"one"),
        right: Bytes::from(vec![0; crate::limits::EVIDENCE_SIDE_BYTES + 1]),
    };
    let id = state.keep_evidence(evidence.clone()).await.unwrap().unwrap();
    assert_eq!(state.keep_evidence(evidence.clone()).await, Ok(Some(id)));
    let other = Evidence { left: Bytes::from_static(b"two"), time: minute(-1), ..evidence.clone() };
    assert_ne!(state.keep_evidence(other).await, Ok(Some(id)));
    let rows = state.evidence().unwrap();
    assert_eq!(rows.iter().map(|row| row.evidence.time).collect::<Vec<_>>(), [minute(-1), minute(0)]);
    assert_eq!((rows[1].id, rows[1].left_size, &rows[1].evidence.left), (id, 3, &evidence.left));
    assert_eq!(rows[1].evidence.right.len(), crate::limits::EVIDENCE_SIDE_BYTES, "cut");
    assert_eq!(rows[1].right_size, crate::limits::EVIDENCE_SIDE_BYTES as u64 + 1);
}

#[tokio::test]
async fn a_policy_is_trusted_by_its_digest() {
    let state = State::in_memory();
    assert_eq!(state.policy_trusted(digest(1)), Ok(false));
    state.trust_policy(digest(1), std::path::Path::new("affineur.toml")).await.unwrap();
    state.trust_policy(digest(1), std::path::Path::new("other.toml")).await.unwrap();
    assert_eq!((state.policy_trusted(digest(1)), state.policy_trusted(digest(2))), (Ok(true), Ok(false)));
}
