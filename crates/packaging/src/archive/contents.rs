//! All members of an archive, one after the other, for who reads what is in them.

use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;

use super::fault::ArchiveFault;
use super::members::{Member, each_member};
use super::tree::EntryPath;
use super::wheel::{self, Wheel, WheelError};
use crate::{DistributionKind, FileName};

/// What is called for each member: its path, what it is, its permissions where the archive says them, and its bytes.
pub(super) type Visit<'a> = dyn FnMut(&EntryPath, &Member, Option<u32>, &mut dyn Read) -> Result<(), ArchiveFault> + 'a;

/// Calls for every member of an archive that [`inspect`](super::inspect()) accepted. `most` is to how many bytes it may expand:
/// between two looks a file may have become another one.
pub(super) fn each_entry(
    mut reader: impl Read + Seek,
    name: &FileName,
    most: u64,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveFault> {
    if name.kind() == DistributionKind::Wheel {
        return each_of_wheel(reader, most, visit);
    }
    reader.seek(SeekFrom::Start(0)).map_err(|error| ArchiveFault::Io(error.kind()))?;
    let expanded = GzDecoder::new(BufReader::with_capacity(1 << 16, reader)).take(most);
    each_member(expanded, visit)
}

fn each_of_wheel(reader: impl Read + Seek, most: u64, visit: &mut Visit<'_>) -> Result<(), ArchiveFault> {
    let Wheel { mut archive, .. } = Wheel::open(reader)?;
    let mut left = most;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(wheel::own_words)?;
        let path = EntryPath::parse(entry.name_raw())?;
        let member = if path.ends_with_slash() { Member::Folder } else { Member::File };
        let permissions = entry.unix_mode().map(|mode| mode & 0o7777);
        left = left.checked_sub(entry.size()).ok_or(ArchiveFault::TooLarge { most })?;
        let size = entry.size();
        visit(&path, &member, permissions, &mut entry.take(size))?;
    }
    Ok(())
}

/// What happened while a member was read, in the words of this module.
pub(super) fn unread(error: &std::io::Error) -> ArchiveFault {
    if wheel::is_damage(error) { ArchiveFault::Damaged } else { WheelError::Io(error.kind()).into() }
}
