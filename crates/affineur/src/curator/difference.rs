//! `affineur curator audit NEW --from OLD --diff`: what an auditor has to read, on a terminal.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use affineur_packaging::archive::Limits;
use affineur_packaging::archive::difference::{
    Difference, Hunk, Line, MemberDifference, MemberSide, Side, What, difference, whole,
};
use affineur_packaging::text::escaped;
use affineur_packaging::{FileName, ProjectName};

use super::statement::file_name;
use crate::colours::{BOLD, DIM, GREEN, PLAIN, RED, YELLOW};
use crate::failure::Failure;

/// Characters of a line of a terminal; longer lines are continued on the next one.
const WIDTH: usize = 200;
/// Most lines of a terminal for one line of a file: what is longer is minified or data, and nobody reads it there.
const CONTINUED: usize = 20;

/// Prints what is different between two files, and signs nothing.
pub(super) fn show(old: &Path, new: &Path, project: Option<&ProjectName>) -> Result<ExitCode, Failure> {
    let found = between(old, new, project)?;
    let _ = print(&found, old, new, &mut anstream::stdout().lock()); // whoever closes the pipe has read enough
    Ok(ExitCode::SUCCESS)
}

/// What is different between two distributions on the disk.
pub(super) fn between(old: &Path, new: &Path, project: Option<&ProjectName>) -> Result<Difference, Failure> {
    let (old_name, new_name) = (file_name(old, project)?, file_name(new, project)?);
    difference(open(old)?, &old_name, open(new)?, &new_name, &Limits::default()).map_err(|error| unreadable(&error))
}

/// How much there is to read in a whole distribution.
pub(super) fn lines_of(file: &Path, name: &FileName) -> Result<u64, Failure> {
    whole(open(file)?, name, &Limits::default()).map_err(|error| unreadable(&error))
}

fn open(file: &Path) -> Result<File, Failure> {
    File::open(file).map_err(|problem| Failure::usage(format!("{}: {problem}", file.display()), "name a file that you have"))
}

fn unreadable(error: &affineur_packaging::archive::difference::DifferenceError) -> Failure {
    Failure::refused(error.to_string(), "what two programs could read differently cannot be audited")
}

fn print(found: &Difference, old: &Path, new: &Path, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{BOLD}--- {}{PLAIN}\n{BOLD}+++ {}{PLAIN}", shown(old), shown(new))?;
    found.members.iter().try_for_each(|member| print_member(member, out))?;
    let changed = found.members.len();
    writeln!(out, "{BOLD}{changed} members differ, {} are the same: {} lines to read{PLAIN}", found.same, found.lines())
}

fn shown(path: &Path) -> String {
    escaped(path.as_os_str().as_encoded_bytes())
}

fn print_member(member: &MemberDifference, out: &mut impl Write) -> io::Result<()> {
    let (sign, colour, place) = match (&member.old, &member.new) {
        (Some(old), Some(new)) if old.path == new.path => ("changed", YELLOW, escaped(new.path.as_bytes())),
        (Some(old), Some(new)) => {
            ("changed", YELLOW, format!("{} -> {}", escaped(old.path.as_bytes()), escaped(new.path.as_bytes())))
        }
        (None, Some(new)) => ("added", GREEN, escaped(new.path.as_bytes())),
        (Some(old), None) => ("removed", RED, escaped(old.path.as_bytes())),
        (None, None) => return Ok(()),
    };
    writeln!(out, "\n{colour}{sign}{PLAIN} {BOLD}{place}{PLAIN}")?;
    let sides: Vec<String> = [&member.old, &member.new].into_iter().flatten().map(described).collect();
    writeln!(out, "{DIM}  {}{PLAIN}", sides.join(" -> "))?;
    let Some(text) = &member.text else { return Ok(()) };
    if text.replaced {
        writeln!(out, "{YELLOW}  too many lines for a short difference: shown as replaced{PLAIN}")?;
    }
    text.hunks.iter().try_for_each(|hunk| print_hunk(hunk, out))
}

