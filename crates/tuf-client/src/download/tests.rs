//! Downloads onto a real disk: the whole under its name, or nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use affineur_tuf::{Fault, Hashes, Mismatch, TargetFile, View};
use bytes::Bytes;

use super::{DownloadError, Downloaded};
use crate::client::Client;
use crate::local::LocalCopy;
use crate::testing::{MemoryTransport, broken_off, now, path, published, repository};
use crate::transport::FetchError;

const TARGET: &str = "a/cheese.whl";
const GOOD: &[u8] = b"a wheel of brie";
/// Where a child process of a test works.
const FOLDER: &str = "AFFINEUR_TEST_DOWNLOAD";

struct World {
    folder: tempfile::TempDir,
    client: Client<MemoryTransport>,
    view: View,
}

impl World {
    async fn new() -> Self {
        let files = published(&mut repository());
        let folder = tempfile::tempdir().unwrap();
        let copy = LocalCopy::initialise(&folder.path().join("copy"), &files["1.root.json"]).unwrap();
        let client = Client::new(copy, MemoryTransport::of(&files));
        let view = client.refresh(now()).await.unwrap();
        client.transport().asked();
        Self { folder, client, view }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("downloads/deep/cheese.whl")
    }

    fn serve(&self, target: &TargetFile, parts: impl IntoIterator<Item = Result<Bytes, FetchError>>) {
        let place = self.view.live(now()).unwrap().target_path(&path(TARGET), target);
        self.client.transport().serve_target(&place, parts);
    }

    async fn download(&self, target: &TargetFile) -> Result<Downloaded, DownloadError> {
        self.client.download(&self.view, &path(TARGET), target, &self.file(), now()).await
    }

    /// The names beside the file; none if the folder is not there.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.file().parent().unwrap()) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn parts(bytes: &[u8]) -> Vec<Result<Bytes, FetchError>> {
    bytes.chunks(4).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()
}

#[tokio::test]
async fn a_whole_file_gets_its_name_and_is_not_fetched_again() {
    let (world, target) = (World::new().await, TargetFile::of(GOOD));
    world.serve(&target, parts(GOOD));
    assert_eq!(world.download(&target).await.unwrap(), Downloaded::Fetched);
    assert_eq!(fs::read(world.file()).unwrap(), GOOD);
    assert_eq!(world.names(), ["cheese.whl"]);
    assert_eq!(world.client.transport().asked().len(), 1);
    assert_eq!(world.download(&target).await.unwrap(), Downloaded::AlreadyThere);
    assert_eq!(world.client.transport().asked(), [""; 0]);
}

#[tokio::test]
async fn an_empty_target_is_a_file_too() {
    let (world, target) = (World::new().await, TargetFile::of(b""));
    world.serve(&target, []);
    assert_eq!(world.download(&target).await.unwrap(), Downloaded::Fetched);
    assert_eq!(fs::read(world.file()).unwrap(), b"");
}

