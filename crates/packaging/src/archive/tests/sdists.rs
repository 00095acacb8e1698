use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;

use super::super::*;
use super::pack::{Block, PKG_INFO, PKG_INFO_PATH, folder, gzip, pkg_info, record, sdist, tar};
use crate::{FileName, limits};

fn name() -> FileName {
    "demo_pkg-1.0.tar.gz".parse().unwrap()
}

fn look_at(bytes: &[u8]) -> Result<Inspected, ArchiveFault> {
    inspect(Cursor::new(bytes), &name(), &Limits::default())
}

fn file(path: &str) -> Block {
    Block::file(path, b"x = 1\n")
}

fn symlink(path: &str, target: &str) -> Block {
    Block::new(b'2', path, target, b"")
}

fn hard_link(path: &str, target: &str) -> Block {
    Block::new(b'1', path, target, b"")
}

fn path_fault(path: &str, fault: PathFault) -> ArchiveFault {
    ArchiveFault::Path { path: path.to_owned(), fault }
}

fn link_fault(path: &str, target: &str, fault: LinkFault) -> ArchiveFault {
    ArchiveFault::Link { path: path.to_owned(), target: target.to_owned(), fault }
}

fn outside(path: &str) -> ArchiveFault {
    ArchiveFault::OutsideFolder { path: path.to_owned(), expected: "demo_pkg-1.0".to_owned() }
}

#[test]
fn an_honest_source_distribution_says_what_it_is() {
    let found = look_at(&sdist([file("demo_pkg-1.0/demo_pkg/__init__.py")])).unwrap();
    assert_eq!((found.entries, found.expanded_bytes, found.core_metadata), (3, 512 * 7, None));
    let CoreMetadata { metadata_version, name, version, requires_python, .. } = found.metadata;
    assert_eq!((&*metadata_version, &*name, &*version, requires_python.as_deref()), ("2.1", "demo-pkg", "1.0", Some(">=3.9")));
}

#[test]
fn metadata_are_offered_where_building_does_not_change_what_installers_resolve_with() {
    let offered = |pkg_info: &str| {
        let found = look_at(&gzip(&tar([Block::file(PKG_INFO_PATH, pkg_info.as_bytes())]))).unwrap();
        assert!(found.core_metadata.as_ref().is_none_or(|offered| offered == pkg_info.as_bytes()), "byte for byte");
        found.core_metadata.is_some()
    };
    let start = |version: &str| format!("Metadata-Version: {version}\nName: demo-pkg\nVersion: 1.0\n");
    for (version, expected) in METADATA_VERSIONS.into_iter().zip([false, false, false, false, true, true, true, true]) {
        assert_eq!(offered(&format!("{}Requires-Dist: a\n\nDynamic: Requires-Dist\n", start(version))), expected, "{version}");
    }
    for (lines, expected) in [
        ("Dynamic: License-File\nDynamic: Description\n", true),
        ("Dynamic: Requires-Dist\n", false),
        ("Dynamic: License-File\ndynamic:requires-dist\nRequires-Dist: a\n", false),
        ("DYNAMIC: REQUIRES-PYTHON\n", false),
        ("Dynamic: Provides-Extra \n", false),
        ("Dynamic: License-File\n Requires-Dist\n", false),
    ] {
        assert_eq!(offered(&format!("{}{lines}", start("2.4"))), expected, "{lines}");
    }
}

