//! Where a wheel's table of contents is, without any choice.
//!
//! A ZIP archive is read from its end, and readers differ in how hard they look for it: with bytes behind or before the
//! archive, or a second end record inside a comment, two of them can see two different archives in one file. So this
//! accepts only what all of them read alike: the file begins with the archive, the end record is at the very end (no
//! comment), the central directory lies directly before it and has exactly the entries that the end record counts (Python's
//! reader goes by the size, others by the count), and no entry has a second name.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::WheelError;
use crate::limits;

const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;

/// What the end of an archive says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directory {
    /// Where the central directory begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// How many entries it has.
    entries: u64,
}

/// Reads the end record (APPNOTE 4.3.16), or that of ZIP64 (4.3.14), and checks it against the file's length.
///
/// # Errors
/// [`WheelError::NoEnd`], [`SeveralDisks`](WheelError::SeveralDisks), [`Gap`](WheelError::Gap),
/// [`TooManyEntries`](WheelError::TooManyEntries), [`DirectoryTooLarge`](WheelError::DirectoryTooLarge),
/// [`Io`](WheelError::Io).
pub fn directory(reader: &mut (impl Read + Seek)) -> Result<Directory, WheelError> {
    let length = reader.seek(SeekFrom::End(0))?;
    let end_at = length.checked_sub(END_BYTES).ok_or(WheelError::NoEnd)?;
    let end = Record::<22>::read(reader, end_at)?;
    if end.number::<4>(0) != 0x0605_4b50 || end.number::<2>(20) != 0 {
        return Err(WheelError::NoEnd);
    }
    let (here, all) = (end.number::<2>(8), end.number::<2>(10));
    let (size, start) = (end.number::<4>(12), end.number::<4>(16));
    if end.number::<4>(4) != 0 || here != all {
        return Err(WheelError::SeveralDisks);
    }
    let wide = all == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff;
    let (entries, size, start, directory_end) = if wide { zip64(reader, end_at)? } else { (all, size, start, end_at) };
    if start.checked_add(size) != Some(directory_end) {
        return Err(WheelError::Gap);
    }
    if entries > limits::WHEEL_ENTRIES {
        return Err(WheelError::TooManyEntries { got: entries });
    }
    if size > limits::WHEEL_DIRECTORY_BYTES {
        return Err(WheelError::DirectoryTooLarge { got: size });
    }
    Ok(Directory { start, end: directory_end, entries })
}

/// Number of entries, size and start of the directory, and where it must end.
fn zip64(reader: &mut (impl Read + Seek), end_at: u64) -> Result<(u64, u64, u64, u64), WheelError> {
    let locator_at = end_at.checked_sub(LOCATOR_BYTES).ok_or(WheelError::NoEnd)?;
    let locator = Record::<20>::read(reader, locator_at)?;
    if locator.number::<4>(0) != 0x0706_4b50 {
        // 65 535 entries need no ZIP64; but then readers differ in what they make of it.
        return Err(WheelError::NoEnd);
    }
    let end_at = locator_at.checked_sub(END64_BYTES).ok_or(WheelError::NoEnd)?;
    let end = Record::<56>::read(reader, end_at)?;
    let same_place = locator.number::<8>(8) == end_at && end.number::<8>(4) == END64_BYTES - 12;
    if end.number::<4>(0) != 0x0606_4b50 || !same_place {
        return Err(WheelError::NoEnd);
    }
    let all = end.number::<8>(32);
    if end.number::<8>(16) != 0 || end.number::<8>(24) != all || locator.number::<4>(4) != 0 || locator.number::<4>(16) != 1 {
        return Err(WheelError::SeveralDisks);
    }
    Ok((all, end.number::<8>(40), end.number::<8>(48), end_at))
}

/// Walks over the directory: its entries fill it exactly, and each has one name, on which all readers agree.
pub(super) fn check_entries<R: Read + Seek>(reader: &mut BufReader<R>, directory: &Directory) -> Result<(), WheelError> {
    reader.seek(SeekFrom::Start(directory.start))?;
    let (mut left, mut variable) = (directory.end - directory.start, Vec::new());
    for _ in 0..directory.entries {
        let header = Record::<46>::next(reader)?;
        let [name, extra, comment] = [28, 30, 32].map(|at| header.number::<2>(at));
        left = left.checked_sub(46 + name + extra + comment).ok_or(WheelError::Malformed)?;
        if header.number::<4>(0) != 0x0201_4b50 {
            return Err(WheelError::Malformed);
        }
        variable.resize(usize::try_from(name + extra).map_err(|_| WheelError::Malformed)?, 0);
        reader.read_exact(&mut variable)?;
        reader.seek_relative(comment.cast_signed())?;
        let (name, extra) = variable.split_at(usize::try_from(name).map_err(|_| WheelError::Malformed)?);
        if name.contains(&0) || has_second_name(extra) {
            return Err(WheelError::SecondName);
        }
    }
    if left == 0 { Ok(()) } else { Err(WheelError::Malformed) }
}

/// Whether the extra fields (APPNOTE 4.5) have the one with a name in Unicode, which old readers do not know, or end too early.
fn has_second_name(mut extra: &[u8]) -> bool {
    while let [tag_low, tag_high, size_low, size_high, rest @ ..] = extra {
        let Some(next) = rest.get(usize::from(u16::from_le_bytes([*size_low, *size_high]))..) else { return true };
        if u16::from_le_bytes([*tag_low, *tag_high]) == 0x7075 {
            return true;
        }
        extra = next;
    }
    false
}

struct Record<const N: usize>([u8; N]);

impl<const N: usize> Record<N> {
    fn read(reader: &mut (impl Read + Seek), at: u64) -> Result<Self, WheelError> {
        reader.seek(SeekFrom::Start(at))?;
        Self::next(reader)
    }

    fn next(reader: &mut impl Read) -> Result<Self, WheelError> {
        let mut bytes = [0; N];
        reader.read_exact(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The little-endian number of this many bytes at a place.
    fn number<const BYTES: usize>(&self, at: usize) -> u64 {
        let bytes = self.0.iter().skip(at).take(BYTES).rev();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
