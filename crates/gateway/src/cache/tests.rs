use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

use super::*;

fn cache(folder: &tempfile::TempDir, limit_bytes: u64) -> Cache {
    Cache::open(folder.path(), limit_bytes).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn add(cache: &Cache, scope: Scope, content: &[u8]) -> Sha256 {
    let mut partial = cache.begin().unwrap();
    partial.write(content).unwrap();
    partial.finish().unwrap().commit(scope).sha256()
}

fn content(file: &CachedFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.reader().read_to_end(&mut bytes).unwrap();
    bytes
}

fn path(folder: &tempfile::TempDir, scope: &str, sha256: &Sha256) -> PathBuf {
    let name = sha256.to_string();
    folder.path().join(scope).join(&name[..2]).join(name)
}

/// Returns when the file system's clock has moved on since the file was changed.
fn wait_for_tick(path: &Path) {
    let changed = |path: &Path| {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(path).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let before = changed(path);
    while changed(tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap().path()) <= before {}
}

/// Overwrites a file in place and sets its times back, as somebody with the owner's rights can.
fn tamper(path: &Path, content: &[u8]) {
    wait_for_tick(path);
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    fs::write(path, content).unwrap();
    File::options().write(true).open(path).unwrap().set_times(FileTimes::new().set_modified(modified)).unwrap();
}

fn partials(folder: &tempfile::TempDir) -> usize {
    fs::read_dir(folder.path().join(partial::FOLDER)).unwrap().count()
}

#[test]
fn what_was_committed_is_found_under_its_digest_by_this_and_the_next_process() {
    let folder = folder();
    let first = cache(&folder, 1000);
    let sha256 = add(&first, Scope::Public, b"wheel");
    assert_eq!(sha256.to_string(), "ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91", "sha256sum's");
    for cache in [first, cache(&folder, 1000)] {
        let found = cache.lookup(Scope::Public, &sha256).unwrap();
        assert_eq!((content(&found).as_slice(), found.size(), found.sha256()), (&b"wheel"[..], 5, sha256));
        assert_eq!(cache.size_bytes(), 5);
    }
    assert_eq!(partials(&folder), 0);
    let mode = fs::metadata(path(&folder, "public", &sha256)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
}

#[test]
fn a_file_fetched_with_a_credential_is_for_that_credential_only() {
    let folder = folder();
    let cache = cache(&folder, 10_000);
    let (mine, yours) = (Scope::Credential(Sha256::from_bytes([1; 32])), Scope::Credential(Sha256::from_bytes([2; 32])));
    let sha256 = add(&cache, mine, b"private");
    assert!(cache.lookup(mine, &sha256).is_some());
    assert!(cache.lookup(yours, &sha256).is_none());
    assert!(cache.lookup(Scope::Public, &sha256).is_none());
    let kept = KeptMetadata { bytes: "Name: a".into(), provenance: Provenance::FromWheel };
    cache.keep_metadata(mine, &sha256, &kept).unwrap();
    assert_eq!(cache.metadata(mine, &sha256), Some(kept));
    assert_eq!(cache.metadata(yours, &sha256), None);
    assert_eq!(cache.metadata(Scope::Public, &sha256), None);
}

#[test]
fn a_file_that_was_written_to_is_removed_and_never_served() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let sha256 = add(&cache, Scope::Public, b"honest");
    let path = path(&folder, "public", &sha256);
    assert!(cache.lookup(Scope::Public, &sha256).is_some(), "this process has verified it");
    tamper(&path, b"wicked");
    assert!(cache.lookup(Scope::Public, &sha256).is_none());
    assert!(!path.exists());
    assert_eq!(cache.size_bytes(), 0);
}

#[test]
fn a_file_that_lost_bytes_before_this_process_began_is_removed_and_never_served() {
    let (folder, sha256) = (folder(), |cache: &Cache| add(cache, Scope::Public, b"complete"));
    let sha256 = sha256(&cache(&folder, 1000));
    for damaged in [&b"comp\0\0\0\0"[..], b"compl", b""] {
        tamper(&path(&folder, "public", &sha256), damaged);
        let later = cache(&folder, 1000);
        assert!(later.lookup(Scope::Public, &sha256).is_none(), "{damaged:?}");
        assert_eq!(add(&later, Scope::Public, b"complete"), sha256);
    }
}

#[test]
fn what_is_no_plain_file_is_not_followed() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let sha256 = add(&cache, Scope::Public, b"target");
    let path = path(&folder, "public", &sha256);
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(cache.lookup(Scope::Public, &sha256).is_none(), "a link, even to the right bytes");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(cache.lookup(Scope::Public, &sha256).is_none(), "a folder");
}

#[test]
fn a_change_while_a_file_is_read_is_noticed_and_a_touch_is_not_taken_for_one() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let sha256 = add(&cache, Scope::Public, b"honest");
    let open = cache.lookup(Scope::Public, &sha256).unwrap();
    assert!(open.is_unchanged().unwrap());
    touch(&platform::open(&path(&folder, "public", &sha256)).unwrap()).unwrap();
    assert!(open.is_unchanged().unwrap(), "another process used the file");
    tamper(&path(&folder, "public", &sha256), b"wicked");
    assert!(!open.is_unchanged().unwrap());
}

