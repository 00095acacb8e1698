//! A requirements file as text, read at least as widely as pip and uv read it: what one of them sees must be seen here.

/// The text of a requirements file; `None` for what pip may read as another text than we do: it takes the encoding of a byte
/// order mark, or the one that a comment in the first two lines declares (PEP 263).
#[must_use]
pub fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    let declares = |line: &str| line.starts_with('#') && line.contains("coding");
    let plain = |line: &str| {
        let line = line.to_ascii_lowercase();
        let declared = line.split_once("coding").map(|(_, rest)| rest.trim_start_matches([':', '=', ' ']));
        let named = |rest: &str| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && !b"-_.".contains(&(c as u8))).next().map(str::to_owned)
        };
        declared.and_then(named).is_some_and(|name| matches!(name.as_str(), "utf-8" | "utf8" | "ascii" | "us-ascii"))
    };
    text.lines().take(2).all(|line| !declares(line) || plain(line)).then(|| text.replace("\r\n", "\n"))
}

/// How many lines a text has, comments and empty ones included.
#[must_use]
pub fn count(text: &str) -> usize {
    text.split(BOUNDARIES).count()
}

/// Where pip's lines end: Python's `str.splitlines`.
const BOUNDARIES: [char; 11] = ['\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}', '\0'];

/// Lines with their numbers, comments removed, continued lines joined: in each way in which pip or uv joins them.
#[must_use]
pub fn logical(text: &str) -> Vec<(usize, String)> {
    let mut lines = readings(text).concat();
    lines.sort();
    lines.dedup();
    lines
}

/// The lines as pip and as uv joins them, each with the number of its first line, from 1.
#[must_use]
pub fn readings(text: &str) -> [Vec<(usize, String)>; 2] {
    [joined(text, "", CommentsEnd::After), joined(text, " ", CommentsEnd::Before)]
}

/// Whether a comment ends before lines are joined (uv) or after (pip, where it then swallows the next line).
#[derive(Clone, Copy, PartialEq, Eq)]
enum CommentsEnd {
    Before,
    After,
}

fn joined(text: &str, between: &str, comments: CommentsEnd) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (position, raw) in text.split(BOUNDARIES).enumerate() {
        let content = without_comment(raw);
        let line = if comments == CommentsEnd::Before || content.trim().is_empty() { content } else { raw };
        let (content, continues) = line.strip_suffix('\\').map_or((line, false), |content| (content, true));
        match lines.last_mut().filter(|_| open) {
            Some((_, joined)) => {
                joined.push_str(between);
                joined.push_str(content);
            }
            None => lines.push((position + 1, content.to_owned())),
        }
        open = continues;
    }
    let trimmed = lines.into_iter().map(|(number, line)| (number, without_comment(&line).trim().to_owned()));
    trimmed.filter(|(_, line)| !line.is_empty()).collect()
}

/// A comment begins with `#` at the start or after white space.
fn without_comment(line: &str) -> &str {
    let begins = |at: usize| line.get(..at).is_some_and(|before| before.chars().next_back().is_none_or(char::is_whitespace));
    let at = line.match_indices('#').map(|(at, _)| at).find(|at| begins(*at));
    at.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// The words of a line: as a shell splits them (pip), and at white space with the quotes taken off (uv).
#[must_use]
pub fn words(line: &str) -> [Vec<String>; 2] {
    let plain = line.split_whitespace().map(|word| word.replace(['"', '\''], "")).collect();
    [plain, shell_words(line)]
}

fn shell_words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut inside, mut quote) = (false, None);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            inside = false;
            continue;
        }
        if !std::mem::replace(&mut inside, true) {
            words.push(String::new());
        }
        let Some(word) = words.last_mut() else { continue };
        match character {
            '"' | '\'' if quote == Some(character) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(character),
            '\\' if quote != Some('\'') => word.extend(characters.next()),
            _ => word.push(character),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        logical(text).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn lines_end_and_go_on_where_pip_or_uv_says() {
        for (text, expected) in [
            ("a\r\nb\rc\x0cd\u{2028}e", &["a", "b", "c", "d", "e"][..]),
            ("a\\\nb", &["a b", "ab"]),
            ("a#b\t# c", &["a#b"]),
            ("# c \\\nb", &["b"]),
            ("a # c \\\nb", &["a", "b"]),
            ("a\\\n# c\nb", &["a", "b"]),
            ("a \\ \nb", &["a \\", "b"]),
        ] {
            let mut found = lines(text);
            found.sort();
            found.dedup();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn words_are_split_with_and_without_a_shells_rules() {
        assert_eq!(words("-f \"a b\"").map(|words| words.join("|")), ["-f|a|b", "-f|a b"]);
        assert_eq!(shell_words("--find\\-l'inks'=\"/a\" ''"), ["--find-links=/a", ""]);
    }

    #[test]
    fn another_encoding_is_not_guessed() {
        assert_eq!(text(b"\xef\xbb\xbf./x.whl"), Some("./x.whl".to_owned()));
        assert_eq!(text(b"# -*- coding: utf-8 -*-\na"), Some("# -*- coding: utf-8 -*-\na".to_owned()));
        for bytes in [&b"\xff\xfea\0"[..], b"# caf\xe9", b"# coding: utf-7\n+AC8-x", b"a\n# vim: set fileencoding=cp037"] {
            assert_eq!(text(bytes), None, "{bytes:?}");
        }
    }
}