fn described(side: &MemberSide) -> String {
    let what = match &side.what {
        What::Folder => "a folder".to_owned(),
        What::Text { bytes, .. } => format!("{bytes} bytes"),
        What::Data { bytes, sha256 } => format!("no text, or too large: {bytes} bytes, sha256:{sha256}"),
        What::Symlink { target } => format!("a link to {}", escaped(target)),
        What::HardLink { target } => format!("the same file as {}", escaped(target)),
    };
    side.permissions.map(|mode| format!("{what}, mode {mode:o}")).unwrap_or(what)
}

fn print_hunk(hunk: &Hunk, out: &mut impl Write) -> io::Result<()> {
    let (old, new) = hunk.lengths();
    // As `diff -u` has it: no lines stand behind the line before.
    let start = |start: usize, length: usize| if length == 0 { start - 1 } else { start };
    let starts = (start(hunk.old_start, old), start(hunk.new_start, new));
    writeln!(out, "{DIM}@@ -{},{old} +{},{new} @@{PLAIN}", starts.0, starts.1)?;
    hunk.lines.iter().try_for_each(|line| print_line(line, out))
}

fn print_line(line: &Line, out: &mut impl Write) -> io::Result<()> {
    let (sign, colour) = match line.side {
        Side::Both => (' ', PLAIN),
        Side::Old => ('-', RED),
        Side::New => ('+', GREEN),
    };
    let content = line.bytes.strip_suffix(b"\n");
    let text = escaped(content.unwrap_or(&line.bytes));
    let characters: Vec<char> = text.chars().collect();
    let mut parts = characters.chunks(WIDTH);
    writeln!(out, "{colour}{sign}{}{PLAIN}", parts.next().unwrap_or_default().iter().collect::<String>())?;
    for part in parts.by_ref().take(CONTINUED - 1) {
        writeln!(out, "{colour}{sign}{DIM}\u{21aa}{PLAIN}{colour}{}{PLAIN}", part.iter().collect::<String>())?;
    }
    let rest: usize = parts.map(<[char]>::len).sum();
    if rest > 0 {
        writeln!(out, "{YELLOW}  {rest} more characters of this line are not shown: read them in the file itself{PLAIN}")?;
    }
    if content.is_none() {
        writeln!(out, "{DIM}\\ no line feed at the end{PLAIN}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use affineur_packaging::archive::difference::TextDifference;

    use super::*;

    fn printed(line: &[u8]) -> String {
        let side = |path: &str, permissions| MemberSide {
            path: path.to_owned(),
            what: What::Text { bytes: 1, sha256: affineur_packaging::Sha256::from_bytes([1; 32]) },
            permissions,
        };
        let line = Line { side: Side::New, bytes: line.to_vec() };
        let text = TextDifference { hunks: vec![Hunk { old_start: 1, new_start: 1, lines: vec![line] }], replaced: false };
        let (old, new) = (side("x-1.0/a\u{202e}.py", Some(0o644)), side("x-1.1/a\u{202e}.py", Some(0o4755)));
        let found =
            Difference { members: vec![MemberDifference { old: Some(old), new: Some(new), text: Some(text) }], same: 3 };
        let mut out = Vec::new();
        print(&found, Path::new("old\u{1b}[2J.whl"), Path::new("new.whl"), &mut out).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn a_difference_as_a_person_reads_it() {
        insta::assert_snapshot!(printed(b"print('hello')"));
    }

    #[test]
    fn what_a_file_says_never_moves_the_terminal_and_long_lines_go_on() {
        let text = printed(b"\x1b]0;owned\x07 \xff \xe2\x80\xae\r\n");
        assert!(text.contains("+\\u{1b}]0;owned\\u{7} \\xff \\u{202e}\\r\n"), "{text}");
        assert!(text.contains("--- old\\u{1b}[2J.whl\n") && text.contains("x-1.0/a\\u{202e}.py -> x-1.1/a\\u{202e}.py"));
        let text = printed(&[b'x'; WIDTH * CONTINUED + 7]);
        assert_eq!(text.lines().filter(|line| line.starts_with('+') && line.contains("xxx")).count(), CONTINUED);
        assert!(text.contains("  7 more characters of this line are not shown"), "{text}");
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
    }
}