#[test]
fn what_build_tools_write_is_taken() {
    let long = format!("demo_pkg-1.0/{}/{}.py", "a".repeat(120), "b".repeat(120));
    let other_name = [
        Block::new(b'5', "Demo.Pkg-1.0.0", "", b""),
        Block::file("Demo.Pkg-1.0.0/PKG-INFO", b"Metadata-Version: 1.0\nName: Demo.Pkg\nVersion: 1\n"),
    ];
    let global = Block::new(b'g', "pax_global_header", "", &record("comment", &"0".repeat(40)));
    let prefixed = file("name.py").with(345, b"demo_pkg-1.0/folder");
    let gnu = |block: Block| block.with(257, b"ustar  \0");
    let cases = [
        ("without an entry for the folder", gzip(&tar([pkg_info()]))),
        ("a name that is written in another way", gzip(&tar(other_name))),
        ("PKG-INFO at the end", gzip(&tar([folder(), file("demo_pkg-1.0/setup.py"), pkg_info()]))),
        ("what git archive makes", gzip(&tar([global, folder(), pkg_info()]))),
        ("a prefix", sdist([prefixed])),
        ("a large user, as GNU writes it", sdist([gnu(file("demo_pkg-1.0/a")).with(108, &[0x80, 0, 0, 0, 1, 0, 0, 0])])),
        ("no kind", sdist([file("demo_pkg-1.0/a").with(156, &[0])])),
        ("GNU's headers", sdist([gnu(file("demo_pkg-1.0/a"))])),
        ("a long path by pax", sdist([Block::new(b'x', "demo_pkg-1.0/p", "", &record("path", &long)), file("short")])),
        ("a time by pax", sdist([Block::new(b'x', "p", "", &record("mtime", "1.5")), file("demo_pkg-1.0/a")])),
        (
            "a long path by GNU",
            sdist([gnu(Block::new(b'L', "././@LongLink", "", format!("{long}\0").as_bytes())), gnu(file("short"))]),
        ),
        ("a link to a file beside it", sdist([symlink("demo_pkg-1.0/README", "PKG-INFO")])),
        ("a link to a file above", sdist([symlink("demo_pkg-1.0/a/b/README", "../../PKG-INFO")])),
        ("a link to the folder itself", sdist([symlink("demo_pkg-1.0/a/self", "..")])),
        ("a link to nothing", sdist([symlink("demo_pkg-1.0/a", "./b//c")])),
        ("a hard link", sdist([hard_link("demo_pkg-1.0/README", PKG_INFO_PATH)])),
        ("the folder twice", sdist([folder()])),
        ("files that differ in case", sdist([file("demo_pkg-1.0/a"), file("demo_pkg-1.0/A")])),
        ("more zeros at the end", gzip(&[tar([folder(), pkg_info()]), vec![0; 10_240]].concat())),
        ("a single block of zeros", gzip(&tar([folder(), pkg_info()])[..512 * 4])),
    ];
    for (what, bytes) in cases {
        assert!(look_at(&bytes).is_ok(), "{what}: {:?}", look_at(&bytes));
    }
}

#[test]
fn an_archive_by_pythons_tarfile_is_taken() {
    // A folder, PKG-INFO and a file with a long name: with `format=` PAX_FORMAT and GNU_FORMAT.
    for (format, bytes) in [
        ("pax", &include_bytes!("../../../../../fuzz/corpus/sdist/pax")[..]),
        ("gnu", include_bytes!("../../../../../fuzz/corpus/sdist/gnu")),
    ] {
        assert!(look_at(bytes).is_ok(), "{format}: {:?}", look_at(bytes));
    }
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let renamed = |path: &str| vec![Block::new(b'x', "p", "", &record("path", path)), file("demo_pkg-1.0/innocent")];
    let long = |path: &[u8]| vec![Block::new(b'L', "././@LongLink", "", path), file("demo_pkg-1.0/innocent")];
    let deep = format!("demo_pkg-1.0/{}", "a/".repeat(2_100));
    let cases: Vec<(&str, Vec<Block>, ArchiveFault)> = vec![
        ("absolute", vec![file("/etc/passwd")], path_fault("/etc/passwd", PathFault::Absolute)),
        ("upwards", vec![file("demo_pkg-1.0/../../x")], path_fault("demo_pkg-1.0/../../x", PathFault::Parent)),
        ("only dots", vec![file("..")], path_fault("..", PathFault::Parent)),
        ("a leading ./", vec![file("./demo_pkg-1.0/x")], path_fault("./demo_pkg-1.0/x", PathFault::Here)),
        ("two slashes", vec![file("demo_pkg-1.0//x")], path_fault("demo_pkg-1.0//x", PathFault::EmptySegment)),
        ("a backslash", vec![file("demo_pkg-1.0/..\\x")], path_fault("demo_pkg-1.0/..\\x", PathFault::Backslash)),
        ("a drive", vec![file("C:x")], path_fault("C:x", PathFault::Drive)),
        ("a line break", vec![file("demo_pkg-1.0/a\nb")], path_fault("demo_pkg-1.0/a b", PathFault::Control)),
        ("a C1 control", renamed("demo_pkg-1.0/\u{9b}31m"), path_fault("demo_pkg-1.0/?31m", PathFault::Control)),
        ("not UTF-8", vec![file("demo_pkg-1.0/x").with(13, b"\xe9")], path_fault("demo_pkg-1.0/?", PathFault::NotUtf8)),
        ("no name", vec![file("")], path_fault("", PathFault::Empty)),
        ("only a slash", vec![file("/")], path_fault("/", PathFault::Empty)),
        ("a file that ends as a folder", vec![file("demo_pkg-1.0/x/")], path_fault("demo_pkg-1.0/x", PathFault::Slash)),
        ("a prefix upwards", vec![file("x").with(345, b"..")], path_fault("../x", PathFault::Parent)),
        ("pax renames it to an absolute path", renamed("/x"), path_fault("/x", PathFault::Absolute)),
        ("pax renames it upwards", renamed("demo_pkg-1.0/../x"), path_fault("demo_pkg-1.0/../x", PathFault::Parent)),
        ("GNU renames it upwards", long(b"demo_pkg-1.0/../x\0"), path_fault("demo_pkg-1.0/../x", PathFault::Parent)),
        ("pax renames it to elsewhere", renamed("other/x"), outside("other/x")),
        ("beside the folder", vec![file("setup.py")], outside("setup.py")),
        ("another folder", vec![file("demo_pkg-1.0.1/x")], outside("demo_pkg-1.0.1/x")),
        ("another spelling of the folder", vec![file("Demo_Pkg-1.0/x")], outside("Demo_Pkg-1.0/x")),
        ("a file instead of the folder", vec![file("demo_pkg-1.0")], outside("demo_pkg-1.0")),
        ("too long", renamed(&deep), path_fault(&format!("{}...", &deep[..limits::QUOTED_BYTES - 3]), PathFault::TooLong)),
    ];
    for (what, blocks, fault) in cases {
        assert_eq!(look_at(&sdist(blocks)), Err(fault), "{what}");
    }
}

