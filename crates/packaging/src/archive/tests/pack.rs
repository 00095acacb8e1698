//! Source distributions, honest and hostile, block by block.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

pub(super) const PKG_INFO: &[u8] = b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nRequires-Python: >=3.9\n\nAbout.\n";
pub(super) const PKG_INFO_PATH: &str = "demo_pkg-1.0/PKG-INFO";

/// One header block with its content behind it.
#[derive(Clone)]
pub(super) struct Block {
    header: [u8; 512],
    content: Vec<u8>,
}

impl Block {
    /// An entry of a kind, as POSIX has it.
    pub(super) fn new(kind: u8, path: &str, target: &str, content: &[u8]) -> Self {
        let mut block = Self { header: [0; 512], content: content.to_vec() };
        block.put(0, path.as_bytes());
        block.put(100, b"0000644\0");
        block.put(108, b"0000000\0");
        block.put(116, b"0000000\0");
        block.put(124, format!("{:011o}\0", content.len()).as_bytes());
        block.put(136, b"00000000000\0");
        block.put(156, &[kind]);
        block.put(157, target.as_bytes());
        block.put(257, b"ustar\x0000");
        block
    }

    pub(super) fn file(path: &str, content: &[u8]) -> Self {
        Self::new(b'0', path, "", content)
    }

    /// Overwrites bytes of the header.
    pub(super) fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.put(at, bytes);
        self
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.header[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn written(mut self) -> Vec<u8> {
        self.put(148, b"        ");
        let sum: u32 = self.header.iter().map(|byte| u32::from(*byte)).sum();
        self.put(148, format!("{sum:06o}\0 ").as_bytes());
        let padding = vec![0; self.content.len().wrapping_neg() % 512];
        [&self.header[..], &self.content, &padding].concat()
    }
}

/// A record of a pax header.
pub(super) fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

pub(super) fn folder() -> Block {
    Block::new(b'5', "demo_pkg-1.0/", "", b"")
}

pub(super) fn pkg_info() -> Block {
    Block::file(PKG_INFO_PATH, PKG_INFO)
}

/// A tar file of these blocks, with its end.
pub(super) fn tar(blocks: impl IntoIterator<Item = Block>) -> Vec<u8> {
    let mut tar = blocks.into_iter().map(Block::written).collect::<Vec<_>>().concat();
    tar.extend([0; 1024]);
    tar
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A source distribution of the usual folder and `PKG-INFO`, and these blocks.
pub(super) fn sdist(blocks: impl IntoIterator<Item = Block>) -> Vec<u8> {
    gzip(&tar([folder(), pkg_info()].into_iter().chain(blocks)))
}
