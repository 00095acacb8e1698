//! What is different between two distributions, member by member and line by line, and how much of it there is to read.
//!
//! Both archives are looked through first as an index does it: one that two readers could read differently is not compared.
//! Members have the same place in both where only the version in a folder's name differs (`demo-1.0/`, `demo-1.0.dist-info/`).
//!
//! Must never leave a difference out: what is too large or no text is told by its size and digest, and counts as what it takes to
//! read it.

mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use aws_lc_rs::digest::{Context, SHA256};

pub use self::lines::{Hunk, Line, Side, TextDifference};
use super::contents::{each_entry, unread};
use super::fault::ArchiveFault;
use super::inspect::{Limits, inspect};
use super::members::Member;
use super::tree::EntryPath;
use crate::{DistributionKind, FileName, Sha256, limits};

/// What is different.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// The members that are not the same, by their places.
    pub members: Vec<MemberDifference>,
    /// How many members are the same, permissions included.
    pub same: u64,
}

/// One member that is not the same. At least one side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDifference {
    /// As it is in the old archive.
    pub old: Option<MemberSide>,
    /// As it is in the new archive.
    pub new: Option<MemberSide>,
    /// The lines of what is text in the new archive, or was text and is gone. What is no text has no lines.
    pub text: Option<TextDifference>,
}

/// A member of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSide {
    /// Its whole path. It may have any character but control characters: see [`escaped`](crate::text::escaped).
    pub path: String,
    /// What it is.
    pub what: What,
    /// Its permissions (twelve bits), where the archive says them.
    pub permissions: Option<u32>,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A folder that has an entry of its own.
    Folder,
    /// A file that is compared line by line.
    Text {
        /// Its length in bytes.
        bytes: u64,
        /// Its digest.
        sha256: Sha256,
    },
    /// A file that is no text, or too large.
    Data {
        /// Its length in bytes.
        bytes: u64,
        /// Its digest.
        sha256: Sha256,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads, as it is written.
        target: Vec<u8>,
    },
    /// A second name of a file in the archive.
    HardLink {
        /// The first name, as it is written.
        target: Vec<u8>,
    },
}

/// Why two distributions cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct DifferenceError {
    /// The name of the file that is at fault.
    pub file: String,
    /// What is wrong with it.
    pub fault: ArchiveFault,
}

/// Compares two distributions: wheels, source distributions, or one with the other (then `src/` is no folder of its own). Blocks, for
/// up to a second per 300 MB of content.
///
/// # Errors
/// See [`DifferenceError`].
pub fn difference(
    mut old: impl Read + Seek,
    old_name: &FileName,
    mut new: impl Read + Seek,
    new_name: &FileName,
    allowed: &Limits,
) -> Result<Difference, DifferenceError> {
    let layout = if old_name.kind() == new_name.kind() { Layout::Own } else { Layout::Mixed };
    let [before, after] = [listing(&mut old, old_name, allowed, layout)?, listing(&mut new, new_name, allowed, layout)?];
    let places: BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    let differing: Vec<_> = places
        .into_iter()
        .map(|place| (before.get(place), after.get(place)))
        .filter(|(old, new)| !is_same(*old, *new))
        .collect();
    let texts_before = texts(&mut old, old_name, allowed, differing.iter().filter_map(|(old, _)| *old))?;
    let texts_after = texts(&mut new, new_name, allowed, differing.iter().filter_map(|(_, new)| *new))?;
    let members: Vec<_> = differing
        .into_iter()
        .map(|(old, new)| MemberDifference::between(seen(old, &texts_before), seen(new, &texts_after)))
        .collect();
    let both = before.keys().filter(|place| after.contains_key(*place)).count() as u64;
    let changed = members.iter().filter(|member| member.old.is_some() && member.new.is_some()).count() as u64;
    Ok(Difference { members, same: both.saturating_sub(changed) })
}