#[test]
fn the_least_recently_used_files_make_room() {
    let folder = folder();
    let cache = cache(&folder, 100);
    let [a, b, c] = [b"a", b"b", b"c"].map(|letter| add(&cache, Scope::Public, &letter.repeat(40)));
    let here = |cache: &Cache| [a, b, c].map(|sha256| cache.lookup(Scope::Public, &sha256).is_some());
    assert_eq!(here(&cache), [false, true, true]);
    assert!(!path(&folder, "public", &a).exists());
    assert!(cache.lookup(Scope::Public, &b).is_some(), "b is the most recently used now");
    add(&cache, Scope::Public, &b"a".repeat(40));
    assert_eq!(here(&cache), [true, true, false]);
    assert_eq!(cache.size_bytes(), 80);
}

#[test]
fn a_file_that_is_being_read_stays_readable_when_it_is_evicted() {
    let folder = folder();
    let cache = cache(&folder, 50);
    let sha256 = add(&cache, Scope::Public, &[1; 40]);
    let open = cache.lookup(Scope::Public, &sha256).unwrap();
    add(&cache, Scope::Public, &[2; 40]);
    assert!(cache.lookup(Scope::Public, &sha256).is_none());
    assert_eq!(content(&open), [1; 40]);
    assert!(open.is_unchanged().unwrap(), "it was removed, not changed");
}

#[test]
fn a_smaller_limit_takes_effect_at_the_next_start_and_keeps_what_was_used_last() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let [old, new] = [[1; 40], [2; 40]].map(|content| add(&cache, Scope::Public, &content));
    let set = |sha256, seconds| {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        platform::open(&path(&folder, "public", sha256)).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    };
    set(&old, 2_000);
    set(&new, 1_000);
    let smaller = super::tests::cache(&folder, 50);
    assert!(smaller.lookup(Scope::Public, &old).is_some(), "used later");
    assert!(smaller.lookup(Scope::Public, &new).is_none());
}

#[test]
fn files_of_other_processes_are_counted_from_time_to_time() {
    let folder = folder();
    let (ours, theirs) = (cache(&folder, 800), cache(&folder, 10_000));
    for byte in 0..20 {
        add(&theirs, Scope::Public, &[byte; 100]);
    }
    assert_eq!(ours.size_bytes(), 0);
    add(&ours, Scope::Public, &[77; 101]); // more than an eighth of the limit
    assert!((100..=800).contains(&ours.size_bytes()), "{}", ours.size_bytes());
    let left = Index::scan(folder.path(), Kind::File).unwrap();
    assert_eq!(left.bytes(), ours.size_bytes());
}

#[test]
fn what_a_crash_left_is_removed_at_start_but_not_what_another_process_writes() {
    let folder = folder();
    let running = cache(&folder, 1000);
    let mut partial = running.begin().unwrap();
    partial.write(b"half").unwrap();
    fs::write(folder.path().join("partial/left-by-a-crash"), b"ha").unwrap();
    assert_eq!(partials(&folder), 2);
    let _starting = cache(&folder, 1000);
    assert_eq!(partials(&folder), 1);
    partial.write(b"-whole").unwrap();
    let file = partial.finish().unwrap().commit(Scope::Public);
    assert_eq!(content(&running.lookup(Scope::Public, &file.sha256()).unwrap()), b"half-whole");
}

#[test]
fn what_is_not_committed_leaves_nothing() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let mut partial = cache.begin().unwrap();
    partial.write(b"half").unwrap();
    drop(partial);
    let finished = cache.begin().unwrap().finish().unwrap();
    drop(finished);
    assert_eq!((partials(&folder), cache.size_bytes()), (0, 0));
}

