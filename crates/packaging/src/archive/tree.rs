//! Where an archive's entries go: paths that stay inside, on every system, and links that do too.
//!
//! Whoever unpacks must not have to look: no path leaves the folder, none lies beneath a file or a link, no two are one. With
//! nothing beneath a link, the folder in which a link lies is a real one, so that a target which only goes up at its beginning
//! can be judged by its words alone. That is stricter than what Python's `data` filter (PEP 706, PEP 721) finds out on a disk.

use crate::limits;
use crate::text::printable;

use super::fault::{ArchiveFault, LinkFault, PathFault};

/// A path inside an archive: relative, of plain segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPath {
    /// Without a slash at its end.
    text: String,
    /// Whether it was written with one, as folders are.
    slash: bool,
}

impl EntryPath {
    pub(super) fn parse(raw: &[u8]) -> Result<Self, ArchiveFault> {
        let fault = |fault| ArchiveFault::Path { path: shown(raw), fault };
        let text = str::from_utf8(raw).map_err(|_| fault(PathFault::NotUtf8))?;
        let (text, slash) = text.strip_suffix('/').map_or((text, false), |text| (text, true));
        check(text).map_err(fault)?;
        match text.split('/').find_map(odd_segment) {
            Some(odd) => Err(fault(odd)),
            None => Ok(Self { text: text.to_owned(), slash }),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) const fn ends_with_slash(&self) -> bool {
        self.slash
    }

    /// The folder at the top, and what is below it.
    pub(super) fn top(&self) -> (&str, Option<&str>) {
        self.text.split_once('/').map_or((&self.text, None), |(top, below)| (top, Some(below)))
    }

    /// Whether a symbolic link here with this target stays inside the folder at the top.
    pub(super) fn check_target(&self, raw: &[u8]) -> Result<(), ArchiveFault> {
        let fault = |fault| ArchiveFault::Link { path: shown(self.text.as_bytes()), target: shown(raw), fault };
        let target = str::from_utf8(raw).map_err(|_| fault(LinkFault::Path(PathFault::NotUtf8)))?;
        check(target).map_err(|odd| fault(LinkFault::Path(odd)))?;
        // Segments of the folder that the link lies in, without the one at the top.
        let mut depth = self.text.split('/').count().checked_sub(2).ok_or_else(|| fault(LinkFault::Outside))?;
        let mut down = false;
        for segment in target.split('/') {
            match segment {
                ".." if down => return Err(fault(LinkFault::UpAfterDown)),
                ".." => depth = depth.checked_sub(1).ok_or_else(|| fault(LinkFault::Outside))?,
                "" | "." => {}
                _ => down = true,
            }
        }
        Ok(())
    }
}

/// What holds for paths and for targets of links alike.
fn check(text: &str) -> Result<(), PathFault> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (None, _) => return Err(PathFault::Empty),
        (Some('/'), _) => return Err(PathFault::Absolute),
        (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => return Err(PathFault::Drive),
        _ => {}
    }
    if text.len() > limits::ENTRY_PATH_BYTES {
        return Err(PathFault::TooLong);
    }
    if text.contains(char::is_control) {
        return Err(PathFault::Control);
    }
    if text.contains('\\') { Err(PathFault::Backslash) } else { Ok(()) }
}

fn odd_segment(segment: &str) -> Option<PathFault> {
    match segment {
        "" => Some(PathFault::EmptySegment),
        "." => Some(PathFault::Here),
        ".." => Some(PathFault::Parent),
        _ => None,
    }
}

/// A path of an archive as it may stand in a sentence.
pub(super) fn shown(raw: &[u8]) -> String {
    printable(&String::from_utf8_lossy(raw), limits::QUOTED_BYTES)
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Folder,
    File,
    Link,
}

/// All entries of an archive, checked against each other at the end.
#[derive(Debug)]
pub(super) struct Tree {
    entries: Vec<Entry>,
    most: u64,
    path_bytes: usize,
    /// Paths of hard links, and the files that they name.
    hard_links: Vec<(String, String)>,
}

/// Sorted so that what lies beneath an entry comes directly behind it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// In lower case, as some systems compare, and with a separator that sorts before everything else.
    key: String,
    path: String,
    kind: Kind,
}

impl Tree {
    pub(super) const fn new(most: u64) -> Self {
        Self { entries: Vec::new(), most, path_bytes: 0, hard_links: Vec::new() }
    }

    /// How many entries it has.
    pub(super) const fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(super) fn add(&mut self, path: &EntryPath, kind: Kind) -> Result<(), ArchiveFault> {
        if self.len() >= self.most {
            return Err(ArchiveFault::TooManyEntries { most: self.most });
        }
        self.path_bytes = self.path_bytes.saturating_add(path.text.len());
        if self.path_bytes > limits::ENTRY_PATHS_BYTES {
            return Err(ArchiveFault::PathsTooLong);
        }
        if path.slash && kind != Kind::Folder {
            return Err(ArchiveFault::Path { path: shown(path.text.as_bytes()), fault: PathFault::Slash });
        }
        self.entries.push(Entry { key: key(&path.text), path: path.text.clone(), kind });
        Ok(())
    }

    /// Adds a hard link to a file that must be in the archive.
    pub(super) fn add_hard_link(&mut self, path: &EntryPath, target: &[u8]) -> Result<(), ArchiveFault> {
        let fault =
            |odd| ArchiveFault::Link { path: shown(path.text.as_bytes()), target: shown(target), fault: LinkFault::Path(odd) };
        let target = EntryPath::parse(target).map_err(|error| match error {
            ArchiveFault::Path { fault: odd, .. } => fault(odd),
            other => other,
        })?;
        self.path_bytes = self.path_bytes.saturating_add(target.text.len());
        self.add(path, Kind::Link)?;
        self.hard_links.push((path.text.clone(), target.text));
        Ok(())
    }

    /// Checks that no two entries are one, that nothing lies beneath a file or a link, and that hard links name files.
    pub(super) fn finish(mut self) -> Result<(), ArchiveFault> {
        self.entries.sort_unstable();
        let mut groups = self.entries.chunk_by(|one, other| one.key == other.key).peekable();
        while let Some(group) = groups.next() {
            let twice = |pair: &&[Entry]| matches!(pair, [one, other] if one.path == other.path && other.kind != Kind::Folder);
            if let Some([entry, ..]) = group.windows(2).find(twice) {
                return Err(ArchiveFault::Twice { path: shown(entry.path.as_bytes()) });
            }
            let (Some(over), Some([below, ..])) = (group.iter().find(|entry| entry.kind != Kind::Folder), groups.peek()) else {
                continue;
            };
            if below.key.strip_prefix(&over.key).is_some_and(|rest| rest.starts_with(SEPARATOR)) {
                let [path, over] = [below, over].map(|entry| shown(entry.path.as_bytes()));
                return Err(ArchiveFault::Beneath { path, over });
            }
        }
        self.hard_links.iter().try_for_each(|(path, target)| self.check_hard_link(path, target))
    }

    fn check_hard_link(&self, path: &str, target: &str) -> Result<(), ArchiveFault> {
        let wanted = Entry { key: key(target), path: target.to_owned(), kind: Kind::File };
        self.entries.binary_search(&wanted).map(|_| ()).map_err(|_| {
            let [path, target] = [path, target].map(|text| shown(text.as_bytes()));
            ArchiveFault::Link { path, target, fault: LinkFault::NoFile }
        })
    }
}

/// Sorts before every character that a path may have.
const SEPARATOR: char = '\0';

fn key(path: &str) -> String {
    path.to_lowercase().replace('/', "\0")
}