#[test]
fn links_that_lead_out_are_refused() {
    let sym = |path: &str, target: &str, fault| (vec![symlink(path, target)], link_fault(path, target, fault));
    let hard = |path: &str, target: &str, fault| (vec![hard_link(path, target)], link_fault(path, target, fault));
    let beneath =
        |blocks, path: &str, over: &str| (blocks, ArchiveFault::Beneath { path: path.to_owned(), over: over.to_owned() });
    let long = "../".repeat(50);
    let by_pax = vec![Block::new(b'x', "p", "", &record("linkpath", &long)), symlink("demo_pkg-1.0/l", "PKG-INFO")];
    let by_gnu = vec![Block::new(b'K', "././@LongLink", "", long.as_bytes()), symlink("demo_pkg-1.0/l", "PKG-INFO")];
    let cases: Vec<(Vec<Block>, ArchiveFault)> = vec![
        sym("demo_pkg-1.0/l", "/etc/passwd", LinkFault::Path(PathFault::Absolute)),
        sym("demo_pkg-1.0/l", "..", LinkFault::Outside),
        sym("demo_pkg-1.0/a/l", "../../x", LinkFault::Outside),
        sym("demo_pkg-1.0/a/l", "./.././../x", LinkFault::Outside),
        sym("demo_pkg-1.0/l", "a/../../x", LinkFault::UpAfterDown),
        sym("demo_pkg-1.0/l", "a/..", LinkFault::UpAfterDown),
        sym("demo_pkg-1.0/l", "..\\x", LinkFault::Path(PathFault::Backslash)),
        sym("demo_pkg-1.0/l", "c:/x", LinkFault::Path(PathFault::Drive)),
        sym("demo_pkg-1.0/l", "", LinkFault::Path(PathFault::Empty)),
        hard("demo_pkg-1.0/l", "/etc/passwd", LinkFault::Path(PathFault::Absolute)),
        hard("demo_pkg-1.0/l", "../x", LinkFault::Path(PathFault::Parent)),
        hard("demo_pkg-1.0/l", "demo_pkg-1.0/nowhere", LinkFault::NoFile),
        hard("demo_pkg-1.0/l", "PKG-INFO", LinkFault::NoFile),
        hard("demo_pkg-1.0/l", "demo_pkg-1.0/l", LinkFault::NoFile),
        (by_pax, link_fault("demo_pkg-1.0/l", &long, LinkFault::Outside)),
        (by_gnu, link_fault("demo_pkg-1.0/l", &long, LinkFault::Outside)),
        beneath(vec![symlink("demo_pkg-1.0/l", "a"), file("demo_pkg-1.0/l/x")], "demo_pkg-1.0/l/x", "demo_pkg-1.0/l"),
        beneath(vec![file("demo_pkg-1.0/l/x"), symlink("demo_pkg-1.0/l", "a")], "demo_pkg-1.0/l/x", "demo_pkg-1.0/l"),
        beneath(vec![symlink("demo_pkg-1.0/L", "a"), file("demo_pkg-1.0/l/x/y")], "demo_pkg-1.0/l/x/y", "demo_pkg-1.0/L"),
        beneath(
            vec![symlink("demo_pkg-1.0/l", "a"), file("demo_pkg-1.0/l!"), file("demo_pkg-1.0/l/x")],
            "demo_pkg-1.0/l/x",
            "demo_pkg-1.0/l",
        ),
        beneath(vec![file("demo_pkg-1.0/PKG-INFO/x"), folder()], "demo_pkg-1.0/PKG-INFO/x", PKG_INFO_PATH),
        (
            vec![symlink("demo_pkg-1.0/l", "a"), Block::new(b'5', "demo_pkg-1.0/l", "", b"")],
            ArchiveFault::Twice { path: "demo_pkg-1.0/l".to_owned() },
        ),
    ];
    for (blocks, fault) in cases {
        assert_eq!(look_at(&sdist(blocks)), Err(fault));
    }
    let folder_as_link = gzip(&tar([symlink("demo_pkg-1.0", "x"), pkg_info()]));
    assert_eq!(look_at(&folder_as_link), Err(outside("demo_pkg-1.0")));
}

