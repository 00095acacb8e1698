use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn a_file_is_recorded_at_first_sight_and_later_pages_do_not_change_it() {
    let state = State::in_memory();
    let mut first_page = page(minute(0), &[(1, Some(1))]);
    first_page.files[0].upload_time = Some(minute(-9));
    let first = state.observe_page(first_page).await.unwrap();
    assert_eq!(first[0].pin.first_seen, minute(0));
    assert_eq!(first[0].pin.absent_until, None);
    assert_eq!(first[0].pin.upload_time, Some(minute(-9)));
    assert_eq!(first[0].pin.last_modified, LastModified::NotAsked);
    assert_eq!(first[0].pinned_sha256, Some(digest(1)));
    let mut second_page = page(minute(5), &[(2, Some(2)), (1, Some(1))]);
    second_page.files[1].upload_time = Some(minute(-99));
    second_page.files[1].size = Some(7);
    let second = state.observe_page(second_page).await.unwrap();
    assert_eq!(second[1], first[0], "in the order of the page");
    assert_eq!(second[0].pin.first_seen, minute(5));
    assert_eq!(second[0].pin.absent_until, Some(minute(0)));
    let remembered = state.remembered_page(&party("index"), &project("a")).unwrap().unwrap();
    assert_eq!(remembered.files[0].size, Some(1_000));
}

#[tokio::test]
async fn a_page_without_files_counts_as_the_last_page_without_a_later_file() {
    let state = State::in_memory();
    assert_eq!(observe(&state, minute(0), &[]).await, []);
    assert_eq!(observe(&state, minute(3), &[(1, Some(1))]).await[0].pin.absent_until, Some(minute(0)));
}

#[tokio::test]
async fn absence_is_recorded_from_the_exact_last_page_even_where_that_was_not_written() {
    let state = State::in_memory();
    let seconds = |seconds: i64| minute(0) + SignedDuration::from_secs(seconds);
    observe(&state, seconds(0), &[(1, Some(1))]).await;
    observe(&state, seconds(20), &[(1, Some(1))]).await;
    observe(&state, seconds(59), &[(1, Some(1))]).await;
    let observed = observe(&state, seconds(300), &[(1, Some(1)), (2, Some(2))]).await;
    assert_eq!(observed[1].pin.absent_until, Some(seconds(59)));
}

#[tokio::test]
async fn another_digest_is_a_contradiction_while_it_is_listed_and_the_pin_stays() {
    let state = State::in_memory();
    observe(&state, minute(0), &[(1, Some(1))]).await;
    let contradiction = Contradiction::Digest { pinned: digest(1), got: Some(digest(2)), since: minute(0) };
    for time in 1..4 {
        let observed = observe(&state, minute(time), &[(1, Some(2))]).await;
        assert_eq!(observed[0].contradiction, Some(contradiction.clone()));
        assert_eq!(observed[0].pinned_sha256, Some(digest(1)));
        assert_eq!(state.revocation_epoch().unwrap(), 1);
        assert_eq!(state.evidence().unwrap().len(), 1);
    }
    let evidence = &state.evidence().unwrap()[0].evidence;
    assert_eq!((evidence.time, &evidence.contradiction), (minute(1), &contradiction));
    assert!(std::str::from_utf8(&evidence.left).unwrap().contains(&digest(1).to_string()));
    assert!(std::str::from_utf8(&evidence.right).unwrap().contains(&digest(2).to_string()));
    let third = observe(&state, minute(4), &[(1, Some(3))]).await;
    assert!(matches!(third[0].contradiction, Some(Contradiction::Digest { got: Some(got), .. }) if got == digest(3)));
    assert_eq!(state.revocation_epoch().unwrap(), 2);
    let back = observe(&state, minute(5), &[(1, Some(1))]).await;
    assert_eq!(back[0].contradiction, None);
    assert_eq!(back[0].pin.first_seen, minute(0));
    assert_eq!(state.evidence().unwrap().len(), 2);
    let remembered = state.remembered_page(&party("index"), &project("a")).unwrap().unwrap();
    assert_eq!(remembered.files[0].sha256, Some(digest(1)));
}

#[tokio::test]
async fn the_same_file_twice_on_one_page_with_two_digests_is_a_contradiction() {
    let state = State::in_memory();
    let observed = observe(&state, minute(0), &[(1, Some(1)), (1, Some(2))]).await;
    assert_eq!(observed[0].contradiction, None);
    assert!(matches!(observed[1].contradiction, Some(Contradiction::Digest { .. })));
}

#[tokio::test]
async fn sources_do_not_see_each_others_pins() {
    let state = State::in_memory();
    observe(&state, minute(0), &[(1, Some(1))]).await;
    let mut other = page(minute(1), &[(1, Some(2))]);
    other.source = party("other");
    let observed = state.observe_page(other).await.unwrap();
    assert_eq!((observed[0].contradiction.as_ref(), observed[0].pin.absent_until), (None, None));
}