/// How much there is to read in a whole distribution, in lines (see [`Difference::lines`]). Blocks.
///
/// # Errors
/// See [`DifferenceError`].
pub fn whole(mut file: impl Read + Seek, name: &FileName, allowed: &Limits) -> Result<u64, DifferenceError> {
    let members = listing(&mut file, name, allowed, Layout::Own)?;
    let texts = texts(&mut file, name, allowed, members.values())?;
    let lines = members
        .values()
        .filter(|member| member.what != What::Folder)
        .map(|member| texts.get(&member.path).map_or_else(|| data_lines(&member.what), |text| lines::to_read(text).max(1)));
    Ok(lines.sum())
}

impl Difference {
    /// How much there is to read: each line that was added or removed (a long one counts as several,
    /// [`limits::READ_LINE_BYTES`]), a line for every [`limits::READ_BINARY_BYTES`] of what is new and no text, and one for each
    /// other change.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.members.iter().map(MemberDifference::lines).sum()
    }
}

/// A side with its text, where it is one.
type Seen<'a> = Option<(&'a MemberSide, Option<&'a [u8]>)>;

fn seen<'a>(side: Option<&'a MemberSide>, texts: &'a Texts) -> Seen<'a> {
    side.map(|side| (side, texts.get(&side.path).map(Vec::as_slice)))
}

impl MemberDifference {
    fn between(old: Seen<'_>, new: Seen<'_>) -> Self {
        let side = |seen: Seen<'_>| {
            seen.map(|(side, text)| match (&side.what, text) {
                (What::Data { bytes, sha256 }, Some(_)) => {
                    MemberSide { what: What::Text { bytes: *bytes, sha256: *sha256 }, ..side.clone() }
                }
                _ => side.clone(),
            })
        };
        let changed = old.map(|(old, _)| &old.what) != new.map(|(new, _)| &new.what);
        let texts = match (old.and_then(|(_, text)| text), new.and_then(|(_, text)| text)) {
            (old, Some(new)) => Some((old.unwrap_or_default(), new)),
            (Some(old), None) if new.is_none() => Some((old, &[][..])),
            _ => None,
        };
        let text = texts.filter(|_| changed).map(|(old, new)| lines::compare(old, new));
        Self { old: side(old), new: side(new), text }
    }

    /// See [`Difference::lines`].
    #[must_use]
    pub fn lines(&self) -> u64 {
        let same = self.old.as_ref().map(|old| &old.what) == self.new.as_ref().map(|new| &new.what);
        match (&self.text, &self.new) {
            (Some(text), _) => text.lines().max(1),
            (None, Some(new)) if !same => data_lines(&new.what),
            (None, _) => 1,
        }
    }
}

/// What of a member that is no text has to be read.
fn data_lines(what: &What) -> u64 {
    match what {
        What::Data { bytes, .. } => bytes.div_ceil(limits::READ_BINARY_BYTES).max(1),
        _ => 1,
    }
}

/// Whether both sides are one. A folder's entry says nothing: most tools write none.
fn is_same(old: Option<&MemberSide>, new: Option<&MemberSide>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            let permissions = old.permissions.zip(new.permissions).is_none_or(|(old, new)| old == new);
            old.what == new.what && permissions
        }
        (Some(one), None) | (None, Some(one)) => one.what == What::Folder,
        (None, None) => true,
    }
}

/// How places in the archives are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Each kind with its own kind.
    Own,
    /// A source distribution with a wheel.
    Mixed,
}

/// A place in an archive, and how many members before had the same.
type Place = (String, usize);
type Listing = BTreeMap<Place, MemberSide>;

