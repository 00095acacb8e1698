//! Two processes, one copy.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{LIMIT, kept, new_copy, seal};
use crate::local::{LocalCopy, LocalError, TopRole};

/// Where the child processes find the copy.
const FOLDER: &str = "AFFINEUR_TEST_LOCAL_COPY";
const TURNS: u32 = 40;
const LONG: Duration = Duration::from_secs(60);

fn child(test: &str, folder: &std::path::Path) -> Child {
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &test]).env(FOLDER, folder).stdout(Stdio::null());
    command.spawn().unwrap()
}

/// `None` in the parent, where the children's parts have nothing to do.
fn copy_of_child() -> Option<LocalCopy> {
    Some(LocalCopy::open(std::path::Path::new(&std::env::var_os(FOLDER)?)).unwrap())
}

fn number(bytes: &[u8]) -> u32 {
    std::str::from_utf8(bytes).unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn child_that_writes() {
    let Some(copy) = copy_of_child() else { return };
    for _ in 0..TURNS {
        let locked = copy.lock(LONG).unwrap();
        let turn = number(&copy.root(LIMIT).unwrap());
        if turn > 1 {
            let last = format!("timestamp {turn}");
            assert_eq!(copy.top(TopRole::Timestamp, LIMIT), kept(last.as_bytes()), "the other one's last write, whole");
        }
        let next = format!("timestamp {}", turn + 1);
        locked.write_top(TopRole::Timestamp, next.as_bytes(), &seal(next.as_bytes())).unwrap();
        locked.write_root(format!("root {}", turn + 1).as_bytes()).unwrap();
        // Without lock it is allowed as well.
        drop(locked);
        let delegated = format!("delegated {turn}").repeat(1000);
        copy.write_delegated("shared", delegated.as_bytes(), &seal(delegated.as_bytes())).unwrap();
    }
}

#[test]
fn child_that_dies_with_the_lock() {
    let Some(copy) = copy_of_child() else { return };
    let _locked = copy.lock(LONG).unwrap();
    std::process::abort();
}

#[test]
fn two_processes_write_in_turn() {
    let (_parent, copy) = new_copy();
    let children = [(); 2].map(|()| child("child_that_writes", copy.folder()));
    for mut child in children {
        while child.try_wait().unwrap().is_none() {
            // What a reader without lock sees is whole.
            number(&copy.root(LIMIT).unwrap());
            if let Some(found) = copy.delegated("shared", LIMIT) {
                assert_eq!(found.bytes.len() % 1000, 0, "never a torn file");
                assert!(found.seal.is_none_or(|found_seal| found_seal == seal(&found.bytes)));
            }
        }
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(number(&copy.root(LIMIT).unwrap()), 1 + 2 * TURNS, "no write was lost");
}

#[test]
fn a_dead_process_holds_no_lock() {
    let (_parent, copy) = new_copy();
    assert!(!child("child_that_dies_with_the_lock", copy.folder()).wait().unwrap().success());
    copy.lock(Duration::ZERO).unwrap();
}

#[test]
fn a_held_lock_is_waited_for_within_bounds() {
    let (_parent, copy) = new_copy();
    let other = LocalCopy::open(copy.folder()).unwrap();
    let held = copy.lock(Duration::ZERO).unwrap();
    let wait = Duration::from_millis(25);
    let began = Instant::now();
    assert_eq!(other.lock(wait).unwrap_err(), LocalError::Busy { folder: copy.folder().to_owned(), waited: wait });
    assert!(began.elapsed() >= wait);
    assert!(matches!(copy.lock(Duration::ZERO), Err(LocalError::Busy { .. })), "not twice in one process either");
    drop(held);
    other.lock(Duration::ZERO).unwrap();
}

#[test]
fn initialising_at_once_gives_one_root() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("copy");
    let roots: Vec<String> = (0..8).map(|number| format!("root {number}")).collect();
    let begin = |root: &String| LocalCopy::initialise(&folder, root.as_bytes()).is_ok();
    let winners: Vec<&String> = std::thread::scope(|scope| {
        let threads: Vec<_> = roots.iter().map(|root| (root, scope.spawn(move || begin(root)))).collect();
        threads.into_iter().filter_map(|(root, thread)| thread.join().unwrap().then_some(root)).collect()
    });
    assert_eq!(winners.len(), 1);
    assert_eq!(LocalCopy::open(&folder).unwrap().root(LIMIT).unwrap(), winners[0].as_bytes());
}