#[test]
fn what_is_no_file_folder_or_link_is_refused() {
    let kinds = [
        (b'3', "a device"),
        (b'4', "a device"),
        (b'6', "a named pipe"),
        (b'S', "a sparse file"),
        (b'7', "of an unusual kind"),
        (b'D', "of an unusual kind"),
        (b'M', "of an unusual kind"),
        (b'V', "of an unusual kind"),
        (b'?', "of an unusual kind"),
    ];
    for (kind, found) in kinds {
        let fault = ArchiveFault::NoFile { path: "demo_pkg-1.0/x".to_owned(), found };
        assert_eq!(look_at(&sdist([Block::new(kind, "demo_pkg-1.0/x", "", b"")])), Err(fault), "{kind}");
    }
}

/// Each of these is read differently by two of the readers there are.
#[test]
fn headers_that_readers_read_differently_are_refused() {
    let before = |kind, content: &[u8]| vec![Block::new(kind, "p", "", content), file("demo_pkg-1.0/x")];
    let both = |one: (u8, &[u8]), other: (u8, &[u8])| {
        vec![Block::new(one.0, "p", "", one.1), Block::new(other.0, "p", "", other.1), file("demo_pkg-1.0/x")]
    };
    let path = record("path", "demo_pkg-1.0/y");
    let gnu_path = b"demo_pkg-1.0/y\0";
    let cases: Vec<(&str, Vec<Block>)> = vec![
        ("pax changes the size", before(b'x', &record("size", "0"))),
        ("pax changes all sizes", before(b'g', &record("size", "0"))),
        ("pax names all entries", before(b'g', &path)),
        ("pax makes it sparse", before(b'x', &record("GNU.sparse.major", "1"))),
        ("pax names a sparse file", before(b'x', &record("GNU.sparse.name", "demo_pkg-1.0/z"))),
        ("pax changes the character set", before(b'x', &record("hdrcharset", "BINARY"))),
        ("pax has two paths", before(b'x', &[path.clone(), path.clone()].concat())),
        ("pax has NUL", before(b'x', &record("path", "demo_pkg-1.0/a\0b"))),
        ("pax without a length", before(b'x', b"path=x\n")),
        ("pax with a length too long", before(b'x', b"99 path=x\n")),
        ("pax with a length too short", before(b'x', b"8 path=x\n")),
        ("pax with a leading zero", before(b'x', b"010 path=x\n")),
        ("pax with a sign", before(b'x', b"+10 path=x\n")),
        ("pax without a key", before(b'x', b"5 =x\n")),
        ("pax of zeros", before(b'x', &[0; 20])),
        ("pax twice", both((b'x', &path), (b'x', &path))),
        ("pax and GNU", both((b'x', &path), (b'L', gnu_path))),
        ("GNU and pax", both((b'L', gnu_path), (b'x', &path))),
        ("GNU twice", both((b'L', gnu_path), (b'L', gnu_path))),
        ("pax for all between", both((b'x', &path), (b'g', &record("comment", "c")))),
        ("GNU with two names", before(b'L', b"demo_pkg-1.0/a\0demo_pkg-1.0/b\0")),
        ("GNU with nothing", before(b'L', b"")),
        ("a header that is too long", before(b'x', &record("comment", &"c".repeat(1 << 16)))),
        ("a header about nothing", vec![Block::new(b'x', "p", "", &path)]),
        ("a folder with content", vec![Block::new(b'5', "demo_pkg-1.0/x", "", &[0; 512])]),
        ("a link with content", vec![Block::new(b'2', "demo_pkg-1.0/x", "y", &[0; 512])]),
        ("a hard link with content", vec![Block::new(b'1', "demo_pkg-1.0/x", PKG_INFO_PATH, &[0; 512])]),
        ("a size in base 256", vec![file("demo_pkg-1.0/x").with(124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6])]),
        ("a size with a sign", vec![file("demo_pkg-1.0/x").with(124, b"+0000000006\0")]),
        ("a size with something behind", vec![file("demo_pkg-1.0/x").with(124, b"0000006\0zzzz")]),
        ("a mode that is no number", vec![file("demo_pkg-1.0/x").with(100, b"rw-r--r-")]),
        ("a time that is no number", vec![file("demo_pkg-1.0/x").with(136, b"yesterday")]),
        ("a device that is no number", vec![file("demo_pkg-1.0/x").with(329, b"x")]),
        ("no POSIX and no GNU", vec![file("demo_pkg-1.0/x").with(257, &[0; 8])]),
        ("a prefix where GNU has times", vec![file("demo_pkg-1.0/x").with(257, b"ustar  \0").with(345, b"..")]),
    ];
    for (what, blocks) in cases {
        let found = look_at(&sdist(blocks));
        assert!(matches!(found, Err(ArchiveFault::Ambiguous(_))), "{what}: {found:?}");
    }
    // Python takes this for a number.
    let underscore = file("demo_pkg-1.0/x").with(124, b"0000000_06\0\0");
    assert_eq!(look_at(&sdist([underscore])), Err(ArchiveFault::Damaged));
}