#[tokio::test]
async fn what_is_not_the_file_leaves_nothing_and_replaces_nothing() {
    let broken = || parts(&GOOD[..8]).into_iter().chain([Err(broken_off("a"))]).collect();
    let answers: [(&str, Vec<_>, bool); 5] = [
        ("another digest", parts(b"a wheel of brio"), true),
        ("too long", parts(b"a wheel of brie and more"), true),
        ("too short", parts(&GOOD[..8]), true),
        ("nothing", Vec::new(), true),
        ("broken off", broken(), false),
    ];
    for (name, answer, hostile) in answers {
        for old in [None, Some(&b"another wheel"[..])] {
            let (world, target) = (World::new().await, TargetFile::of(GOOD));
            if let Some(old) = old {
                fs::create_dir_all(world.file().parent().unwrap()).unwrap();
                fs::write(world.file(), old).unwrap();
            }
            world.serve(&target, answer.clone());
            let error = world.download(&target).await.unwrap_err();
            assert_eq!(error.is_hostile(), hostile, "{name}: {error}");
            assert_eq!(fs::read(world.file()).ok().as_deref(), old, "{name}");
            assert_eq!(world.names().len(), usize::from(old.is_some()), "{name}: {:?}", world.names());
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_left_at_the_first_byte_too_many() {
    let (world, target) = (World::new().await, TargetFile::of(GOOD));
    world.client.transport().never_end();
    world.serve(&target, parts(GOOD));
    let error = world.download(&target).await.unwrap_err();
    let DownloadError::Mismatch { mismatch: Mismatch::Length { expected, found, more: true }, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((expected, found), (15, 19), "the chunk with the first byte too many");
    assert_eq!(world.names(), [""; 0]);
}

#[tokio::test]
async fn a_bad_file_of_the_right_length_is_replaced_by_the_whole() {
    let (world, target) = (World::new().await, TargetFile::of(GOOD));
    fs::create_dir_all(world.file().parent().unwrap()).unwrap();
    for bad in [&b"a wheel of brio"[..], b"", b"a wheel of brie and more"] {
        fs::write(world.file(), bad).unwrap();
        world.serve(&target, parts(GOOD));
        assert_eq!(world.download(&target).await.unwrap(), Downloaded::Fetched);
        assert_eq!(fs::read(world.file()).unwrap(), GOOD);
    }
}

#[tokio::test]
async fn a_target_without_a_digest_that_can_be_checked_is_not_even_asked_for() {
    let (world, target) = (World::new().await, TargetFile::new(15, Hashes::default().with("md5", "00")));
    let error = world.download(&target).await.unwrap_err();
    assert!(matches!(error, DownloadError::Mismatch { mismatch: Mismatch::NoKnownAlgorithm, .. }), "{error}");
    assert_eq!(world.client.transport().asked(), [""; 0]);
}

#[tokio::test]
async fn an_expired_view_vouches_for_no_file_not_even_for_one_that_is_there() {
    let (world, target) = (World::new().await, TargetFile::of(GOOD));
    world.serve(&target, parts(GOOD));
    world.download(&target).await.unwrap();
    let later = "2031-01-01T00:00:00Z".parse().unwrap();
    let error = world.client.download(&world.view, &path(TARGET), &target, &world.file(), later).await.unwrap_err();
    let DownloadError::Metadata(error) = error else { panic!("{error}") };
    assert!(matches!(error.fault, Fault::Expired { .. }));
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_an_error_and_stays() {
    let (world, target) = (World::new().await, TargetFile::of(GOOD));
    fs::create_dir_all(world.file()).unwrap();
    world.serve(&target, parts(GOOD));
    let error = world.download(&target).await.unwrap_err();
    assert!(matches!(&error, DownloadError::Write { file, .. } if *file == world.file()), "{error}");
    assert_eq!(world.names(), ["cheese.whl"]);
    assert!(world.file().is_dir());
}

#[cfg(unix)]
#[tokio::test]
async fn a_downloaded_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, target) = (World::new().await, TargetFile::of(GOOD));
    world.serve(&target, parts(GOOD));
    world.download(&target).await.unwrap();
    let any = world.folder.path().join("any");
    fs::write(&any, "").unwrap();
    let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode(&world.file()), mode(&any));
}

/// The part of [`a_full_disk_leaves_nothing`] in which files cannot grow.
#[tokio::test]
async fn child_whose_files_may_not_grow() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let large = vec![7; 100_000];
    let (world, target) = (World::new().await, TargetFile::of(&large));
    let file = Path::new(&folder).join("cheese.whl");
    // In one part, which is the last one, and in many.
    for size in [large.len(), 1000] {
        let parts: Vec<_> = large.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        world.serve(&target, parts);
        let error = world.client.download(&world.view, &path(TARGET), &target, &file, now()).await.unwrap_err();
        assert!(matches!(error, DownloadError::Write { .. }), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let test = format!("{}::child_whose_files_may_not_grow", module_path!().split_once("::").unwrap().1);
    // As a full disk: what goes beyond some ten thousand bytes is an error of the write.
    let limited = "trap '' XFSZ && ulimit -f 20 && exec \"$0\" \"$@\"";
    let mut child = Command::new("sh");
    child.args(["-c", limited]).arg(std::env::current_exe().unwrap()).args(["--exact", &test]);
    assert!(child.env(FOLDER, folder.path()).stdout(Stdio::null()).status().unwrap().success());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
