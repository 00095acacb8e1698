//! Two distributions, member by member and line by line.

use std::io::Cursor;

use proptest::prelude::*;

use super::super::difference::{Difference, DifferenceError, Side, What, difference, whole};
use super::super::*;
use super::build::{METADATA, archive};
use super::pack::{Block, PKG_INFO, gzip, pkg_info, sdist, tar};
use crate::{FileName, limits};

type Entries<'a> = &'a [(&'a str, &'a [u8])];

fn name(text: &str) -> FileName {
    text.parse().unwrap()
}

/// A wheel of a version with these entries, and what each wheel needs.
fn wheel(version: &str, entries: Entries<'_>) -> (FileName, Vec<u8>) {
    let folder = format!("demo_pkg-{version}.dist-info");
    let metadata = String::from_utf8(METADATA.to_vec()).unwrap().replace("1.0", version);
    let needed = [("METADATA", metadata.as_bytes()), ("WHEEL", b"Wheel-Version: 1.0\n"), ("RECORD", b"")];
    let paths = needed.map(|(file, content)| (format!("{folder}/{file}"), content));
    let needed = paths.iter().map(|(path, content)| (path.as_str(), *content));
    let all: Vec<_> = entries.iter().copied().chain(needed).collect();
    (name(&format!("demo_pkg-{version}-py3-none-any.whl")), archive(&all))
}

fn source(entries: Entries<'_>) -> (FileName, Vec<u8>) {
    let blocks = entries.iter().map(|(path, content)| Block::file(&format!("demo_pkg-1.0/{path}"), content));
    (name("demo_pkg-1.0.tar.gz"), sdist(blocks))
}

fn compared(old: &(FileName, Vec<u8>), new: &(FileName, Vec<u8>)) -> Result<Difference, DifferenceError> {
    difference(Cursor::new(&old.1), &old.0, Cursor::new(&new.1), &new.0, &Limits::default())
}

/// Each member and each line of it, as one would print it.
fn told(difference: &Difference) -> Vec<String> {
    let mut told = Vec::new();
    for member in &difference.members {
        let side = |side: &Option<difference::MemberSide>| {
            side.as_ref().map_or_else(String::new, |side| {
                let what = match &side.what {
                    What::Folder => "folder".to_owned(),
                    What::Text { bytes, .. } => format!("text of {bytes}"),
                    What::Data { bytes, sha256 } => format!("data of {bytes} {}", &sha256.to_string()[..4]),
                    What::Symlink { target } => format!("symlink to {}", String::from_utf8_lossy(target)),
                    What::HardLink { target } => format!("hard link to {}", String::from_utf8_lossy(target)),
                };
                let mode = side.permissions.map(|mode| format!("{mode:o}")).unwrap_or_default();
                format!("{} {mode} {what}", side.path)
            })
        };
        told.push(format!("{} => {} ({})", side(&member.old), side(&member.new), member.lines()));
        for hunk in member.text.iter().flat_map(|text| &text.hunks) {
            let (old, new) = hunk.lengths();
            told.push(format!("@@ {},{old} {},{new}", hunk.old_start, hunk.new_start));
            told.extend(hunk.lines.iter().map(|line| {
                let sign = match line.side {
                    Side::Both => ' ',
                    Side::Old => '-',
                    Side::New => '+',
                };
                format!("{sign}{}", crate::text::escaped(&line.bytes))
            }));
        }
    }
    told
}

