use std::fs::{self, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;
use crate::state::Saved;
use crate::state::exact::ExactTimes;
use crate::state::text::{parse, print};
use crate::state::text_file::{Disk, TextFile};
use crate::state::writer::Desk;

const HEADER: &str = r#"{"affineur-state":1}"#;
const EPOCH: &str = r#"{"revocation-epoch":0}"#;
const PAGE: &str = r#"{"page":{"source":"index","project":"a","time":"2023-11-14T22:13:20Z"}}"#;
const FILE: &str = r#"{"file":{"source":"index","project":"a","name":"a-1-py3-none-any.whl","url":"https://files.example/a","first-seen":"2023-11-14T22:13:20Z"}}"#;

fn lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

fn in_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("affineur-state.jsonl");
    (folder, file)
}

#[tokio::test]
async fn the_text_form_looks_like_this() {
    let (_folder, file) = in_folder();
    let state = State::open_file(&file).unwrap();
    everything(&state).await;
    assert_eq!(state.save().await, Ok(Saved::Written));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.bytes().all(|byte| byte == b'\n' || (b' '..0x7f).contains(&byte)), "harmless in a terminal");
    assert!(!text.contains("secret"));
    insta::assert_snapshot!(text.replace(&"x".repeat(1_000), "x"));
}

#[tokio::test]
async fn a_state_read_from_its_text_is_the_same_state() {
    let (_folder, file) = in_folder();
    let written = State::open_file(&file).unwrap();
    everything(&written).await;
    written.save().await.unwrap();
    let read = State::open_file(&file).unwrap();
    assert_eq!(read.evidence(), written.evidence());
    assert_eq!(read.revocation_epoch(), written.revocation_epoch());
    let files = [(1, Some(1)), (2, Some(7)), (3, Some(3)), (4, Some(8)), (5, None), (6, Some(6))];
    assert_eq!(observe(&read, minute(20), &files).await, observe(&written, minute(20), &files).await);
    assert_eq!(read.save().await, Ok(Saved::Written));
}

