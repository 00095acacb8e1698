use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::*;

fn break_into(folder: &Path, sql: &str) {
    Connection::open(folder.join("state.db")).unwrap().execute_batch(sql).unwrap();
}

/// A folder with a state in which something was observed.
async fn used_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    everything(&State::open(folder.path()).unwrap()).await;
    folder
}

#[tokio::test]
async fn what_was_recorded_is_there_after_opening_again() {
    let folder = used_folder().await;
    let (folder_state, memory) = (State::open(folder.path()).unwrap(), State::in_memory());
    everything(&memory).await;
    assert_eq!(folder_state.evidence(), memory.evidence());
    assert_eq!(folder_state.revocation_epoch(), memory.revocation_epoch());
    assert_eq!(folder_state.learned_sources(), memory.learned_sources());
    for (source, name) in [("index", "a"), ("other", "b")] {
        let page = folder_state.remembered_page(&party(source), &project(name)).unwrap();
        assert!(page.is_some());
        assert_eq!(Ok(page), memory.remembered_page(&party(source), &project(name)));
    }
    let files = [(1, Some(1)), (2, None), (3, Some(3)), (5, Some(5))];
    assert_eq!(observe(&folder_state, minute(9), &files).await, observe(&memory, minute(9), &files).await);
    assert!(folder_state.is_lasting() && !memory.is_lasting());
}

