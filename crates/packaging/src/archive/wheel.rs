//! `METADATA` out of a wheel.
//!
//! What comes out is what every installer finds in the wheel, or an error: a wheel that two readers could read differently
//! is refused ([`directory`]).

use std::io::{self, BufReader, Read, Seek};

use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive, ZipReadOptions};

use super::core_metadata::check_metadata;
use super::directory::{Directory, check_entries, directory};
use crate::{FileName, ProjectName, Version, limits};

const LOCAL_HEADER_BYTES: u64 = 30;

/// Why there is no `METADATA` to be had from a wheel. None of it contains text out of the wheel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WheelError {
    /// The file does not end as a ZIP archive without comment does.
    #[error("the wheel does not end with the end record of a ZIP archive without comment")]
    NoEnd,
    /// The archive claims to be one of several disks.
    #[error("the wheel is a part of a ZIP archive on several disks")]
    SeveralDisks,
    /// There are bytes before the archive or between its table of contents and its end.
    #[error("the wheel's table of contents is not where its end record says, or bytes are before or behind it")]
    Gap,
    /// The table of contents or an entry is malformed, or they contradict each other.
    #[error("the wheel is malformed, or its table of contents disagrees with its entries")]
    Malformed,
    /// More than [`limits::WHEEL_ENTRIES`].
    #[error("the wheel has {got} entries, allowed are {}", limits::WHEEL_ENTRIES)]
    TooManyEntries {
        /// What it claims.
        got: u64,
    },
    /// More than [`limits::WHEEL_DIRECTORY_BYTES`].
    #[error("the wheel's table of contents has {got} bytes, allowed are {}", limits::WHEEL_DIRECTORY_BYTES)]
    DirectoryTooLarge {
        /// What it claims.
        got: u64,
    },
    /// Two entries have one name: installers differ in which they take.
    #[error("the wheel has two entries with one name")]
    DuplicateNames,
    /// An entry has a second name, or one that some readers cut short.
    #[error("the wheel has an entry whose name is not the same for all readers")]
    SecondName,
    /// An entry's bytes overlap another's, or the table of contents.
    #[error("entries of the wheel overlap")]
    Overlap,
    /// No `*.dist-info/METADATA`.
    #[error("the wheel has no .dist-info/METADATA")]
    Missing,
    /// More than one `.dist-info` folder.
    #[error("the wheel has more than one .dist-info folder")]
    SeveralFolders,
    /// The `.dist-info` folder is named for another project or version than the wheel.
    #[error("the wheel's .dist-info folder is not that of the project and version in its file name")]
    FolderDisagrees,
    /// `METADATA` is encrypted, a symbolic link, or compressed in a way that installers do not know.
    #[error("the wheel's METADATA is encrypted, a link, or neither stored nor deflated")]
    Unreadable,
    /// More than [`limits::METADATA_BYTES`], compressed or expanded.
    #[error("the wheel's METADATA has more than {} bytes", limits::METADATA_BYTES)]
    TooLarge,
    /// It expands to another length or check sum than its entry says.
    #[error("the wheel's METADATA is damaged: its length or check sum is not the one that the wheel says")]
    Damaged,
    /// Its header lines cannot be read.
    #[error("the METADATA's headers are malformed")]
    Headers,
    /// `Metadata-Version`, `Name` or `Version` is missing or stands there twice.
    #[error("the METADATA does not have exactly one {0}")]
    NotOne(&'static str),
    /// `Name` is another project.
    #[error("the METADATA names another project than the wheel's file name")]
    OtherProject,
    /// `Version` is another version.
    #[error("the METADATA names another version than the wheel's file name")]
    OtherVersion,
    /// The file cannot be read.
    #[error("the wheel cannot be read: {0}")]
    Io(io::ErrorKind),
}

impl From<io::Error> for WheelError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Malformed,
            kind => Self::Io(kind),
        }
    }
}

/// The `METADATA` of a wheel that is here, checked to be the one of its project and version. Blocks.
///
/// # Errors
/// See [`WheelError`].
pub fn metadata(wheel: impl Read + Seek, name: &FileName) -> Result<Vec<u8>, WheelError> {
    let Wheel { mut archive, directory } = Wheel::open(wheel)?;
    let index = find(&archive, name)?;
    let bytes = read(&mut archive, index, &directory)?;
    check_metadata(&bytes, name)?;
    Ok(bytes)
}

/// A wheel whose table of contents all readers find and read alike.
pub(super) struct Wheel<R> {
    pub(super) archive: ZipArchive<BufReader<R>>,
    pub(super) directory: Directory,
}