#[tokio::test]
async fn a_digest_that_comes_later_is_pinned_and_one_that_is_not_said_any_more_still_binds() {
    let state = State::in_memory();
    assert_eq!(observe(&state, minute(0), &[(1, None)]).await[0].pinned_sha256, None);
    let pinned = observe(&state, minute(1), &[(1, Some(1))]).await;
    assert_eq!((pinned[0].pinned_sha256, pinned[0].pin.first_seen), (Some(digest(1)), minute(0)));
    let silent = observe(&state, minute(2), &[(1, None)]).await;
    assert_eq!((silent[0].pinned_sha256, silent[0].contradiction.as_ref()), (Some(digest(1)), None));
    assert!(observe(&state, minute(3), &[(1, Some(2))]).await[0].contradiction.is_some());
}

#[tokio::test]
async fn a_computed_digest_is_pinned_once() {
    let state = State::in_memory();
    let (index, file) = (party("index"), wheel("a", 1));
    observe(&state, minute(0), &[(1, None)]).await;
    let pinned = state.record_digest(&index, &file, digest(1), minute(1)).await.unwrap();
    assert_eq!((pinned.pinned_sha256, pinned.contradiction), (Some(digest(1)), None));
    assert_eq!(state.record_digest(&index, &file, digest(1), minute(1)).await.unwrap().contradiction, None);
    for _ in 0..2 {
        let observed = state.record_digest(&index, &file, digest(2), minute(2)).await.unwrap();
        let expected = Contradiction::Digest { pinned: digest(1), got: Some(digest(2)), since: minute(0) };
        assert_eq!((observed.contradiction, observed.pinned_sha256), (Some(expected), Some(digest(1))));
    }
    assert_eq!((state.revocation_epoch().unwrap(), state.evidence().unwrap().len()), (1, 1));
    assert!(observe(&state, minute(3), &[(1, Some(2))]).await[0].contradiction.is_some());
    assert_eq!(state.revocation_epoch().unwrap(), 1, "the page says what was found already");
}

#[tokio::test]
async fn nothing_is_recorded_for_a_file_that_no_page_has_listed() {
    let state = State::in_memory();
    observe(&state, minute(0), &[(1, None)]).await;
    let (index, name) = (party("index"), wheel("a", 2));
    let unknown = StateError::UnknownFile { source_name: index.clone(), name: name.clone() };
    assert_eq!(state.record_digest(&index, &name, digest(1), minute(0)).await, Err(unknown.clone()));
    let dates = vec![(wheel("a", 1), None, Some(minute(0))), (name, None, None)];
    assert_eq!(state.record_last_modified(&index, dates).await, Err(unknown));
    let observed = observe(&state, minute(1), &[(1, None)]).await;
    assert_eq!(observed[0].pin.last_modified, LastModified::NotAsked, "all of it or nothing");
}

#[tokio::test]
async fn last_modified_is_recorded_once_for_the_pinned_bytes() {
    let state = State::in_memory();
    let index = party("index");
    observe(&state, minute(0), &[(1, Some(1)), (2, None)]).await;
    let ask = async |file: u32, sha256: Option<u64>, date: Option<Timestamp>| {
        state.record_last_modified(&index, vec![(wheel("a", file), sha256.map(digest), date)]).await.unwrap();
        let observed = observe(&state, minute(1), &[(1, Some(1)), (2, None)]).await;
        observed[file as usize - 1].pin.last_modified
    };
    assert_eq!(ask(1, Some(9), Some(minute(-9))).await, LastModified::NotAsked, "other bytes");
    assert_eq!(ask(1, Some(1), Some(minute(-5))).await, LastModified::At(minute(-5)));
    assert_eq!(ask(1, Some(1), Some(minute(-50))).await, LastModified::At(minute(-5)));
    assert_eq!(ask(1, None, None).await, LastModified::At(minute(-5)));
    assert_eq!(ask(2, None, None).await, LastModified::Unknown);
    assert_eq!(ask(2, None, Some(minute(-50))).await, LastModified::Unknown);
}

#[tokio::test]
async fn a_clock_that_goes_back_makes_no_file_older() {
    let state = State::in_memory();
    observe(&state, minute(100), &[(1, Some(1)), (2, Some(2))]).await;
    let observed = observe(&state, minute(0), &[(1, Some(1)), (3, Some(3))]).await;
    assert_eq!(observed[0].pin.first_seen, minute(100));
    assert_eq!((observed[1].pin.first_seen, observed[1].pin.absent_until), (minute(100), Some(minute(100))));
    let remembered = state.remembered_page(&party("index"), &project("a")).unwrap().unwrap();
    assert_eq!(remembered.time, minute(100));
    let names: Vec<_> = remembered.files.into_iter().map(|file| file.name).collect();
    assert_eq!(names, [wheel("a", 1), wheel("a", 2), wheel("a", 3)], "an older page takes no file away");
    let later = observe(&state, minute(200), &[(4, Some(4))]).await;
    assert_eq!(later[0].pin.absent_until, Some(minute(100)));
}