#[test]
fn what_was_added_removed_and_changed_is_told_with_its_lines() {
    let old = wheel("1.0", &[("demo/a.py", b"1\n2\n3\n4\n5\n6\n7\n"), ("demo/gone.py", b"x\n"), ("demo/same.py", b"s\n")]);
    let new = wheel("1.1", &[("demo/a.py", b"1\n2\n3\n4\nfive\n6\n7"), ("demo/new.py", b"y\n"), ("demo/same.py", b"s\n")]);
    let found = compared(&old, &new).unwrap();
    assert_eq!(
        told(&found),
        [
            "demo_pkg-1.0.dist-info/METADATA 644 text of 77 => demo_pkg-1.1.dist-info/METADATA 644 text of 77 (2)",
            "@@ 1,6 1,6",
            " Metadata-Version: 2.1\\n",
            " Name: Demo.Pkg\\n",
            "-Version: 1.0\\n",
            "+Version: 1.1\\n",
            " Requires-Dist: six\\n",
            " \\n",
            " About.\\n",
            "demo/a.py 644 text of 14 => demo/a.py 644 text of 16 (4)",
            "@@ 2,6 2,6",
            " 2\\n",
            " 3\\n",
            " 4\\n",
            "-5\\n",
            "+five\\n",
            " 6\\n",
            "-7\\n",
            "+7",
            "demo/gone.py 644 text of 2 =>  (1)",
            "@@ 1,1 1,0",
            "-x\\n",
            " => demo/new.py 644 text of 2 (1)",
            "@@ 1,0 1,1",
            "+y\\n",
        ]
    );
    assert_eq!((found.lines(), found.same), (8, 3));
    let nothing = compared(&old, &old).unwrap();
    assert_eq!((nothing.members.len(), nothing.lines(), nothing.same), (0, 0, 6));
}

#[test]
fn links_permissions_and_kinds_are_differences_too() {
    let file = |content: &[u8]| Block::file("demo_pkg-1.0/f", content);
    let link = |target: &str| Block::new(b'2', "demo_pkg-1.0/l", target, b"");
    let hard = Block::new(b'1', "demo_pkg-1.0/h", "demo_pkg-1.0/PKG-INFO", b"");
    let packed = |blocks: Vec<Block>| (name("demo_pkg-1.0.tar.gz"), gzip(&tar([pkg_info()].into_iter().chain(blocks))));
    let old = packed(vec![file(b"x\n"), link("f"), Block::file("demo_pkg-1.0/k", b"k\n")]);
    let new = packed(vec![
        file(b"x\n").with(100, b"0000755\0"),
        link("PKG-INFO"),
        hard,
        Block::new(b'2', "demo_pkg-1.0/k", "f", b""),
        Block::new(b'5', "demo_pkg-1.0/empty/", "", b""),
    ]);
    let found = compared(&old, &new).unwrap();
    assert_eq!(
        told(&found),
        [
            "demo_pkg-1.0/f 644 text of 2 => demo_pkg-1.0/f 755 text of 2 (1)",
            " => demo_pkg-1.0/h 644 hard link to demo_pkg-1.0/PKG-INFO (1)",
            "demo_pkg-1.0/k 644 text of 2 => demo_pkg-1.0/k 644 symlink to f (1)",
            "demo_pkg-1.0/l 644 symlink to f => demo_pkg-1.0/l 644 symlink to PKG-INFO (1)",
        ]
    );
    let back = compared(&new, &old).unwrap();
    assert!(told(&back).contains(&"+k\\n".to_owned()), "a link that becomes a file shows the file: {:?}", told(&back));
}

#[test]
fn what_is_no_text_is_told_by_size_and_digest_and_counts_as_a_hex_dump() {
    let old = wheel("1.0", &[("a.so", b"\x7fELF\0one"), ("b.py", b"text\n"), ("latin.py", b"# caf\xe9\n")]);
    let new = wheel("1.0", &[("a.so", &[0; 33]), ("b.py", b"\0"), ("latin.py", b"# caf\xe8\n")]);
    let found = compared(&old, &new).unwrap();
    assert_eq!(
        told(&found),
        [
            "a.so 644 data of 8 1d9e => a.so 644 data of 33 7f9c (3)",
            "b.py 644 text of 5 => b.py 644 data of 1 6e34 (1)",
            "latin.py 644 text of 7 => latin.py 644 text of 7 (2)",
            "@@ 1,1 1,1",
            "-# caf\\xe9\\n",
            "+# caf\\xe8\\n",
        ]
    );
    let large = vec![b'x'; usize::try_from(limits::DIFFERENCE_TEXT_BYTES).unwrap() + 1];
    let found = compared(&old, &wheel("1.0", &[("large.js", &large)])).unwrap();
    let large = found.members.iter().find(|member| member.new.as_ref().is_some_and(|new| new.path == "large.js")).unwrap();
    assert_eq!((large.text.as_ref(), large.lines()), (None, limits::DIFFERENCE_TEXT_BYTES / limits::READ_BINARY_BYTES + 1));
}