#[test]
fn many_processes_may_commit_one_file_at_once() {
    let folder = folder();
    let content = vec![7; 3 << 20];
    let barrier = Barrier::new(8);
    let digests: Vec<Sha256> = thread::scope(|scope| {
        let commit = || {
            let cache = cache(&folder, 1 << 30); // an index of its own, as in a process of its own
            barrier.wait();
            let sha256 = add(&cache, Scope::Public, &content);
            assert!(cache.lookup(Scope::Public, &sha256).is_some());
            sha256
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(commit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!((partials(&folder), cache(&folder, 1 << 30).size_bytes()), (0, 3 << 20));
}

#[test]
fn a_full_disk_makes_a_download_go_on_in_memory() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let mut partial = cache.begin().unwrap();
    // Every write to this device fails as on a full disk.
    let full = File::options().read(true).write(true).open("/dev/full").unwrap();
    partial.pretend_file(full);
    partial.write(b"streams ").unwrap();
    partial.write(b"on").unwrap();
    let file = partial.finish().unwrap().commit(Scope::Public);
    assert_eq!(content(&file), b"streams on");
    assert!(cache.lookup(Scope::Public, &file.sha256()).is_none(), "but is not kept");
    assert_eq!(cache.0.memory.load(std::sync::atomic::Ordering::Relaxed), 10);
    drop(file);
    assert_eq!(cache.0.memory.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn a_full_disk_and_a_full_memory_are_an_error_and_nothing_half_is_kept() {
    let folder = folder();
    let cache = cache(&folder, 1000);
    let reserved = file::Reservation::take(&cache.0.memory, limits::CACHE_MEMORY_BYTES - 4).unwrap();
    let mut partial = cache.begin().unwrap();
    partial.pretend_file(File::options().read(true).write(true).open("/dev/full").unwrap());
    assert_eq!(partial.write(b"12345").unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(partial.written(), 0);
    drop((partial, reserved));
    assert_eq!((partials(&folder), cache.size_bytes()), (0, 0));
}

#[test]
fn metadata_keeps_its_provenance_and_damage_is_noticed() {
    let folder = folder();
    let wheel = Sha256::from_bytes([9; 32]);
    let upstream = Provenance::FromUpstream { sha256: Sha256::from_bytes([3; 32]) };
    for provenance in [Provenance::FromWheel, Provenance::ByRanges, upstream] {
        let kept = KeptMetadata { bytes: "Metadata-Version: 2.1\nName: a\n".into(), provenance };
        cache(&folder, 10_000).keep_metadata(Scope::Public, &wheel, &kept).unwrap();
        assert_eq!(cache(&folder, 10_000).metadata(Scope::Public, &wheel), Some(kept));
    }
    let path = path(&folder, "public/metadata", &wheel);
    let honest = fs::read(&path).unwrap();
    for byte in 0..honest.len() {
        let mut damaged = honest.clone();
        damaged[byte] ^= 0x40;
        tamper(&path, &damaged);
        let found = cache(&folder, 10_000).metadata(Scope::Public, &wheel);
        assert!(found.is_none_or(|kept| kept.bytes == "Metadata-Version: 2.1\nName: a\n"), "byte {byte}");
        fs::write(&path, &honest).unwrap();
    }
    tamper(&path, b"");
    assert_eq!(cache(&folder, 10_000).metadata(Scope::Public, &wheel), None);
}

#[test]
fn files_do_not_drive_out_metadata_that_their_wheels_must_agree_with() {
    let folder = folder();
    let cache = cache(&folder, 10_000);
    let kept = |byte: u8| KeptMetadata { bytes: vec![byte; 400].into(), provenance: Provenance::ByRanges };
    let wheel = |byte| Sha256::from_bytes([byte; 32]);
    cache.keep_metadata(Scope::Public, &wheel(0), &kept(0)).unwrap();
    for byte in 0..30 {
        add(&cache, Scope::Public, &[byte; 5_000]);
    }
    assert_eq!(cache.metadata(Scope::Public, &wheel(0)), Some(kept(0)));
    for byte in 1..10 {
        cache.keep_metadata(Scope::Public, &wheel(byte), &kept(byte)).unwrap();
    }
    assert_eq!(cache.metadata(Scope::Public, &wheel(0)), None, "but they have a limit of their own");
}

#[test]
fn foreign_files_in_the_folder_are_left_alone() {
    let folder = folder();
    for name in ["public/ab/readme", "other/ab/x", "public/note", "credential-zz/ab/x"] {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let cache = cache(&folder, 0);
    assert_eq!(cache.size_bytes(), 0);
    assert!(folder.path().join("public/ab/readme").exists());
}