#[tokio::test]
async fn a_run_that_learned_nothing_leaves_the_file_as_it_is() {
    let (_folder, file) = in_folder();
    let state = State::open_file(&file).unwrap();
    assert_eq!(state.save().await, Ok(Saved::Unchanged));
    assert!(!file.exists());
    observe(&state, minute(0), &[(1, Some(1))]).await;
    assert_eq!(state.save().await, Ok(Saved::Written));
    assert_eq!(state.save().await, Ok(Saved::Unchanged));
    let text = fs::read(&file).unwrap();
    let state = State::open_file(&file).unwrap();
    observe(&state, minute(60), &[(1, Some(1))]).await;
    assert_eq!(state.save().await, Ok(Saved::Unchanged));
    drop(state);
    assert_eq!(fs::read(&file).unwrap(), text);
    let state = State::open_file(&file).unwrap();
    observe(&state, minute(60 * 24), &[(1, Some(1))]).await;
    assert_eq!(state.save().await, Ok(Saved::Written), "a page time lags behind by a day at most");
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_is_not_overwritten() {
    let (_folder, file) = in_folder();
    let (one, two) = (State::open_file(&file).unwrap(), State::open_file(&file).unwrap());
    observe(&one, minute(0), &[(1, Some(1))]).await;
    observe(&two, minute(0), &[(1, Some(2))]).await;
    assert_eq!(one.save().await, Ok(Saved::Written));
    let text = fs::read(&file).unwrap();
    let error = two.save().await.unwrap_err();
    assert_eq!((&error, error.class()), (&StateError::ChangedMeanwhile { file: file.clone() }, StateClass::Undecided));
    assert_eq!(fs::read(&file).unwrap(), text);
    fs::remove_file(&file).unwrap();
    observe(&one, minute(1), &[(1, Some(2))]).await;
    assert!(one.save().await.is_err());
    assert!(!file.exists());
}

#[tokio::test]
async fn a_policy_is_not_trusted_by_a_file_that_travels() {
    let (_folder, file) = in_folder();
    let state = State::open_file(&file).unwrap();
    let refused = state.trust_policy(digest(1), Path::new("affineur.toml")).await;
    assert_eq!(refused, Err(StateError::NotHere { file }));
    assert_eq!(state.policy_trusted(digest(1)), Ok(false));
}

#[test]
fn a_text_that_affineur_would_not_have_written_is_refused_with_its_line() {
    let order = [HEADER, FILE, PAGE, EPOCH];
    let with = |line: &str| lines(&[HEADER, line, PAGE, EPOCH]);
    let cases = [
        ("nothing", String::new(), 1),
        ("no header", lines(&order[1..]), 1),
        ("older version", lines(&[r#"{"affineur-state":0}"#, EPOCH]), 1),
        ("spaces in the header", lines(&[r#"{"affineur-state": 1}"#, EPOCH]), 1),
        ("header twice", lines(&[HEADER, HEADER, EPOCH]), 2),
        ("no end of line", lines(&order).trim_end().to_owned(), 4),
        ("an empty line", lines(&[HEADER, FILE, "", PAGE, EPOCH]), 3),
        ("an empty line at the end", lines(&[HEADER, FILE, PAGE, EPOCH, ""]), 5),
        ("carriage returns", lines(&order).replace('\n', "\r\n"), 1),
        ("not in order", lines(&[HEADER, PAGE, FILE, EPOCH]), 3),
        ("a line twice", lines(&[HEADER, FILE, FILE, PAGE, EPOCH]), 3),
        ("a file twice", lines(&[HEADER, FILE, &FILE.replace("files.example/a", "files.example/b"), PAGE, EPOCH]), 3),
        ("a page twice", lines(&[HEADER, FILE, PAGE, &PAGE.replace("22:13", "22:14"), EPOCH]), 4),
        ("two epochs", lines(&[HEADER, EPOCH, r#"{"revocation-epoch":1}"#]), 2),
        ("no epoch", lines(&[HEADER, FILE, PAGE]), 4),
        ("an epoch too large", lines(&[HEADER, r#"{"revocation-epoch":9223372036854775808}"#]), 2),
        ("no page", lines(&[HEADER, FILE, EPOCH]), 2),
        ("not JSON", with("x"), 2),
        ("half a line", with(&FILE[..60]), 2),
        ("spaces", with(&FILE.replace(':', ": ")), 2),
        ("another order of keys", with(r#"{"host":{"source":"index","host":"h.example"}}"#), 2),
        ("a key that is not known", with(&FILE.replace("}}", r#","x":1}}"#)), 2),
        ("a key twice", with(&FILE.replace("}}", r#","project":"a"}}"#)), 2),
        ("a record that is not known", with(r#"{"fact":1}"#), 2),
        ("a name that is not normal", with(&FILE.replace(r#""a""#, r#""A""#)), 2),
        ("a file of another project", with(&FILE.replace("a-1", "b-1")), 2),
        ("a name that leaves the folder", with(&FILE.replace("a-1", "../a-1")), 2),
        ("no name of a source", with(&FILE.replace(r#""index""#, r#""in dex""#)), 2),
        ("a digest in capitals", with(&FILE.replace(r#","url""#, &format!(r#","sha256":"{}","url""#, "A".repeat(64)))), 2),
        ("a URL that is not normal", with(&FILE.replace("files.example/a", "FILES.example/a")), 2),
        ("a size below zero", with(&FILE.replace(r#","url""#, r#","size":-1,"url""#)), 2),
        ("a time in another zone", with(&FILE.replace("20Z", "20+00:00")), 2),
        ("a time too exact", with(&FILE.replace("20Z", "20.123456789Z")), 2),
        ("first seen after the last page", with(&FILE.replace("22:13", "22:14")), 2),
        ("absent after first seen", with(&FILE.replace("}}", r#","absent-until":"2024-01-01T00:00:00Z"}}"#)), 2),
        ("listed, said", with(&FILE.replace("}}", r#","unlisted":false}}"#)), 2),
        ("no digest, said", with(&FILE.replace(r#","url""#, r#","sha256":null,"url""#)), 2),
        ("a host that is none", with(r#"{"host":{"host":"H.example","source":"index"}}"#), 2),
        ("evidence without a side", with(&evidence("{}")), 2),
        ("evidence with a side twice", with(&evidence(r#"{"text":"eA==","base64":"eA=="}"#)), 2),
        ("text as base64", with(&evidence(r#"{"base64":"eA=="}"#)), 2),
        ("base64 with spaces", with(&evidence(r#"{"base64":" /w=="}"#)), 2),
        ("characters for a terminal", with(&evidence("{\"text\":\"\u{9b}\"}")), 2),
        ("cut to more", with(&evidence(r#"{"text":"xx","cut-from":1}"#)), 2),
        ("cut to the same", with(&evidence(r#"{"text":"x","cut-from":1}"#)), 2),
    ];
    let (_folder, file) = in_folder();
    for (name, text, line) in cases {
        fs::write(&file, &text).unwrap();
        let error = State::open_file(&file).unwrap_err();
        assert!(matches!(error, StateError::Line { line: found, .. } if found == line), "{name}: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    for text in [lines(&order), with(&evidence(r#"{"text":"x"}"#)), with(&evidence(r#"{"base64":"/w==","cut-from":9}"#))] {
        fs::write(&file, &text).unwrap();
        State::open_file(&file).unwrap();
    }
}

fn evidence(left: &str) -> String {
    let id = "0".repeat(64);
    format!(
        r#"{{"evidence":{{"source":"index","project":"a","time":"2023-11-14T22:13:20Z","id":"{id}","contradiction":"vanished","left":{left},"right":{{"text":""}}}}}}"#
    )
}

#[test]
fn the_example_in_the_documentation_can_be_read() {
    let page = include_str!("../../../../../docs/formats/state.md");
    let example = page.split("```\n").nth(1).unwrap();
    let (_folder, file) = in_folder();
    fs::write(&file, example).unwrap();
    State::open_file(&file).unwrap();
}

#[test]
fn a_text_of_a_newer_version_or_not_in_utf_8_is_refused() {
    let (_folder, file) = in_folder();
    fs::write(&file, "{\"affineur-state\":2}\nwhatever\n").unwrap();
    assert_eq!(State::open_file(&file).unwrap_err(), StateError::Newer { file: file.clone(), found: 2, known: 1 });
    fs::write(&file, b"\xff\n").unwrap();
    assert!(matches!(State::open_file(&file), Err(StateError::Damaged { .. })));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(State::open_file(&file), Err(StateError::Unavailable { .. })));
}

/// A disk that fails once.
struct Broken {
    /// At which moment; each step has two, before and after it.
    moment: usize,
    passed: usize,
}

impl Broken {
    fn moment(&mut self) -> io::Result<()> {
        self.passed += 1;
        if self.passed == self.moment { Err(io::Error::other("broken")) } else { Ok(()) }
    }

    fn step<T>(&mut self, step: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.moment()?;
        let done = step()?;
        self.moment().map(|()| done)
    }
}

/// The disk of this machine, called past [`Broken`].
struct Real;

impl Disk for Real {}

impl Disk for Broken {
    fn create(&mut self, folder: &Path, permissions: Option<Permissions>) -> io::Result<NamedTempFile> {
        self.step(|| Real.create(folder, permissions))
    }

    fn write(&mut self, temporary: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(100).try_for_each(|chunk| self.step(|| Real.write(temporary, chunk)))
    }

    fn sync(&mut self, temporary: &NamedTempFile) -> io::Result<()> {
        self.step(|| Real.sync(temporary))
    }

    fn replace(&mut self, temporary: NamedTempFile, file: &Path) -> io::Result<()> {
        self.step(|| Real.replace(temporary, file))
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        self.step(|| Real.sync_folder(folder))
    }
}

#[tokio::test]
async fn a_save_that_fails_at_any_moment_leaves_the_old_or_the_new_file_and_can_be_repeated() {
    let (folder, file) = in_folder();
    let state = State::open_file(&file).unwrap();
    observe(&state, minute(0), &[(1, Some(1))]).await;
    state.save().await.unwrap();
    let old = fs::read(&file).unwrap();
    let later = minute(9).as_microsecond();
    let mut outcomes = Vec::new();
    for moment in 1.. {
        fs::write(&file, &old).unwrap();
        let (text, connection) = TextFile::open_on(Box::new(Broken { moment, passed: 0 }), &file).unwrap();
        connection.execute("UPDATE page SET time = ?1", [later]).unwrap();
        let exact = ExactTimes::new(std::time::Duration::ZERO);
        let mut desk = Desk { connection, exact, file: file.clone(), text: Some(text) };
        let failed = desk.save().is_err();
        let now = fs::read(&file).unwrap();
        let is_new = now != old;
        if is_new {
            let page = State::open_file(&file).unwrap().remembered_page(&party("index"), &project("a"));
            assert_eq!(page.unwrap().unwrap().time, minute(9), "the whole new file");
        }
        let others = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(others, 1, "nothing is left beside it");
        outcomes.push((failed, is_new));
        if !failed {
            break;
        }
        // The disk works again: what failed has not lost anything.
        assert_eq!(desk.save(), Ok(Saved::Written), "moment {moment}");
        assert_ne!(fs::read(&file).unwrap(), old);
    }
    outcomes.dedup();
    assert_eq!(outcomes, [(true, false), (true, true), (false, true)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_saved_file_keeps_its_permissions_and_the_links_that_lead_to_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, file) = in_folder();
    let link = folder.path().join("link");
    fs::write(&file, lines(&[HEADER, EPOCH])).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let state = State::open_file(&link).unwrap();
    observe(&state, minute(0), &[(1, Some(1))]).await;
    assert_eq!(state.save().await, Ok(Saved::Written));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    assert!(fs::read_to_string(&file).unwrap().contains("a-1-py3"));
}

/// Something that a run does.
#[derive(Debug, Clone)]
enum Act {
    Page(PageSeen),
    Digest(u32, u64),
    Date(u32, Option<i64>),
    Hostile(u32, Option<u64>, Contradiction),
    Bind(u8),
    Evidence(Option<u32>, Vec<u8>),
}

fn any_act() -> impl Strategy<Value = Act> {
    let file =
        (1..6_u32, prop::option::of(1..4_u64), "[a-z]{1,3}", prop::option::of(any::<u64>()), prop::option::of(-9..9_i64));
    let page = (-9..90_i64, 0..3_u8, prop::collection::vec(file, 0..4)).prop_map(|(now, source, files)| {
        let files = files.into_iter().map(|(version, sha256, host, size, uploaded)| SeenFile {
            url: format!("https://u:p@{host}.example/{version}?{host}").parse().unwrap(),
            size,
            upload_time: uploaded.map(minute),
            ..seen(&wheel("a", version), sha256)
        });
        PageSeen { source: party(&format!("s{source}")), files: files.collect(), ..page(minute(now), &[]) }
    });
    let what = prop_oneof![
        Just(Contradiction::Metadata),
        Just(Contradiction::ListedTwice),
        (1..3_u64).prop_map(|got| Contradiction::Bytes { expected: digest(9), got: digest(got) }),
        (1..3_u64).prop_map(|got| Contradiction::Digest { pinned: digest(got), got: None, since: minute(0) }),
    ];
    prop_oneof![
        4 => page.prop_map(Act::Page),
        1 => (1..6_u32, 1..4_u64).prop_map(|(file, digest)| Act::Digest(file, digest)),
        1 => (1..6_u32, prop::option::of(-9..9_i64)).prop_map(|(file, date)| Act::Date(file, date)),
        1 => (1..6_u32, prop::option::of(1..4_u64), what).prop_map(|(file, digest, what)| Act::Hostile(file, digest, what)),
        1 => (0..3_u8).prop_map(Act::Bind),
        1 => (prop::option::of(1..6_u32), prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(file, side)| Act::Evidence(file, side)),
    ]
}

async fn act(state: &State, act: Act) {
    let source = party("s0");
    match act {
        Act::Page(page) => drop(state.observe_page(page).await.unwrap()),
        // No page may have listed the file.
        Act::Digest(file, sha256) => drop(state.record_digest(&source, &wheel("a", file), digest(sha256), minute(3)).await),
        Act::Date(file, date) => {
            drop(state.record_last_modified(&source, vec![(wheel("a", file), None, date.map(minute))]).await);
        }
        Act::Hostile(file, sha256, what) => {
            state.mark_hostile(&source, &wheel("a", file), sha256.map(digest), &what).await.unwrap();
        }
        Act::Bind(number) => {
            let name = party(&format!("s{number}"));
            state.move_project(&project(&format!("p{number}")), &name).await.unwrap();
            state.learn_source(&name, &format!("https://s{number}.example/").parse().unwrap()).await.unwrap();
        }
        Act::Evidence(file, side) => {
            let (file, side) = (file.map(|file| wheel("a", file)), Bytes::from(side));
            let (project, contradiction) = (project("a"), Contradiction::Vanished);
            let evidence = Evidence { time: minute(1), source, project, file, contradiction, left: side.clone(), right: side };
            state.keep_evidence(evidence).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))] // each case waits for the disk

    #[test]
    fn reading_what_was_written_and_writing_it_again_gives_the_same_bytes(acts in prop::collection::vec(any_act(), 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (folder, one) = in_folder();
        let state = State::open_file(&one).unwrap();
        runtime.block_on(async {
            observe(&state, minute(0), &[]).await;
            for next in acts {
                act(&state, next).await;
            }
            state.save().await.unwrap();
        });
        let (text, connection) = TextFile::open(&one).unwrap();
        let two = folder.path().join("two");
        let exact = ExactTimes::new(std::time::Duration::ZERO);
        Desk { connection, exact, file: two.clone(), text: Some(text.moved_to(two.clone())) }.save().unwrap();
        prop_assert_eq!(fs::read_to_string(one).unwrap(), fs::read_to_string(two).unwrap());
    }
    #[test]
    fn a_damaged_text_is_refused_or_is_the_text_of_another_state(at in any::<prop::sample::Index>(), with in "[ -~\n]{0,3}") {
        let side = evidence(r#"{"text":"x","cut-from":9}"#);
        let hostile = r#"{"hostile":{"source":"index","project":"a","file":"a-1.tar.gz","contradiction":"metadata"}}"#;
        let mut text = lines(&[HEADER, &side, FILE, hostile, PAGE, EPOCH]);
        let at = at.index(text.len());
        text.replace_range(at..=at, &with);
        if let Ok(records) = parse(&text) {
            let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
            prop_assert_eq!(print(&records).unwrap(), text);
        }
    }
}