#[test]
fn minified_code_is_not_one_line_and_a_return_hides_nothing() {
    let minified = vec![b';'; limits::READ_LINE_BYTES * 30];
    let found = compared(&wheel("1.0", &[]), &wheel("1.0", &[("m.js", &minified), ("r.py", b"import os\rx = 1\n")])).unwrap();
    assert_eq!(found.members.iter().map(difference::MemberDifference::lines).collect::<Vec<_>>(), [30, 1]);
    assert!(told(&found).contains(&"+import os\\rx = 1\\n".to_owned()));
}

#[test]
fn a_source_distribution_is_compared_with_a_wheel_where_sources_lie() {
    let old = source(&[
        ("src/demo/a.py", b"1\n"),
        ("demo/b.py", b"2\n"),
        ("setup.py", b"3\n"),
        ("src/x.py", b"4\n"),
        ("x.py", b"5\n"),
    ]);
    let new = wheel("1.0", &[("demo/a.py", b"1\n"), ("demo/b.py", b"two\n"), ("x.py", b"4\n")]);
    let found = compared(&old, &new).unwrap();
    let paths: Vec<_> = told(&found).into_iter().filter(|line| line.contains(" => ")).collect();
    assert_eq!(
        paths,
        [
            " => demo_pkg-1.0.dist-info/METADATA 644 text of 77 (6)",
            " => demo_pkg-1.0.dist-info/RECORD 644 text of 0 (1)",
            " => demo_pkg-1.0.dist-info/WHEEL 644 text of 19 (1)",
            "demo_pkg-1.0/PKG-INFO 644 text of 81 =>  (6)",
            "demo_pkg-1.0/demo/b.py 644 text of 2 => demo/b.py 644 text of 4 (2)",
            "demo_pkg-1.0/setup.py 644 text of 2 =>  (1)",
            "demo_pkg-1.0/x.py 644 text of 2 =>  (1)",
        ],
        "two members with one place are both there"
    );
}

#[test]
fn the_whole_of_a_distribution_is_as_much_as_its_difference_from_one_without_content() {
    let full = source(&[("a.py", b"1\n2\n"), ("b.bin", &[0; 40]), ("empty.py", b"")]);
    let empty = source(&[]);
    let lines = |file: &(FileName, Vec<u8>)| whole(Cursor::new(&file.1), &file.0, &Limits::default()).unwrap();
    assert_eq!(lines(&full), 2 + 3 + 1 + lines(&empty));
    assert_eq!(lines(&empty), PKG_INFO.split_inclusive(|byte| *byte == b'\n').count() as u64);
    assert_eq!(compared(&empty, &full).unwrap().lines(), lines(&full) - lines(&empty));
}

#[test]
fn an_archive_that_readers_read_differently_is_not_compared() {
    let good = wheel("1.0", &[]);
    let twice = (good.0.clone(), [good.1.clone(), good.1.clone()].concat());
    let error = compared(&good, &twice).unwrap_err();
    assert_eq!((error.file.as_str(), error.fault), ("demo_pkg-1.0-py3-none-any.whl", ArchiveFault::Wheel(WheelError::Gap)));
    let (name, mut damaged) = source(&[("a.py", b"1\n")]);
    damaged.truncate(damaged.len() - 9);
    assert_eq!(compared(&good, &(name, damaged)).unwrap_err().fault, ArchiveFault::Damaged);
    let few = Limits { entries: 3, ..Limits::default() };
    let larger = wheel("1.0", &[("a", b"")]);
    let error = difference(Cursor::new(&good.1), &good.0, Cursor::new(&larger.1), &larger.0, &few).unwrap_err();
    assert_eq!(error.fault, ArchiveFault::TooManyEntries { most: 3 });
}