#[tokio::test]
async fn exact_page_times_are_written_when_the_state_is_saved_or_closed() {
    let folder = tempfile::tempdir().unwrap();
    let seconds = |seconds: i64| minute(0) + SignedDuration::from_secs(seconds);
    let recorded = || {
        let page = State::open(folder.path()).unwrap().remembered_page(&party("index"), &project("a"));
        page.unwrap().unwrap().time
    };
    let state = State::open(folder.path()).unwrap();
    observe(&state, seconds(0), &[(1, Some(1))]).await;
    observe(&state, seconds(59), &[(1, Some(1))]).await;
    assert_eq!(recorded(), seconds(0));
    state.save().await.unwrap();
    assert_eq!(recorded(), seconds(59));
    observe(&state, seconds(59 + 60), &[(1, Some(1))]).await;
    assert_eq!(recorded(), seconds(119), "no longer than the limit");
    observe(&state, seconds(130), &[(1, Some(1))]).await;
    drop(state);
    assert_eq!(recorded(), seconds(130));
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_and_the_file_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("one/two");
    let state = State::open(&folder).unwrap();
    observe(&state, minute(0), &[(1, Some(1))]).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.contains(&folder.join("state.db")));
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn the_state_of_a_newer_version_is_refused_and_left_alone() {
    let folder = used_folder().await;
    break_into(folder.path(), "PRAGMA user_version = 7");
    let error = State::open(folder.path()).unwrap_err();
    assert_eq!(error, StateError::Newer { file: folder.path().join("state.db"), found: 7, known: 2 });
    assert_eq!(error.class(), StateClass::Usage);
    break_into(folder.path(), "PRAGMA user_version = 1; DROP TABLE ballot; DROP TABLE heard");
    assert_eq!(State::open(folder.path()).unwrap().evidence().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_state_is_never_begun_anew() {
    let whole = fs::read(used_folder().await.path().join("state.db")).unwrap();
    let mut header = whole.clone();
    header[..16].fill(b'x');
    let other = {
        let folder = tempfile::tempdir().unwrap();
        break_into(folder.path(), "CREATE TABLE t (x)");
        fs::read(folder.path().join("state.db")).unwrap()
    };
    let cases = [("empty", Vec::new()), ("garbage", b"garbage".repeat(900)), ("header", header), ("other", other)];
    for (name, bytes) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        fs::write(&file, &bytes).unwrap();
        let error = State::open(folder.path()).unwrap_err();
        assert!(matches!(&error, StateError::Damaged { file: named, .. } if *named == file), "{name}: {error}");
        assert_eq!(error.class(), StateClass::Broken);
        assert!(error.hint().contains("pinned digest"));
        assert!(fs::read(&file).unwrap() == bytes, "{name}: the file was changed");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state.db-wal"), b"x").unwrap();
    assert!(matches!(State::open(folder.path()), Err(StateError::Damaged { .. })), "the database was taken away");
}

#[tokio::test]
async fn damage_that_shows_later_is_told_and_nothing_is_answered_from_it() {
    for (name, damage) in [
        ("a short digest", "UPDATE file SET sha256 = x'00'"),
        ("no file name", "UPDATE file SET name = '../' || name"),
        ("no URL", "UPDATE file SET url = 'files'"),
        ("a time out of range", "UPDATE file SET first_seen = 9223372036854775807"),
        ("no table", "DROP TABLE file"),
    ] {
        let folder = used_folder().await;
        break_into(folder.path(), damage);
        let state = State::open(folder.path()).unwrap();
        let error = state.remembered_page(&party("index"), &project("a")).unwrap_err();
        assert!(matches!(error, StateError::Damaged { .. }), "{name}: {error}");
    }
    let folder = used_folder().await;
    let file = folder.path().join("state.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[4_096..].fill(0);
    fs::write(&file, bytes).unwrap();
    let state = State::open(folder.path()).unwrap();
    let error = state.observe_page(page(minute(9), &[(1, Some(1))])).await.unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_nothing_is_half_recorded() {
    let state = State::in_memory();
    observe(&state, minute(0), &[(1, Some(1))]).await;
    let limit = |pages: i64| {
        state.write(move |desk| {
            desk.connection.pragma_update(None, "max_page_count", pages)?;
            Ok(())
        })
    };
    limit(30).await.unwrap();
    let many: Vec<_> = (1..3_000).map(|version| (version, Some(u64::from(version)))).collect();
    let error = state.observe_page(page(minute(1), &many)).await.unwrap_err();
    assert!(matches!(error, StateError::Unavailable { .. }), "{error}");
    assert_eq!(error.class(), StateClass::Undecided);
    let remembered = state.remembered_page(&party("index"), &project("a")).unwrap().unwrap();
    assert_eq!((remembered.time, remembered.files.len()), (minute(0), 1));
    limit(100_000).await.unwrap();
    assert_eq!(observe(&state, minute(2), &many).await.len(), many.len());
}

#[tokio::test]
async fn one_write_that_fails_does_not_undo_those_that_share_its_transaction() {
    let state = State::in_memory();
    let mut wrong = page(minute(0), &[(1, Some(1))]);
    wrong.files.push(seen(&wheel("b", 1), None));
    let pages = (0..20).map(|number| {
        let mut page = if number % 3 == 0 { wrong.clone() } else { page(minute(0), &[(1, Some(1))]) };
        page.source = party(&format!("index-{number}"));
        state.observe_page(page)
    });
    let answers = futures_util::future::join_all(pages).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_err(), number % 3 == 0, "{answer:?}");
        let page = state.remembered_page(&party(&format!("index-{number}")), &project("a")).unwrap();
        assert_eq!(page.is_some(), answer.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_use_one_state_and_open_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let users = (0..6).map(|user| {
        let path = path.clone();
        tokio::spawn(async move {
            let state = State::open(&path).unwrap();
            for number in 0..10 {
                let mut page = page(minute(0), &[(1, Some(1)), (2, Some(2))]);
                page.source = party(&format!("index-{user}-{number}"));
                state.observe_page(page).await.unwrap();
            }
            observe(&state, minute(0), &[(1, Some(user))]).await[0].contradiction.is_some()
        })
    });
    let contradicted = futures_util::future::join_all(users).await.into_iter().filter(|user| *user.as_ref().unwrap()).count();
    assert_eq!(contradicted, 5, "the first digest binds all processes");
    let state = State::open(&path).unwrap();
    for (user, number) in (0..6).flat_map(|user| (0..10).map(move |number| (user, number))) {
        let page = state.remembered_page(&party(&format!("index-{user}-{number}")), &project("a"));
        assert_eq!(page.unwrap().unwrap().files.len(), 2);
    }
    assert_eq!(state.evidence().unwrap().len(), 5);
    let left: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("state.db")), "{left:?}");
}

#[tokio::test]
async fn what_was_answered_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let settings = state.write(|desk| {
        let journal: String = desk.connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous: i64 = desk.connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        Ok((journal, synchronous))
    });
    assert_eq!(settings.await.unwrap(), ("wal".to_owned(), 2), "2 is FULL");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error_with_its_name() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = State::open(&file.join("state")).unwrap_err();
    assert!(matches!(&error, StateError::Unavailable { file: named, .. } if *named == file.join("state")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_knows_what_was_remembered_and_neither_hears_of_the_other_again() {
    let [folder, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (before, after) = (party("before"), party("after"));
    for original in [State::open(folder.path()).unwrap(), State::in_memory()] {
        let own = elsewhere.path().join(if original.is_lasting() { "folder" } else { "memory" });
        std::fs::create_dir(&own).unwrap();
        original.bind(&project("known"), &before).await.unwrap();
        let copy = original.copied_to(&own).unwrap();
        copy.bind(&project("tried"), &after).await.unwrap();
        original.bind(&project("later"), &after).await.unwrap();
        let bindings = |state: &State| ["known", "tried", "later"].map(|name| state.binding(&project(name)).unwrap());
        assert_eq!(bindings(&original), [Some(before.clone()), None, Some(after.clone())]);
        assert_eq!(bindings(&copy), [Some(before.clone()), Some(after.clone()), None]);
        assert!(original.copied_to(&own).is_err(), "a copy is never written over what is there");
    }
}
