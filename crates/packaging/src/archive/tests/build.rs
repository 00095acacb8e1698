//! Wheels, honest and hostile.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) const METADATA: &[u8] = b"Metadata-Version: 2.1\nName: Demo.Pkg\nVersion: 1.0\nRequires-Dist: six\n\nAbout.\n";
pub(super) const PATH: &str = "demo_pkg-1.0.dist-info/METADATA";

pub(super) fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

/// An archive with these entries, in this order.
pub(super) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    built(|writer| {
        for (path, content) in entries {
            writer.start_file(*path, stored()).unwrap();
            writer.write_all(content).unwrap();
        }
    })
}

pub(super) fn built(build: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    build(&mut writer);
    writer.finish().unwrap().into_inner()
}

/// A wheel as build tools make them.
pub(super) fn honest() -> Vec<u8> {
    archive(&[("demo_pkg/__init__.py", b"x = 1\n"), (PATH, METADATA), ("demo_pkg-1.0.dist-info/RECORD", b"")])
}

/// The places of a signature.
pub(super) fn places(archive: &[u8], signature: &[u8]) -> Vec<usize> {
    archive.windows(signature.len()).enumerate().filter(|(_, window)| *window == signature).map(|(at, _)| at).collect()
}

/// Replaces the first occurrence of a text by another of the same length.
pub(super) fn replaced(mut archive: Vec<u8>, old: &[u8], new: &[u8], nth: usize) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = places(&archive, old)[nth];
    archive[at..at + new.len()].copy_from_slice(new);
    archive
}