#[test]
fn texts_that_are_too_different_are_shown_as_replaced_and_whole() {
    let lines = |from: u32| (from..from + 200_000).map(|n| format!("{n}\n")).collect::<String>();
    let (one, other) = (format!("head\n{}tail\n", lines(0)), format!("head\n{}tail\n", lines(1_000_000)));
    let found = compared(&wheel("1.0", &[("a", one.as_bytes())]), &wheel("1.0", &[("a", other.as_bytes())])).unwrap();
    let text = found.members[0].text.as_ref().unwrap();
    assert!(text.replaced);
    assert_eq!((found.lines(), text.hunks.len(), text.hunks[0].lines.len()), (400_000, 1, 400_002));
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = proptest::sample::select(vec![&b"a\n"[..], b"b\n", b"\n", b"c", b"\xff\n", b"\0"]);
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

fn tree() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    proptest::sample::subsequence(vec!["a.py", "b.py", "c/d.py", "e"], 0..=4)
        .prop_flat_map(|paths| paths.into_iter().map(|path| (Just(path), content())).collect::<Vec<_>>())
}

proptest! {
    /// Whoever has the old files and the difference has the new files: nothing is left out.
    #[test]
    fn the_old_files_and_the_difference_are_the_new_files(old in tree(), new in tree()) {
        let packed = |tree: &[(&'static str, Vec<u8>)]| {
            source(&tree.iter().map(|(path, content)| (*path, content.as_slice())).collect::<Vec<_>>())
        };
        let found = compared(&packed(&old), &packed(&new)).unwrap();
        let of = |tree: &[(&str, Vec<u8>)], path: &str| {
            tree.iter().find(|(own, _)| format!("demo_pkg-1.0/{own}") == path).map(|(_, content)| content.clone())
        };
        prop_assert_eq!(found.lines() == 0, old == new);
        for member in &found.members {
            let path = &member.old.as_ref().or(member.new.as_ref()).unwrap().path;
            let Some(text) = &member.text else { continue };
            let mut lines = of(&old, path).unwrap_or_default().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
            if lines.iter().flatten().any(|byte| *byte == 0) {
                lines.clear();
            }
            for hunk in text.hunks.iter().rev() {
                let (length, _) = hunk.lengths();
                let start = hunk.old_start - 1;
                let after = hunk.lines.iter().filter(|line| line.side != Side::Old).map(|line| line.bytes.clone());
                let before: Vec<_> = lines.splice(start..start + length, after).collect();
                let told: Vec<_> = hunk.lines.iter().filter(|line| line.side != Side::New).map(|line| line.bytes.clone()).collect();
                prop_assert_eq!(before, told);
            }
            prop_assert_eq!(lines.concat(), of(&new, path).unwrap_or_default());
        }
        let unnamed = new.iter().filter(|(path, content)| of(&old, &format!("demo_pkg-1.0/{path}")).as_ref() == Some(content)).count();
        prop_assert_eq!(found.same, unnamed as u64 + 2, "the folder and PKG-INFO are the same, too");
    }

    #[test]
    fn an_escaped_line_has_nothing_that_moves_a_terminal(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let shown = crate::text::escaped(&bytes);
        prop_assert!(shown.chars().all(|character| character == '\t' || !character.is_control()));
        if str::from_utf8(&bytes).is_ok_and(|text| text.chars().all(|character| !character.is_control())) {
            prop_assert!(shown.len() >= bytes.len());
        }
    }
}