/// All members by their places, after the whole archive was looked through.
fn listing(
    file: &mut (impl Read + Seek),
    name: &FileName,
    allowed: &Limits,
    layout: Layout,
) -> Result<Listing, DifferenceError> {
    let at = |fault| DifferenceError { file: name.to_string(), fault };
    let inspected = inspect(&mut *file, name, allowed).map_err(at)?;
    let mut members = Listing::new();
    let visit = &mut |path: &EntryPath, member: &Member, permissions: Option<u32>, content: &mut dyn Read| {
        let what = match member {
            Member::Folder => What::Folder,
            Member::File => digest_of(content)?,
            Member::Symlink { target } => What::Symlink { target: target.clone() },
            Member::HardLink { target } => What::HardLink { target: target.clone() },
        };
        let text = place(path.as_str(), name, layout);
        let last = members.range((text.clone(), 0)..=(text.clone(), usize::MAX)).next_back();
        let earlier = last.map_or(0, |((_, earlier), _)| earlier + 1);
        members.insert((text, earlier), MemberSide { path: path.as_str().to_owned(), what, permissions });
        Ok(())
    };
    each_entry(file, name, inspected.expanded_bytes, visit).map_err(at)?;
    Ok(members)
}

fn digest_of(content: &mut dyn Read) -> Result<What, ArchiveFault> {
    let (mut context, mut bytes) = (Context::new(&SHA256), 0_u64);
    let mut block = vec![0; 1 << 16];
    loop {
        let length = content.read(&mut block).map_err(|error| unread(&error))?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        context.update(block.get(..length).unwrap_or_default());
    }
    let digest = <[u8; 32]>::try_from(context.finish().as_ref()).map_err(|_| ArchiveFault::Damaged)?;
    Ok(What::Data { bytes, sha256: Sha256::from_bytes(digest) })
}

/// Where a member is, whatever the version is called.
fn place(path: &str, name: &FileName, layout: Layout) -> String {
    let (top, below) = path.split_once('/').unwrap_or((path, ""));
    if name.kind() == DistributionKind::Wheel {
        let ending = [".dist-info", ".data"].into_iter().find(|ending| top.ends_with(ending));
        return ending.map_or_else(|| path.to_owned(), |ending| format!("*{ending}/{below}"));
    }
    match (layout, below.strip_prefix("src/")) {
        (Layout::Mixed, Some(in_src)) => in_src.to_owned(),
        _ => below.to_owned(),
    }
}

/// The texts among these files, as many as may be in memory, by their paths.
fn texts<'a>(
    file: &mut (impl Read + Seek),
    name: &FileName,
    allowed: &Limits,
    members: impl Iterator<Item = &'a MemberSide>,
) -> Result<Texts, DifferenceError> {
    let at = |fault| DifferenceError { file: name.to_string(), fault };
    let mut left = limits::DIFFERENCE_TEXTS_BYTES;
    let mut wanted: BTreeMap<&str, &What> = BTreeMap::new();
    for member in members {
        if let What::Data { bytes, .. } = &member.what
            && *bytes <= limits::DIFFERENCE_TEXT_BYTES
            && let Some(rest) = left.checked_sub(*bytes)
        {
            left = rest;
            wanted.insert(&member.path, &member.what);
        }
    }
    let mut found = Texts::new();
    let visit = &mut |path: &EntryPath, _: &Member, _: Option<u32>, content: &mut dyn Read| {
        let Some(what) = wanted.get(path.as_str()) else { return Ok(()) };
        let mut bytes = Vec::new();
        content.take(limits::DIFFERENCE_TEXT_BYTES).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
        // Between two looks a file may have become another one.
        if digest_of(&mut bytes.as_slice())? != **what {
            return Err(ArchiveFault::Damaged);
        }
        if is_text(&bytes) {
            found.insert(path.as_str().to_owned(), bytes);
        }
        Ok(())
    };
    each_entry(file, name, allowed.expanded_bytes, visit).map_err(at)?;
    Ok(found)
}

type Texts = BTreeMap<String, Vec<u8>>;

/// Text has no NUL. Python takes source code in any encoding and with any other character in it, so all of that has to be shown.
fn is_text(content: &[u8]) -> bool {
    !content.contains(&0)
}
