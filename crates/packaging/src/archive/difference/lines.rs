//! Two texts, line by line.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::limits;

/// The lines in which two texts differ, with those around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDifference {
    /// Groups of lines, in order.
    pub hunks: Vec<Hunk>,
    /// Whether the texts were too different to look for the shortest difference: everything between the equal beginning and the
    /// equal end is shown as replaced.
    pub replaced: bool,
}

/// Lines that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The first line of the old text that it has, from 1.
    pub old_start: usize,
    /// The first line of the new text that it has, from 1.
    pub new_start: usize,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which text has it.
    pub side: Side,
    /// Its bytes, with the line feed at its end, if it has one. They may be anything: see [`escaped`](crate::text::escaped).
    pub bytes: Vec<u8>,
}

/// Which text has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Both.
    Both,
    /// The old one.
    Old,
    /// The new one.
    New,
}

impl TextDifference {
    /// How many lines were added or removed, as [`to_read`] counts them.
    #[must_use]
    pub fn lines(&self) -> u64 {
        let lines = self.hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.side != Side::Both);
        lines.map(|line| line_to_read(&line.bytes)).sum()
    }
}

impl Hunk {
    /// How many lines of the old and of the new text it has.
    #[must_use]
    pub fn lengths(&self) -> (usize, usize) {
        let without = |side| self.lines.iter().filter(|line| line.side != side).count();
        (without(Side::New), without(Side::Old))
    }
}

/// Lines that have to be read of a text.
pub(super) fn to_read(text: &[u8]) -> u64 {
    split(text).into_iter().map(line_to_read).sum()
}

fn line_to_read(line: &[u8]) -> u64 {
    line.len().div_ceil(limits::READ_LINE_BYTES).max(1) as u64
}

/// Lines end with a line feed and with nothing else, so that no line is hidden in another.
fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Lines of the old text, and those that stand in their place in the new one.
#[derive(Clone)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

pub(super) fn compare(old: &[u8], new: &[u8]) -> TextDifference {
    let (old, new) = (split(old), split(new));
    let replaced = old.len().max(new.len()) > limits::DIFFERENCE_LINES;
    let changes = if replaced { between_ends(&old, &new) } else { short(&old, &new) };
    let near = |one: &Change, next: &Change| next.old.start - one.old.end <= 2 * limits::DIFFERENCE_CONTEXT;
    TextDifference { hunks: changes.chunk_by(near).filter_map(|group| hunk(group, &old, &new)).collect(), replaced }
}

fn short(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut difference = Diff::compute(Algorithm::Histogram, &input);
    difference.postprocess_lines(&input);
    let place = |range: Range<u32>| range.start as usize..range.end as usize;
    difference.hunks().map(|hunk| Change { old: place(hunk.before), new: place(hunk.after) }).collect()
}

/// Everything between the equal beginning and the equal end.
fn between_ends(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let shorter = old.len().min(new.len());
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let end = old.iter().rev().zip(new.iter().rev()).take(shorter - start).take_while(|(old, new)| old == new).count();
    let change = Change { old: start..old.len() - end, new: start..new.len() - end };
    if change.old.is_empty() && change.new.is_empty() { Vec::new() } else { vec![change] }
}

/// Changes that stand near each other, with the lines around them.
fn hunk(group: &[Change], old: &[&[u8]], new: &[&[u8]]) -> Option<Hunk> {
    let (first, last) = (group.first()?, group.last()?);
    let before = first.old.start.min(limits::DIFFERENCE_CONTEXT);
    let after = (old.len() - last.old.end).min(limits::DIFFERENCE_CONTEXT);
    let mut lines = Vec::new();
    let mut push = |side, part: Option<&[&[u8]]>| {
        lines.extend(part.unwrap_or_default().iter().map(|line| Line { side, bytes: line.to_vec() }));
    };
    let mut at = first.old.start - before;
    for change in group {
        push(Side::Both, old.get(at..change.old.start));
        push(Side::Old, old.get(change.old.clone()));
        push(Side::New, new.get(change.new.clone()));
        at = change.old.end;
    }
    push(Side::Both, old.get(at..at + after));
    Some(Hunk { old_start: first.old.start - before + 1, new_start: first.new.start - before + 1, lines })
}
