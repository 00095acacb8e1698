use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::super::*;
use super::build::{METADATA, PATH, archive, built, honest, places, replaced, stored};
use super::forge::{CENTRAL, END, LOCAL, patched, with_extra_field};
use crate::{FileName, limits};

fn name() -> FileName {
    "demo_pkg-1.0-py3-none-any.whl".parse().unwrap()
}

fn read_from(wheel: impl AsRef<[u8]>) -> Result<Vec<u8>, WheelError> {
    metadata(Cursor::new(wheel.as_ref()), &name())
}

#[test]
fn the_metadata_comes_out_of_honest_wheels() {
    let deflated = built(|writer| {
        writer.add_directory("demo_pkg/", stored()).unwrap();
        writer.start_file(PATH, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        writer.write_all(METADATA).unwrap();
    });
    let zip64 = built(|writer| {
        writer.start_file(PATH, stored().large_file(true)).unwrap();
        writer.write_all(METADATA).unwrap();
    });
    let odd_case = archive(&[("Demo.Pkg-1.0.0.dist-info/METADATA", METADATA)]);
    let nested = archive(&[(PATH, METADATA), ("demo_pkg/vendor/other-2.dist-info/METADATA", b"Name: other")]);
    let data = archive(&[(PATH, METADATA), ("demo_pkg-1.0.data/scripts/x", b""), ("../../etc/passwd", b"x"), ("/abs", b"")]);
    let extra = with_extra_field(b"\x99\x99\x01\0x");
    for wheel in [honest(), deflated, zip64, odd_case, nested, data, extra] {
        assert_eq!(read_from(&wheel).as_deref(), Ok(METADATA));
    }
}

#[test]
fn wheels_written_by_python_are_read() {
    let wheels = [
        ("stored", &include_bytes!("../../../../../fuzz/corpus/wheel_metadata/stored")[..]),
        ("deflated", include_bytes!("../../../../../fuzz/corpus/wheel_metadata/deflated")),
        ("with a ZIP64 header", include_bytes!("../../../../../fuzz/corpus/wheel_metadata/zip64")),
        ("with sizes behind the data", include_bytes!("../../../../../fuzz/corpus/wheel_metadata/streamed")),
    ];
    for (how, wheel) in wheels {
        assert_eq!(read_from(wheel).as_deref(), Ok(METADATA), "{how}");
    }
}

/// The bytes of a ZIP64 end record and its locator, placed before the ordinary end record, which then says "see there".
fn with_zip64_end(change: impl FnOnce(&mut [u8; 76])) -> Vec<u8> {
    let wheel = honest();
    let end = places(&wheel, END)[0];
    let field = |at: usize| u64::from(u32::from_le_bytes(wheel[end + at..end + at + 4].try_into().unwrap()));
    let (size, start) = (field(12), field(16));
    let mut records = [0; 76];
    records[..4].copy_from_slice(b"PK\x06\x06");
    records[4..12].copy_from_slice(&44_u64.to_le_bytes());
    records[12..16].copy_from_slice(&[45, 0, 45, 0]);
    records[24..32].copy_from_slice(&3_u64.to_le_bytes());
    records[32..40].copy_from_slice(&3_u64.to_le_bytes());
    records[40..48].copy_from_slice(&size.to_le_bytes());
    records[48..56].copy_from_slice(&start.to_le_bytes());
    records[56..60].copy_from_slice(b"PK\x06\x07");
    records[64..72].copy_from_slice(&(end as u64).to_le_bytes());
    records[72..76].copy_from_slice(&1_u32.to_le_bytes());
    change(&mut records);
    let mut ordinary = wheel[end..].to_vec();
    ordinary[8..20].copy_from_slice(&[0xff; 12]);
    [&wheel[..end], &records, &ordinary].concat()
}

#[test]
fn a_zip64_end_is_read_and_its_lies_are_refused() {
    assert_eq!(read_from(with_zip64_end(|_| {})).as_deref(), Ok(METADATA));
    type Lie = fn(&mut [u8; 76]);
    let lies: [(&str, Lie, WheelError); 8] = [
        (
            "more entries",
            |end| end[24..40].copy_from_slice(&[9; 16]),
            WheelError::TooManyEntries { got: 0x0909_0909_0909_0909 },
        ),
        ("a larger directory", |end| end[46] = 1, WheelError::Gap),
        ("a directory elsewhere", |end| end[48] ^= 1, WheelError::Gap),
        ("a directory that wraps", |end| end[48..56].fill(0xff), WheelError::Gap),
        ("an end record elsewhere", |end| end[64] ^= 1, WheelError::NoEnd),
        ("room for hidden data", |end| end[4] += 1, WheelError::NoEnd),
        ("several disks", |end| end[72] = 2, WheelError::SeveralDisks),
        ("other numbers of entries", |end| end[24] = 2, WheelError::SeveralDisks),
    ];
    for (what, lie, error) in lies {
        assert_eq!(read_from(with_zip64_end(lie)), Err(error), "{what}");
    }
}

/// One fault per wheel, and the error that it must give.
#[test]
fn hostile_wheels_are_refused_in_our_own_words() {
    let two_files = || archive(&[(PATH, METADATA), ("demo_pkg-1.0.dist-info/METADATB", b"Name: x")]);
    let bomb = |bytes: u64| {
        built(|writer| {
            writer.start_file(PATH, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
            writer.write_all(METADATA).unwrap();
            std::io::copy(&mut std::io::Read::take(std::io::repeat(b'\n'), bytes), writer).unwrap();
        })
    };
    let central = |at, bytes: &[u8]| patched(honest(), CENTRAL, 1, at, bytes);
    let local = |at, bytes: &[u8]| patched(honest(), LOCAL, 1, at, bytes);
    let both = |at: usize, bytes: &[u8]| patched(central(at, bytes), LOCAL, 1, at - 2, bytes);
    let metadata_at = (places(&honest(), LOCAL)[1] as u32).to_le_bytes();
    let symlink = built(|writer| writer.add_symlink(PATH, "/etc/passwd", stored()).unwrap());
    let cases: Vec<(&str, Vec<u8>, WheelError)> = vec![
        ("an empty archive", built(|_| {}), WheelError::Missing),
        ("no METADATA", archive(&[("demo_pkg-1.0.dist-info/RECORD", b"")]), WheelError::Missing),
        ("METADATA in a folder below", archive(&[("x/demo_pkg-1.0.dist-info/METADATA", METADATA)]), WheelError::Missing),
        ("a leading ./", archive(&[("./demo_pkg-1.0.dist-info/METADATA", METADATA)]), WheelError::Missing),
        ("two folders", archive(&[(PATH, METADATA), ("demo_pkg-1.1.dist-info/METADATA", b"")]), WheelError::SeveralFolders),
        ("two spellings", archive(&[(PATH, METADATA), ("Demo_Pkg-1.0.dist-info/METADATA", b"")]), WheelError::SeveralFolders),
        ("another project", archive(&[("demo-1.0.dist-info/METADATA", METADATA)]), WheelError::FolderDisagrees),
        ("another version", archive(&[("demo_pkg-1.0.1.dist-info/METADATA", METADATA)]), WheelError::FolderDisagrees),
        ("no version", archive(&[("demo_pkg.dist-info/METADATA", METADATA)]), WheelError::FolderDisagrees),
        (
            "two METADATA",
            replaced(replaced(two_files(), b"METADATB", b"METADATA", 1), b"METADATB", b"METADATA", 0),
            WheelError::DuplicateNames,
        ),
        ("a folder of that name", archive(&[("demo_pkg-1.0.dist-info/METADATA/", b"")]), WheelError::Missing),
        ("a symbolic link", symlink, WheelError::Unreadable),
        ("encrypted", both(8, &[1, 0]), WheelError::Unreadable),
        ("an unknown compression", both(10, &[93, 0]), WheelError::Unreadable),
        ("claims 4 GiB", both(24, &[0xfe, 0xff, 0xff, 0xff]), WheelError::TooLarge),
        ("claims 4 GiB compressed", both(20, &[0xfe, 0xff, 0xff, 0xff]), WheelError::TooLarge),
        ("an honest bomb", bomb(limits::METADATA_BYTES), WheelError::TooLarge),
        (
            "a bomb that claims little",
            {
                let wheel = bomb(limits::METADATA_BYTES);
                patched(patched(wheel, CENTRAL, 0, 24, &[9, 0, 0, 0]), LOCAL, 0, 22, &[9, 0, 0, 0])
            },
            WheelError::Damaged,
        ),
        ("claims less than there is", both(24, &[5, 0, 0, 0]), WheelError::Damaged),
        ("claims more than there is", both(24, &[0, 1, 0, 0]), WheelError::Damaged),
        ("another check sum", both(16, &[1, 2, 3, 4]), WheelError::Damaged),
        ("a damaged byte", replaced(honest(), b"six", b"sex", 0), WheelError::Damaged),
        ("another size in its own header", local(22, &[1, 0, 0, 0]), WheelError::Malformed),
        ("another name in its own header", replaced(honest(), b"METADATA", b"METADATB", 0), WheelError::Malformed),
        ("another name in the table", replaced(honest(), b"METADATA", b"METADATB", 1), WheelError::Missing),
        ("its header is elsewhere", central(42, &[1, 0, 0, 0]), WheelError::Overlap),
        ("its header is behind the end", central(42, &[0xf0, 0xff, 0xff, 0]), WheelError::Overlap),
        ("another entry on the same bytes", patched(honest(), CENTRAL, 0, 42, &metadata_at), WheelError::Overlap),
        ("it reaches into the table", both(20, &[0, 2, 0, 0]), WheelError::Overlap),
    ];
    for (what, wheel, error) in cases {
        assert_eq!(read_from(&wheel), Err(error), "{what}");
    }
}

/// What one reader sees and another does not must not be there.
#[test]
fn archives_that_readers_read_differently_are_refused() {
    let end = |at, bytes: &[u8]| patched(honest(), END, 0, at, bytes);
    let mut commented = end(20, &[4, 0]);
    commented.extend_from_slice(b"note");
    let inner_end = honest()[places(&honest(), END)[0]..].to_vec();
    let mut second_end = end(20, &[22, 0]);
    second_end.extend_from_slice(&inner_end);
    let other = "demo_pkg-1.0.dist-info/METADATB";
    let twice = replaced(archive(&[(PATH, METADATA), (other, b"x")]), b"METADATB", b"METADATA", 1);
    let uncounted = patched(replaced(twice, b"METADATB", b"METADATA", 0), END, 0, 8, &[1, 0, 1, 0]);
    let cut_short = archive(&[(PATH, METADATA), ("demo_pkg-1.0.dist-info/METADATA\0", b"x")]);
    let backslash = archive(&[(PATH, METADATA), ("demo_pkg-1.0.dist-info\\METADATA", b"x")]);
    let second_name = with_extra_field(b"\x75\x70\x06\0\x01\0\0\0\0x");
    let cut_field = with_extra_field(b"\x99\x99\xff\0");
    let cases: Vec<(&str, Vec<u8>, WheelError)> = vec![
        ("nothing", vec![], WheelError::NoEnd),
        ("text", b"this is no archive, but longer than an end record".to_vec(), WheelError::NoEnd),
        ("a second METADATA that is not counted", uncounted, WheelError::Malformed),
        ("a name that Python cuts short", cut_short, WheelError::SecondName),
        ("a name that is another one on Windows", backslash, WheelError::DuplicateNames),
        ("a second name", second_name, WheelError::SecondName),
        ("an extra field that ends too early", cut_field, WheelError::SecondName),
        ("a comment", commented, WheelError::NoEnd),
        ("an end record in the comment", second_end, WheelError::Gap),
        ("a byte behind", [honest(), vec![0]].concat(), WheelError::NoEnd),
        ("a byte before", [vec![0], honest()].concat(), WheelError::Gap),
        ("another archive before", [honest(), honest()].concat(), WheelError::Gap),
        ("a script before", [b"#!/bin/sh\n".to_vec(), honest()].concat(), WheelError::Gap),
        ("more entries than there are", end(8, &[4, 0, 4, 0]), WheelError::Malformed),
        ("several disks", end(4, &[1, 0]), WheelError::SeveralDisks),
        ("entries on other disks", end(8, &[2, 0]), WheelError::SeveralDisks),
        ("a directory elsewhere", end(16, &[1, 0, 0, 0]), WheelError::Gap),
        ("ZIP64 without its records", end(16, &[0xff, 0xff, 0xff, 0xff]), WheelError::NoEnd),
        ("a damaged table", patched(honest(), CENTRAL, 1, 0, b"XX"), WheelError::Malformed),
    ];
    for (what, wheel, error) in cases {
        assert_eq!(read_from(&wheel), Err(error), "{what}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    let wheel = honest();
    for length in 0..wheel.len() {
        assert!(read_from(&wheel[..length]).is_err(), "{length}");
    }
}

#[test]
fn the_number_of_entries_is_limited_before_they_are_read() {
    let claims = |entries: u64| {
        with_zip64_end(|end| {
            end[24..32].copy_from_slice(&entries.to_le_bytes());
            end[32..40].copy_from_slice(&entries.to_le_bytes());
        })
    };
    let got = limits::WHEEL_ENTRIES + 1;
    assert_eq!(read_from(claims(got)), Err(WheelError::TooManyEntries { got }));
    assert_eq!(read_from(claims(limits::WHEEL_ENTRIES)), Err(WheelError::Malformed), "allowed, but they are not there");
}

#[test]
fn a_wheel_with_as_many_entries_as_allowed_is_read() {
    let wheel = built(|writer| {
        for number in 1..limits::WHEEL_ENTRIES {
            writer.start_file(format!("demo_pkg/{number}"), stored()).unwrap();
        }
        writer.start_file(PATH, stored()).unwrap();
        writer.write_all(METADATA).unwrap();
    });
    assert_eq!(read_from(wheel).as_deref(), Ok(METADATA));
}

#[test]
fn metadata_must_be_that_of_the_wheels_project_and_version() {
    let cases: [(&[u8], Result<(), WheelError>); 20] = [
        (METADATA, Ok(())),
        (b"Metadata-Version: 2.1\r\nName: demo-pkg\r\nVersion: 1.0\r\n", Ok(())),
        (b"name: DEMO_PKG\nversion: 1\nmetadata-version: 2.4", Ok(())),
        (b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nDescription: a\n b\n\tc\n\nName: other", Ok(())),
        (b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nAuthor: \xe9\n", Ok(())),
        (b"", Err(WheelError::NotOne("Metadata-Version"))),
        (b"\nMetadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n", Err(WheelError::NotOne("Metadata-Version"))),
        (b"Metadata-Version: 2.1\nVersion: 1.0\n", Err(WheelError::NotOne("Name"))),
        (b"Metadata-Version: 2.1\nName: demo-pkg\n\nVersion: 1.0\n", Err(WheelError::NotOne("Version"))),
        (b"Metadata-Version: 2.1\nName: demo-pkg\nname: other\nVersion: 1.0\n", Err(WheelError::NotOne("Name"))),
        (b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nVersion: 1.0\n", Err(WheelError::NotOne("Version"))),
        (b"Metadata-Version: 2.1\nName: \xe9\nVersion: 1.0\n", Err(WheelError::NotOne("Name"))),
        (b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n", Err(WheelError::OtherProject)),
        (b"Metadata-Version: 2.1\nName: a b\nVersion: 1.0\n", Err(WheelError::OtherProject)),
        (b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0.1\n", Err(WheelError::OtherVersion)),
        (b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: one\n", Err(WheelError::OtherVersion)),
        (b" Metadata-Version: 2.1\n", Err(WheelError::Headers)),
        (b"Metadata-Version 2.1\n", Err(WheelError::Headers)),
        (b"Meta data: 2.1\n", Err(WheelError::Headers)),
        (b"Summary: a\rName: other\nMetadata-Version: 2.1\n", Err(WheelError::Headers)),
    ];
    for (metadata, expected) in cases {
        assert_eq!(check_metadata(metadata, &name()), expected, "{}", String::from_utf8_lossy(metadata));
    }
    let many = [&METADATA[..METADATA.len() - 8], &b"Keywords: a\n".repeat(limits::METADATA_HEADERS)].concat();
    assert_eq!(check_metadata(&many, &name()), Err(WheelError::Headers));
    assert_eq!(check_metadata(&vec![b'\n'; limits::METADATA_BYTES as usize + 1], &name()), Err(WheelError::TooLarge));
    assert_eq!(read_from(archive(&[(PATH, b"Metadata-Version: 2.1\nName: other\n")])), Err(WheelError::OtherProject));
}

proptest! {
    /// Whatever is done to a wheel: no panic, and what comes out is an error or what installers find in it.
    #[test]
    fn a_changed_wheel_gives_its_metadata_or_an_error(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut wheel = honest();
        for (place, byte) in changes {
            *place.get_mut(&mut wheel) = byte;
        }
        if let Ok(found) = read_from(&wheel) {
            prop_assert_eq!(&found[..], METADATA);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_wheel(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read_from(&bytes).is_err());
    }
}