#[test]
fn one_folder_with_one_pkg_info_is_demanded() {
    let missing = || Err(ArchiveFault::MissingPkgInfo { expected: "demo_pkg-1.0".to_owned() });
    assert_eq!(look_at(&gzip(&tar([]))), missing());
    assert_eq!(look_at(&gzip(&tar([folder()]))), missing());
    assert_eq!(look_at(&gzip(&tar([folder(), Block::file("demo_pkg-1.0/a/PKG-INFO", PKG_INFO)]))), missing());
    assert_eq!(look_at(&gzip(&tar([symlink(PKG_INFO_PATH, "a"), file("demo_pkg-1.0/a")]))), missing());
    assert_eq!(look_at(&sdist([pkg_info()])), Err(ArchiveFault::Twice { path: PKG_INFO_PATH.to_owned() }));
    let other = gzip(&tar([Block::file(PKG_INFO_PATH, b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 2.0\n")]));
    let fault = MetadataFault::OtherVersion { found: "2.0".to_owned(), expected: "1.0".to_owned() };
    assert_eq!(look_at(&other), Err(ArchiveFault::Metadata { file: "PKG-INFO", fault }));
    let long = gzip(&tar([Block::file(PKG_INFO_PATH, &vec![b'\n'; limits::METADATA_BYTES as usize + 9])]));
    assert_eq!(look_at(&long), Err(ArchiveFault::Metadata { file: "PKG-INFO", fault: MetadataFault::TooLarge }));
}

#[test]
fn other_forms_of_source_distributions_are_refused() {
    for text in ["demo_pkg-1.0.zip", "demo_pkg-1.0.tgz", "demo_pkg-1.0.tar.bz2", "demo_pkg-1.0.tar.xz"] {
        let found = inspect(Cursor::new(sdist([])), &text.parse().unwrap(), &Limits::default());
        assert_eq!(found, Err(ArchiveFault::NotTarGz), "{text}");
    }
}

#[test]
fn an_archive_ends_where_it_ends() {
    let honest = tar([folder(), pkg_info()]);
    let ended = honest.len() - 1024;
    let cases = [
        ("no zeros", gzip(&honest[..ended]), ArchiveFault::NoEnd),
        ("something behind the zeros", gzip(&[&honest[..], b"x"].concat()), ArchiveFault::Trailing),
        ("an entry behind the zeros", gzip(&[honest.clone(), honest.clone()].concat()), ArchiveFault::Trailing),
        ("a second gzip member", [gzip(&honest), gzip(&honest)].concat(), ArchiveFault::Trailing),
        ("an archive over two members", [gzip(&honest[..512]), gzip(&honest[512..])].concat(), ArchiveFault::NoEnd),
        ("bytes behind", [gzip(&honest), b"garbage".to_vec()].concat(), ArchiveFault::Trailing),
        ("zeros behind", [gzip(&honest), vec![0; 9]].concat(), ArchiveFault::Trailing),
        ("nothing", Vec::new(), ArchiveFault::Damaged),
        ("a tar file", honest.clone(), ArchiveFault::Damaged),
        ("half a header", gzip(&honest[..700]), ArchiveFault::Damaged),
        ("a wrong sum", gzip(&[b"x", &honest[1..]].concat()), ArchiveFault::Damaged),
    ];
    for (what, bytes, fault) in cases {
        assert_eq!(look_at(&bytes), Err(fault), "{what}");
    }
    let mut wrong_check_sum = gzip(&honest);
    let at = wrong_check_sum.len() - 8;
    wrong_check_sum[at] ^= 1;
    assert_eq!(look_at(&wrong_check_sum), Err(ArchiveFault::Damaged));
}

#[test]
fn every_truncation_is_an_error() {
    let whole = sdist([file("demo_pkg-1.0/x")]);
    for length in 0..whole.len() {
        assert!(look_at(&whole[..length]).is_err(), "{length}");
    }
}

#[test]
fn what_it_expands_to_is_limited() {
    let zeros = vec![0; limits::EXPANDED_FREE_BYTES as usize];
    let bomb = sdist([Block::file("demo_pkg-1.0/zeros", &zeros)]);
    assert_eq!(look_at(&bomb), Err(ArchiveFault::TooLarge { most: limits::EXPANDED_FREE_BYTES }));
    let small = Limits { expanded_bytes: 512 * 6, ..Limits::default() };
    let found = |bytes| inspect(Cursor::new(bytes), &name(), &small).map(|found| found.expanded_bytes);
    assert_eq!(found(sdist([])), Ok(512 * 5));
    assert_eq!(found(sdist([file("demo_pkg-1.0/x")])), Err(ArchiveFault::TooLarge { most: 512 * 6 }));
    let zeros_behind = gzip(&[tar([folder(), pkg_info()]), vec![0; 1024]].concat());
    assert_eq!(found(zeros_behind), Err(ArchiveFault::TooLarge { most: 512 * 6 }));
}

#[test]
fn the_number_of_entries_and_their_paths_is_limited() {
    let few = Limits { entries: 3, ..Limits::default() };
    let found = |bytes| inspect(Cursor::new(bytes), &name(), &few).map(|found| found.entries);
    assert_eq!(found(sdist([file("demo_pkg-1.0/x")])), Ok(3));
    assert_eq!(found(sdist([file("demo_pkg-1.0/x"), file("demo_pkg-1.0/y")])), Err(ArchiveFault::TooManyEntries { most: 3 }));
    let many = gzip(&tar([folder()])[..512].repeat(limits::WHEEL_ENTRIES as usize + 1));
    assert_eq!(look_at(&many), Err(ArchiveFault::TooManyEntries { most: limits::WHEEL_ENTRIES }));
    let path = format!("demo_pkg-1.0/{}", "a".repeat(4_000));
    let long = |number: usize| {
        let header = Block::new(b'x', "p", "", &record("path", &format!("{path}{number}")));
        [header, Block::file("x", b"")]
    };
    assert_eq!(look_at(&sdist((0..4_500).flat_map(long))), Err(ArchiveFault::PathsTooLong));
}

/// Bytes that cannot be read from some place on.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() > 40 { Err(io::ErrorKind::PermissionDenied.into()) } else { self.0.read(&mut buffer[..20]) }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_the_uploaders_fault() {
    let found = inspect(Failing(Cursor::new(sdist([]))), &name(), &Limits::default());
    assert_eq!(found, Err(ArchiveFault::Io(io::ErrorKind::PermissionDenied)));
}

proptest! {
    #[test]
    fn a_changed_source_distribution_is_read_or_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = tar([folder(), pkg_info(), symlink("demo_pkg-1.0/a/l", "../PKG-INFO"), file("demo_pkg-1.0/x")]);
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        let _ = look_at(&gzip(&bytes));
    }
}
