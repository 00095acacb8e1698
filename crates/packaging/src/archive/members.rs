//! The entries of a tar file, read in one way only.
//!
//! The `tar` crate finds the blocks and checks their sums; what a header means is decided here, because tar readers differ in
//! it. A header in a form that none of today's build tools writes is refused.

use std::io::Read;

use super::fault::ArchiveFault;
use super::pax::Described;
use super::tree::{EntryPath, shown};
use crate::limits;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    Folder,
    File,
    Symlink { target: Vec<u8> },
    HardLink { target: Vec<u8> },
}

/// Calls for every entry, in order, with what it is, its permissions, and its bytes.
pub(super) fn each_member(
    reader: impl Read,
    mut visit: impl FnMut(&EntryPath, &Member, Option<u32>, &mut dyn Read) -> Result<(), ArchiveFault>,
) -> Result<(), ArchiveFault> {
    let mut archive = tar::Archive::new(reader);
    let mut described = Described::default();
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let header = Header(*entry.header().as_bytes());
        let size = header.check()?;
        match header.kind() {
            b'x' => described.pax(&extension(&mut entry, size)?)?,
            b'g' => described.check_global(&extension(&mut entry, size)?)?,
            b'L' => described.long_path(&extension(&mut entry, size)?)?,
            b'K' => described.long_target(&extension(&mut entry, size)?)?,
            _ => {
                let (path, target) = described.take();
                let path = EntryPath::parse(&path.unwrap_or_else(|| header.path()))?;
                let member = header.member(&path, target)?;
                if member != Member::File && size > 0 {
                    return Err(ArchiveFault::Ambiguous("a folder or link with content"));
                }
                visit(&path, &member, header.permissions(), &mut entry)?;
            }
        }
    }
    if described.is_empty() { Ok(()) } else { Err(ArchiveFault::Ambiguous("a header about an entry that does not come")) }
}

/// The archive's reader speaks of many things; to the uploader they are one. What the bytes' source says comes first.
pub(super) fn damaged(_: std::io::Error) -> ArchiveFault {
    ArchiveFault::Damaged
}

/// The content of a header about the next entry.
fn extension(entry: &mut impl Read, size: u64) -> Result<Vec<u8>, ArchiveFault> {
    if size > limits::TAR_EXTENSION_BYTES {
        return Err(ArchiveFault::Ambiguous("a header about an entry that is far too long"));
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content).map_err(damaged)?;
    if content.len() as u64 == size { Ok(content) } else { Err(ArchiveFault::Damaged) }
}

/// Mode, user, group, time and device: nothing for us, but Python gives up on a header where they cannot be read.
const NUMBERS: [(usize, usize); 6] = [(100, 8), (108, 8), (116, 8), (136, 12), (329, 8), (337, 8)];

/// Octal digits between blanks, or GNU's base 256.
fn is_number(field: &[u8]) -> bool {
    let blank = |byte: &u8| matches!(byte, 0 | b' ');
    let digits = field.trim_ascii_start().splitn(2, blank).next().unwrap_or_default();
    let in_octal = digits.iter().all(|byte| matches!(byte, b'0'..=b'7'));
    in_octal || matches!(field, [0x80 | 0xff, ..])
}

/// A block of 512 bytes (POSIX ustar interchange format; GNU tar's differs from byte 257 on).
struct Header([u8; 512]);

impl Header {
    /// Checks what does not depend on the kind, and reads the size.
    fn check(&self) -> Result<u64, ArchiveFault> {
        let prefix_used = self.field(345, 155).iter().any(|byte| *byte != 0);
        match self.field(257, 8) {
            b"ustar\x0000" => {}
            // GNU tar keeps times there, and only in backups. Some readers would take them for a part of the path.
            b"ustar  \0" if prefix_used => return Err(ArchiveFault::Ambiguous("a header of an incremental backup")),
            b"ustar  \0" => {}
            _ => return Err(ArchiveFault::Ambiguous("a header that is neither POSIX's nor GNU's")),
        }
        if !NUMBERS.iter().all(|(at, length)| is_number(self.field(*at, *length))) {
            return Err(ArchiveFault::Ambiguous("a header with something else where numbers belong"));
        }
        let field = self.field(124, 12);
        let digits = field.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = field.split_at(digits);
        let blank = rest.iter().all(|byte| matches!(byte, 0 | b' '));
        let size = str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 8).ok());
        size.filter(|_| blank).ok_or(ArchiveFault::Ambiguous("an entry whose size is not an octal number"))
    }

    const fn kind(&self) -> u8 {
        self.0[156]
    }

    /// The lower twelve bits of the mode, where it is written in octal.
    fn permissions(&self) -> Option<u32> {
        let digits = self.text(100, 8).trim_ascii();
        let mode = str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 8).ok());
        mode.map(|mode| mode & 0o7777)
    }

    /// Prefix, a slash, and name.
    fn path(&self) -> Vec<u8> {
        let (prefix, name) = (self.text(345, 155), self.text(0, 100));
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    fn member(&self, path: &EntryPath, target: Option<Vec<u8>>) -> Result<Member, ArchiveFault> {
        let target = || target.unwrap_or_else(|| self.text(157, 100).to_vec());
        let no_file = |found| Err(ArchiveFault::NoFile { path: shown(path.as_str().as_bytes()), found });
        match self.kind() {
            0 | b'0' => Ok(Member::File),
            b'5' => Ok(Member::Folder),
            b'1' => Ok(Member::HardLink { target: target() }),
            b'2' => Ok(Member::Symlink { target: target() }),
            b'3' | b'4' => no_file("a device"),
            b'6' => no_file("a named pipe"),
            b'S' => no_file("a sparse file"),
            _ => no_file("of an unusual kind"),
        }
    }

    /// A text up to its NUL.
    fn text(&self, at: usize, length: usize) -> &[u8] {
        let field = self.field(at, length);
        field.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    fn field(&self, at: usize, length: usize) -> &[u8] {
        self.0.get(at..at + length).unwrap_or_default()
    }
}
