//! Room on the disk that uploads must leave.

use std::path::{Path, PathBuf};

use crate::limits;

/// Room that uploads leave on the disk of an index, so that what was accepted can still be signed.
#[derive(Debug, Clone)]
pub struct Reserve {
    folder: PathBuf,
    bytes: u64,
}

/// An upload would take the room that must be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index has no room for this upload: its disk is full; tell whoever operates it")]
pub struct NoRoom;

impl Reserve {
    /// So many bytes of the file system that has this folder.
    #[must_use]
    pub fn new(folder: &Path, bytes: u64) -> Self {
        Self { folder: folder.to_owned(), bytes }
    }

    /// Whether so many bytes more leave the reserve untouched. Where the system does not say how much is free, writing will.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn check(&self, more: u64) -> Result<(), NoRoom> {
        match free_bytes(&self.folder) {
            Some(free) => self.leaves(free, more),
            None => Ok(()),
        }
    }

    fn leaves(&self, free: u64, more: u64) -> Result<(), NoRoom> {
        if self.bytes == 0 || free.saturating_sub(more) >= self.bytes { Ok(()) } else { Err(NoRoom) }
    }

    /// A watch over the bytes of one upload.
    pub(crate) fn watch(&self) -> Watch<'_> {
        Watch { reserve: self, unseen: 0 }
    }
}

/// Looks at the free space again and again while an upload comes.
pub(crate) struct Watch<'a> {
    reserve: &'a Reserve,
    /// Bytes since the last look.
    unseen: u64,
}

impl Watch<'_> {
    /// So many bytes come now.
    pub(crate) fn coming(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.unseen = self.unseen.saturating_add(bytes as u64);
        if self.unseen < limits::RESERVE_STEP {
            return Ok(());
        }
        self.unseen = 0;
        self.reserve.check(0)
    }
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_leaves_the_reserve_untouched() {
        let reserve = Reserve::new(Path::new("/"), 100);
        for (free, more, outcome) in
            [(100, 0, Ok(())), (99, 0, Err(NoRoom)), (150, 50, Ok(())), (150, 51, Err(NoRoom)), (0, u64::MAX, Err(NoRoom))]
        {
            assert_eq!(reserve.leaves(free, more), outcome, "{free} free, {more} more");
        }
        assert_eq!(Reserve::new(Path::new("/"), 0).leaves(0, 1), Ok(()), "no reserve");
    }

    #[test]
    #[cfg(unix)]
    fn the_disk_is_asked_and_where_it_does_not_say_writing_will() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Reserve::new(folder.path(), u64::MAX).check(0), Err(NoRoom));
        assert_eq!(Reserve::new(folder.path(), 1).check(u64::MAX), Err(NoRoom));
        assert_eq!(Reserve::new(folder.path(), 1).check(0), Ok(()));
        assert_eq!(Reserve::new(&folder.path().join("gone"), u64::MAX).check(0), Ok(()));
    }

    #[test]
    #[cfg(unix)]
    fn an_upload_without_a_length_is_stopped_on_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::new(folder.path(), u64::MAX);
        let mut watch = reserve.watch();
        let piece = 64 << 10;
        let until = limits::RESERVE_STEP / piece;
        for _ in 1..until {
            assert_eq!(watch.coming(piece as usize), Ok(()));
        }
        assert_eq!(watch.coming(piece as usize), Err(NoRoom));
    }
}