impl<R: Read + Seek> Wheel<R> {
    pub(super) fn open(wheel: R) -> Result<Self, WheelError> {
        let mut wheel = BufReader::with_capacity(1 << 16, wheel);
        let directory = directory(&mut wheel)?;
        check_entries(&mut wheel, &directory)?;
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let archive = ZipArchive::with_config(config, wheel).map_err(own_words)?;
        if archive.central_directory_start() != directory.start {
            return Err(WheelError::Gap);
        }
        if archive.has_duplicate_names() {
            return Err(WheelError::DuplicateNames);
        }
        Ok(Self { archive, directory })
    }
}

/// The place of the one `METADATA`. A `\` counts as `/`, as it does for Python on Windows.
pub(super) fn find<R: Read + Seek>(archive: &ZipArchive<R>, name: &FileName) -> Result<usize, WheelError> {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let mut found: Option<(&[u8], Option<usize>)> = None;
    for (index, path) in archive.file_names_raw().enumerate() {
        let Some(end) = path.iter().position(is_separator) else { continue };
        let (folder, file) = path.split_at(end);
        if !folder.ends_with(b".dist-info") {
            continue;
        }
        let (first, metadata) = found.get_or_insert((folder, None));
        if *first != folder {
            return Err(WheelError::SeveralFolders);
        }
        match (file, &metadata) {
            (b"/METADATA", None) => *metadata = Some(index),
            (b"/METADATA" | b"\\METADATA", _) => return Err(WheelError::DuplicateNames),
            _ => {}
        }
    }
    let (folder, metadata) = found.ok_or(WheelError::Missing)?;
    if !is_folder_of(folder, name) {
        return Err(WheelError::FolderDisagrees);
    }
    metadata.ok_or(WheelError::Missing)
}

/// Whether `{name}-{version}.dist-info` is that of this wheel: equal when normalised, as the wheel format says.
fn is_folder_of(folder: &[u8], name: &FileName) -> bool {
    let parts = std::str::from_utf8(folder).ok().and_then(|text| text.strip_suffix(".dist-info")?.rsplit_once('-'));
    parts.is_some_and(|(project, version)| {
        project.parse::<ProjectName>().as_ref() == Ok(name.project())
            && version.parse::<Version>().ok().as_ref() == Some(name.version())
    })
}

/// The bytes of the `METADATA` at this place.
pub(super) fn read<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    directory: &Directory,
) -> Result<Vec<u8>, WheelError> {
    let entry = archive.by_index_data(index).map_err(own_words)?;
    let (size, compressed) = (entry.size(), entry.compressed_size());
    let known = matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated);
    if entry.encrypted() || entry.is_symlink() || !known {
        return Err(WheelError::Unreadable);
    }
    if size > limits::METADATA_BYTES || compressed > limits::METADATA_BYTES {
        return Err(WheelError::TooLarge);
    }
    if !stands_alone(archive, index, directory)? {
        return Err(WheelError::Overlap);
    }
    let consistent = ZipReadOptions::new().enforce_header_consistency(true);
    let entry = archive.by_index_with_options(index, consistent).map_err(own_words)?;
    let mut bytes = Vec::new();
    // One byte more than it claims, so that a longer one is seen; the check sum is compared at the end of the entry.
    match entry.take(size + 1).read_to_end(&mut bytes) {
        Ok(read) if read as u64 == size => Ok(bytes),
        Ok(_) => Err(WheelError::Damaged),
        Err(error) if is_damage(&error) => Err(WheelError::Damaged),
        Err(error) => Err(error.into()),
    }
}

/// Whether an entry's bytes are nobody else's: not in the table of contents, and no other entry begins or ends in them.
fn stands_alone<R: Read + Seek>(archive: &ZipArchive<R>, index: usize, directory: &Directory) -> Result<bool, WheelError> {
    // Without extra fields, which can be longer there than in the table of contents: the least that an entry occupies.
    let place = |index| {
        let entry = archive.by_index_data(index).map_err(own_words)?;
        let header = LOCAL_HEADER_BYTES + entry.name_raw().len() as u64;
        let end = entry.header_start().checked_add(header).and_then(|end| end.checked_add(entry.compressed_size()));
        Ok::<_, WheelError>(entry.header_start()..end.ok_or(WheelError::Overlap)?)
    };
    let ours = place(index)?;
    for other in (0..archive.len()).filter(|other| *other != index) {
        let other = place(other)?;
        if other.start < ours.end && ours.start < other.end {
            return Ok(false);
        }
    }
    Ok(ours.end <= directory.start)
}

/// The archive's reader speaks of many things; here they are one, except for trouble with the file itself.
pub(super) fn own_words(error: ZipError) -> WheelError {
    match error {
        ZipError::Io(error) => error.into(),
        _ => WheelError::Malformed,
    }
}

/// Whether reading an entry failed because of what it is, and not because the file cannot be read.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}
