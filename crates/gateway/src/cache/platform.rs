//! What differs between platforms when files are read and kept: the only place of this module that knows.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use bytes::Bytes;

/// What changes when a file is written to, replaced or touched: nobody can set `ctime` back.
///
/// A change within the same tick of the file system's clock (at most 10 ms) as our own look at the file can be missed. Only the
/// owner could make one, who could change this process as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity([i128; 5]);

#[cfg(unix)]
mod here {
    use super::{Bytes, File, Identity, Metadata, Path, io};
    use std::fs::{DirBuilder, OpenOptions, Permissions};
    use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};

    use rustix::buffer::spare_capacity;
    use rustix::fs::OFlags;

    impl Identity {
        pub(in super::super) fn of(metadata: &Metadata) -> Self {
            let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
            Self([
                i128::from(metadata.dev()),
                i128::from(metadata.ino()),
                i128::from(metadata.size()),
                nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
                nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            ])
        }
    }

    /// Opens a file for reading; a symbolic link is an error.
    pub(in super::super) fn open(path: &Path) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK; // NONBLOCK: a named pipe in its place must not make us wait
        OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
    }

    /// Makes a folder that only its owner can enter.
    pub(in super::super) fn private_folder(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// Nobody is meant to write to this file again.
    pub(in super::super) fn seal(file: &File) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(0o400))
    }

    /// At most `most` bytes from `offset`, without clearing memory first; empty at the file's end.
    pub(in super::super) fn read_at(file: &File, offset: u64, most: usize) -> io::Result<Bytes> {
        let mut buffer = Vec::with_capacity(most);
        while buffer.len() < most {
            let at = offset.saturating_add(buffer.len() as u64);
            match rustix::io::pread(file, spare_capacity(&mut buffer), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(buffer.into())
    }

    pub(in super::super) fn read_into(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        file.read_at(buffer, offset)
    }

    pub(in super::super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }
}

#[cfg(windows)]
mod here {
    use super::{Bytes, File, Identity, Metadata, Path, io};
    use std::os::windows::fs::{FileExt as _, MetadataExt as _};

    impl Identity {
        pub(in super::super) fn of(metadata: &Metadata) -> Self {
            Self([
                0,
                i128::from(metadata.creation_time()),
                i128::from(metadata.file_size()),
                i128::from(metadata.last_write_time()),
                0,
            ])
        }
    }

    /// Opens a file for reading.
    pub(in super::super) fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    /// Makes a folder; the user's own folders are private already.
    pub(in super::super) fn private_folder(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    /// A read-only file could not be removed again, so nothing is done.
    pub(in super::super) fn seal(_file: &File) -> io::Result<()> {
        Ok(())
    }

    /// At most `most` bytes from `offset`; empty at the file's end.
    pub(in super::super) fn read_at(file: &File, offset: u64, most: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; most];
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.seek_read(rest, offset.saturating_add(filled as u64))? {
                0 => break,
                read => filled += read,
            }
        }
        buffer.truncate(filled);
        Ok(buffer.into())
    }

    pub(in super::super) fn read_into(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        file.seek_read(buffer, offset)
    }

    pub(in super::super) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = file.seek_write(bytes, offset)?;
            bytes = bytes.get(written..).unwrap_or_default();
            offset += written as u64;
        }
        Ok(())
    }
}

/// A file that lives in memory only.
#[cfg(target_os = "linux")]
pub(super) fn memory_file() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(File::from(memfd_create("affineur-download", MemfdFlags::CLOEXEC)?))
}

/// A file that lives in memory only.
#[cfg(not(target_os = "linux"))]
pub(super) fn memory_file() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) use here::{open, private_folder, read_at, read_into, seal, write_all_at};
