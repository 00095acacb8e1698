//! A source distribution, looked through from its first byte to its last.

use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;

use super::core_metadata::{CoreMetadata, Dependencies};
use super::fault::ArchiveFault;
use super::members::{Member, damaged, each_member};
use super::tree::{EntryPath, Kind, Tree, shown};
use super::{Inspected, Limits};
use crate::{FileName, limits};

/// What is needed of a source distribution: one folder, `PKG-INFO` in it, and nothing that leads out of it.
pub(super) fn inspect(mut reader: impl Read + Seek, name: &FileName, allowed: &Limits) -> Result<Inspected, ArchiveFault> {
    if !name.as_str().ends_with(".tar.gz") {
        return Err(ArchiveFault::NotTarGz);
    }
    let failed = |error: io::Error| ArchiveFault::Io(error.kind());
    let packed_bytes = reader.seek(SeekFrom::End(0)).map_err(failed)?;
    reader.seek(SeekFrom::Start(0)).map_err(failed)?;
    let most = allowed.expanded_bytes_of(packed_bytes);
    let source = BufReader::with_capacity(1 << 16, Source { reader, failed: None });
    let mut expanded = Expanded { gzip: GzDecoder::new(source), left: most, expanded_bytes: 0, state: State::Going };
    let outcome = look_through(&mut expanded, name, allowed);
    let source = expanded.gzip.get_ref().get_ref();
    // What happened below explains better than what the archive's reader made of it.
    match outcome {
        _ if expanded.state == State::TooMuch => Err(ArchiveFault::TooLarge { most }),
        Err(fault) => Err(source.failed.map_or(fault, ArchiveFault::Io)),
        Ok((pkg_info, entries)) => {
            let metadata =
                CoreMetadata::of(&pkg_info, name).map_err(|fault| ArchiveFault::Metadata { file: "PKG-INFO", fault })?;
            let core_metadata = (metadata.dependencies == Dependencies::Fixed).then_some(pkg_info);
            Ok(Inspected { metadata, core_metadata, entries, expanded_bytes: expanded.expanded_bytes })
        }
    }
}

/// `PKG-INFO`, and how many entries there are.
fn look_through<R: Read>(
    expanded: &mut Expanded<R>,
    name: &FileName,
    allowed: &Limits,
) -> Result<(Vec<u8>, u64), ArchiveFault> {
    let mut contents = Contents { name, folder: None, tree: Tree::new(allowed.entries), pkg_info: None };
    each_member(&mut *expanded, |path, member, _, content| contents.add(path, member, content))?;
    if expanded.state == State::Ended {
        return Err(ArchiveFault::NoEnd);
    }
    check_rest(expanded)?;
    let expected = contents.expected_folder();
    let entries = contents.tree.len();
    contents.tree.finish()?;
    Ok((contents.pkg_info.ok_or(ArchiveFault::MissingPkgInfo { expected })?, entries))
}

/// Behind the entries come zeros up to the end of the gzip file, whose check sum is compared there, and behind that nothing.
fn check_rest<R: Read>(expanded: &mut Expanded<R>) -> Result<(), ArchiveFault> {
    let mut block = [0; 1 << 12];
    loop {
        let length = expanded.read(&mut block).map_err(damaged)?;
        let read = block.get(..length).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        if read.iter().any(|byte| *byte != 0) {
            return Err(ArchiveFault::Trailing);
        }
    }
    if expanded.gzip.get_mut().fill_buf().map_err(damaged)?.is_empty() { Ok(()) } else { Err(ArchiveFault::Trailing) }
}

/// What was seen so far.
struct Contents<'a> {
    name: &'a FileName,
    /// The one folder at the top, as it is written here.
    folder: Option<String>,
    tree: Tree,
    pkg_info: Option<Vec<u8>>,
}

impl Contents<'_> {
    fn add(&mut self, path: &EntryPath, member: &Member, content: &mut dyn Read) -> Result<(), ArchiveFault> {
        let below = self.below_folder(path, member)?;
        match member {
            Member::Folder => self.tree.add(path, Kind::Folder),
            Member::HardLink { target } => self.tree.add_hard_link(path, target),
            Member::Symlink { target } => {
                path.check_target(target)?;
                self.tree.add(path, Kind::Link)
            }
            Member::File => {
                self.tree.add(path, Kind::File)?;
                if below == Some("PKG-INFO") {
                    let mut text = Vec::new();
                    // One byte more than allowed, so that a longer one is seen.
                    content.take(limits::METADATA_BYTES + 1).read_to_end(&mut text).map_err(damaged)?;
                    self.pkg_info = Some(text);
                }
                Ok(())
            }
        }
    }

    /// What a path is called below the one folder, which is `{name}-{version}` of this file name.
    fn below_folder<'p>(&mut self, path: &'p EntryPath, member: &Member) -> Result<Option<&'p str>, ArchiveFault> {
        let (top, below) = path.top();
        let known = self.folder.as_deref().map_or_else(|| self.is_folder_of(top), |folder| folder == top);
        if !known || (below.is_none() && *member != Member::Folder) {
            let expected = self.expected_folder();
            return Err(ArchiveFault::OutsideFolder { path: shown(path.as_str().as_bytes()), expected });
        }
        self.folder.get_or_insert_with(|| top.to_owned());
        Ok(below)
    }

    /// Whether a folder is named for the project and version, however they are written.
    fn is_folder_of(&self, top: &str) -> bool {
        let named = FileName::of_project(&format!("{top}.tar.gz"), self.name.project());
        named.is_ok_and(|named| named.version() == self.name.version())
    }

    fn expected_folder(&self) -> String {
        let stem = self.name.as_str().strip_suffix(".tar.gz").unwrap_or_default();
        self.folder.clone().unwrap_or_else(|| stem.to_owned())
    }
}

/// The expanded bytes, up to a limit.
struct Expanded<R: Read> {
    gzip: GzDecoder<BufReader<Source<R>>>,
    left: u64,
    expanded_bytes: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Ended,
    TooMuch,
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.gzip.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.state = State::Ended;
        }
        self.expanded_bytes += read as u64;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.state = State::TooMuch;
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        Ok(read)
    }
}

/// The bytes as they are, and whether reading them failed.
struct Source<R> {
    reader: R,
    failed: Option<io::ErrorKind>,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).inspect_err(|error| self.failed = Some(error.kind()))
    }
}