#[tokio::test]
async fn the_remembered_page_is_the_last_one() {
    let state = State::in_memory();
    let (index, a) = (party("index"), project("a"));
    assert_eq!(state.remembered_page(&index, &a), Ok(None));
    observe(&state, minute(0), &[(1, Some(1)), (2, None)]).await;
    let mut moved = page(minute(1), &[(2, Some(2)), (3, Some(3))]);
    moved.files[0].url = "https://moved.example/a".parse().unwrap();
    state.observe_page(moved).await.unwrap();
    let names = || -> Vec<_> {
        let page = state.remembered_page(&index, &a).unwrap().unwrap();
        page.files.into_iter().map(|file| (file.name, file.url.host_str().unwrap().to_owned(), file.sha256)).collect()
    };
    let two = (wheel("a", 2), "moved.example".to_owned(), Some(digest(2)));
    let three = (wheel("a", 3), "files.example".to_owned(), Some(digest(3)));
    assert_eq!(names(), [two, three]);
    let back = observe(&state, minute(2), &[(1, Some(7))]).await;
    assert!(back[0].contradiction.is_some(), "a file that comes back is bound to its first digest");
    assert_eq!(back[0].pin.first_seen, minute(0));
    assert_eq!(names(), [(wheel("a", 1), "files.example".to_owned(), Some(digest(1)))]);
}

#[tokio::test]
async fn a_page_with_a_file_of_another_project_is_not_recorded() {
    let state = State::in_memory();
    let mut wrong = page(minute(0), &[(1, Some(1))]);
    wrong.files.push(seen(&wheel("b", 1), None));
    let error = StateError::OtherProject { project: project("a"), name: wheel("b", 1) };
    assert_eq!(state.observe_page(wrong).await, Err(error));
    assert_eq!(state.remembered_page(&party("index"), &project("a")), Ok(None));
}

#[tokio::test]
async fn evidence_does_not_fill_the_disk_and_further_contradictions_are_still_told() {
    let state = State::in_memory();
    observe(&state, minute(0), &[(1, Some(0))]).await;
    let most = crate::limits::EVIDENCE_PER_PROJECT;
    for number in 1..=u64::from(most) + 3 {
        assert!(observe(&state, minute(1), &[(1, Some(number))]).await[0].contradiction.is_some());
    }
    assert_eq!(state.evidence().unwrap().len(), most as usize);
}

/// What one page says, and how many minutes after (or before) the one before it came.
fn any_page() -> impl Strategy<Value = (i64, Vec<(u32, Option<u64>)>)> {
    let files = prop::collection::btree_map(1..6_u32, prop::option::of(1..4_u64), 0..5);
    (-30..120_i64, files).prop_map(|(step, files)| (step, files.into_iter().collect()))
}

proptest! {
    #[test]
    fn no_sequence_of_pages_changes_a_pin_or_makes_a_file_older(pages in prop::collection::vec(any_page(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let state = State::in_memory();
        let mut first = std::collections::HashMap::<FileName, Observed>::new();
        let (mut now, mut latest) = (minute(0), None);
        for (step, files) in pages {
            now += SignedDuration::from_mins(step);
            let observed = runtime.block_on(observe(&state, now, &files));
            for (observed, (_, said)) in observed.into_iter().zip(&files) {
                let before = first.get(&observed.name);
                let pinned = before.and_then(|before| before.pinned_sha256).or(said.map(digest));
                prop_assert_eq!(observed.pinned_sha256, pinned);
                let differs = said.is_some_and(|said| Some(digest(said)) != pinned);
                prop_assert_eq!(observed.contradiction.is_some(), differs);
                let late = |before: &Observed| before.pinned_sha256.is_none() && pinned.is_some() && before.pin.absent_until.is_some();
                if let Some(before) = before.filter(|before| late(before)) {
                    // The bytes are known from now on only: the file gets younger, and nothing else changes.
                    let pin = affineur_trust::Pin { first_seen: latest.map_or(now, |latest: jiff::Timestamp| latest.max(now)), absent_until: latest, ..before.pin.clone() };
                    prop_assert_eq!(&observed.pin, &pin);
                    prop_assert!(before.pin.first_seen <= observed.pin.first_seen);
                } else if let Some(before) = before {
                    prop_assert_eq!(&observed.pin, &before.pin);
                } else {
                    prop_assert!(observed.pin.first_seen >= now);
                    prop_assert_eq!(observed.pin.absent_until, latest);
                    prop_assert!(latest.is_none_or(|latest| latest <= observed.pin.first_seen));
                }
                first.insert(observed.name.clone(), observed);
            }
            latest = latest.max(Some(now));
        }
    }
}
