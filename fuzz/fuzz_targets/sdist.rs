//! Source distributions: what is accepted is what another, lenient reader finds as well, and stays in its folder.
//!
//! The input is the tar file, so that the fuzzer need not guess check sums; a seed that begins as gzip is taken as it is.
#![no_main]

use std::io::{Cursor, Read as _, Write as _};

use affineur_packaging::FileName;
use affineur_packaging::archive::difference::{difference, whole};
use affineur_packaging::archive::{CoreMetadata, Limits, inspect};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let name: FileName = "demo_pkg-1.0.tar.gz".parse().expect("a file name");
    let packed = if bytes.starts_with(b"\x1f\x8b") { bytes.to_vec() } else { gzip(&with_sums(bytes)) };
    let Ok(found) = inspect(Cursor::new(&packed), &name, &Limits::default()) else { return };
    let (packed_cursor, allowed) = (|| Cursor::new(&packed), Limits::default());
    let nothing = difference(packed_cursor(), &name, packed_cursor(), &name, &allowed).expect("two archives that were accepted");
    assert!(nothing.members.is_empty() && nothing.lines() == 0 && nothing.same <= found.entries);
    assert!(whole(packed_cursor(), &name, &allowed).expect("it was accepted") >= 1);
    let mut lenient = tar::Archive::new(GzDecoder::new(&packed[..]));
    let mut entries = 0;
    let mut pkg_info = None;
    for entry in lenient.entries().expect("a tar file") {
        let mut entry = entry.expect("a lenient reader reads what a strict one does");
        if entry.header().entry_type().is_pax_global_extensions() {
            continue;
        }
        entries += 1;
        let path = String::from_utf8(entry.path_bytes().into_owned()).expect("UTF-8");
        assert!(!path.starts_with('/') && path.split('/').all(|segment| segment != ".."), "{path}");
        if path.split_once('/').is_some_and(|(_, below)| below == "PKG-INFO") {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).expect("it is whole");
            assert!(pkg_info.replace(text).is_none(), "two PKG-INFO");
        }
    }
    assert_eq!(entries, found.entries);
    assert_eq!(CoreMetadata::parse(&pkg_info.expect("a PKG-INFO")), Ok(found.metadata));
});

/// The same tar file with the check sums that its headers should have.
fn with_sums(bytes: &[u8]) -> Vec<u8> {
    let mut tar = bytes.to_vec();
    let mut at = 0;
    while let Some(block) = tar.get_mut(at..at + 512).filter(|block| block.iter().any(|byte| *byte != 0)) {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size =
            str::from_utf8(&block[124..135]).ok().and_then(|size| usize::from_str_radix(size, 8).ok()).unwrap_or_default();
        at = at.saturating_add(512).saturating_add(size.next_multiple_of(512)).min(tar.len());
    }
    tar
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
