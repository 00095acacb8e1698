//! What an index demands of a distribution that somebody uploads.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use super::core_metadata::CoreMetadata;
use super::fault::{ArchiveFault, PathFault};
use super::sdist;
use super::tree::{EntryPath, Kind, Tree, shown};
use super::wheel::{self, Wheel, WheelError};
use crate::{DistributionKind, FileName, limits};

/// Bit 11 of an entry's general purpose flags (APPNOTE 4.4.4).
const NAME_IS_UTF8: u16 = 1 << 11;

/// How much an archive may be. The defaults are those of [`limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes that it expands to, see [`limits::EXPANDED_BYTES`].
    pub expanded_bytes: u64,
    /// How many times its own size that may be, see [`limits::EXPANSION`].
    pub expansion: u64,
    /// Most entries, see [`limits::WHEEL_ENTRIES`].
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { expanded_bytes: limits::EXPANDED_BYTES, expansion: limits::EXPANSION, entries: limits::WHEEL_ENTRIES }
    }
}

impl Limits {
    /// Most bytes that an archive of this size may expand to.
    pub(super) fn expanded_bytes_of(&self, packed_bytes: u64) -> u64 {
        packed_bytes.saturating_mul(self.expansion).max(limits::EXPANDED_FREE_BYTES).min(self.expanded_bytes)
    }
}

/// What was found in a distribution that may be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// What its core metadata say; they belong to its file name.
    pub metadata: CoreMetadata,
    /// What may be served beside it, byte for byte (PEP 658): a wheel's `METADATA`; a source distribution's `PKG-INFO` where its
    /// dependencies are [fixed](super::Dependencies::Fixed). pip resolves with what is served there and never compares it with
    /// what it builds.
    pub core_metadata: Option<Vec<u8>>,
    /// How many entries the archive has.
    pub entries: u64,
    /// To how many bytes it expands.
    pub expanded_bytes: u64,
}

/// Looks through a whole distribution. All that installers will find in it was read once when this returns, check sums included.
/// Blocks, for up to a second per 300 MB of content.
///
/// # Errors
/// See [`ArchiveFault`]: its words are for the uploader.
pub fn inspect(reader: impl Read + Seek, name: &FileName, allowed: &Limits) -> Result<Inspected, ArchiveFault> {
    match name.kind() {
        DistributionKind::Wheel => inspect_wheel(reader, name, allowed),
        DistributionKind::Sdist => sdist::inspect(reader, name, allowed),
    }
}

fn inspect_wheel(mut reader: impl Read + Seek, name: &FileName, allowed: &Limits) -> Result<Inspected, ArchiveFault> {
    let packed_bytes = reader.seek(SeekFrom::End(0)).map_err(WheelError::from)?;
    let Wheel { mut archive, directory } = Wheel::open(reader)?;
    let index = wheel::find(&archive, name)?;
    let folder = folder_of(&archive, index);
    for file in ["WHEEL", "RECORD"] {
        archive.index_for_name(&format!("{folder}{file}")).ok_or(ArchiveFault::MissingFile(file))?;
    }
    let expanded_bytes = check_entries(&archive, allowed, allowed.expanded_bytes_of(packed_bytes))?;
    archive.validate_header_consistency().map_err(wheel::own_words)?;
    let core_metadata = wheel::read(&mut archive, index, &directory)?;
    let metadata =
        CoreMetadata::of(&core_metadata, name).map_err(|fault| ArchiveFault::Metadata { file: "METADATA", fault })?;
    for index in 0..archive.len() {
        expand(&mut archive, index)?;
    }
    Ok(Inspected { metadata, core_metadata: Some(core_metadata), entries: archive.len() as u64, expanded_bytes })
}

/// The `.dist-info` folder that has this `METADATA`, with a slash.
fn folder_of<R: Read + Seek>(archive: &ZipArchive<BufReader<R>>, metadata: usize) -> String {
    let path = archive.name_for_index(metadata).and_then(Result::ok).unwrap_or_default();
    path.strip_suffix("METADATA").unwrap_or_default().to_owned()
}

/// Checks all that the table of contents says about entries, and how much they expand to together.
fn check_entries<R: Read + Seek>(archive: &ZipArchive<R>, allowed: &Limits, most: u64) -> Result<u64, ArchiveFault> {
    let mut tree = Tree::new(allowed.entries);
    let mut expanded_bytes = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(wheel::own_words)?;
        let raw = entry.name_raw();
        let path = EntryPath::parse(raw)?;
        // Without its mark, a name that is not ASCII is read in a code page of 1981, or as UTF-8.
        if !raw.is_ascii() && entry.flags().as_u16() & NAME_IS_UTF8 == 0 {
            return Err(ArchiveFault::Path { path: shown(raw), fault: PathFault::NotUtf8 });
        }
        let kind = if path.ends_with_slash() { Kind::Folder } else { Kind::File };
        check_mode(entry.unix_mode(), kind, raw)?;
        if entry.encrypted() || !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(ArchiveFault::Unreadable { path: shown(raw) });
        }
        if kind == Kind::Folder && entry.size() > 0 {
            return Err(ArchiveFault::NoFile { path: shown(raw), found: "a folder with content" });
        }
        tree.add(&path, kind)?;
        expanded_bytes = expanded_bytes.saturating_add(entry.size());
    }
    if expanded_bytes > most {
        return Err(ArchiveFault::TooLarge { most });
    }
    tree.finish()?;
    Ok(expanded_bytes)
}

/// Checks the kind of file in the mode of Unix, if there is one: that of the path.
fn check_mode(mode: Option<u32>, kind: Kind, path: &[u8]) -> Result<(), ArchiveFault> {
    let found = match (mode.map_or(0, |mode| mode & 0o170_000), kind) {
        (0, _) | (0o100_000, Kind::File) | (0o040_000, Kind::Folder) => return Ok(()),
        (0o120_000, _) => "a symbolic link",
        (0o100_000 | 0o040_000, _) => "a file by one sign and a folder by another",
        _ => "a device, pipe or socket",
    };
    Err(ArchiveFault::NoFile { path: shown(path), found })
}

/// Expands an entry to nothing, so that its length and check sum are known to be right.
fn expand<R: Read + Seek>(archive: &mut ZipArchive<R>, index: usize) -> Result<(), ArchiveFault> {
    let entry = archive.by_index(index).map_err(wheel::own_words)?;
    let (size, path) = (entry.size(), shown(entry.name_raw()));
    match io::copy(&mut entry.take(size.saturating_add(1)), &mut io::sink()) {
        Ok(length) if length == size => Ok(()),
        Ok(_) => Err(ArchiveFault::DamagedEntry { path }),
        Err(error) if wheel::is_damage(&error) => Err(ArchiveFault::DamagedEntry { path }),
        Err(error) => Err(WheelError::from(error).into()),
    }
}
