//! Text from outside, made fit to be shown or passed on.
//!
//! Whoever writes a page must never write on somebody's terminal, into a header or into a log.

use crate::limits;

/// One line of printable ASCII: every other character becomes `?`, white space is collapsed, and what is longer than `limit`
/// bytes is cut and ends with `...`. For everything from outside that is shown.
///
/// ```
/// # use affineur_packaging::text::printable;
/// assert_eq!(printable("two\r\nlines \u{1b}[31mred", 80), "two lines ?[31mred");
/// assert_eq!(printable("a long story", 8), "a lon...");
/// ```
#[must_use]
pub fn printable(text: &str, limit: usize) -> String {
    const CUT: &str = "...";
    let mut line = String::new();
    let mut space = false;
    for character in text.chars() {
        if character.is_whitespace() {
            space = !line.is_empty();
            continue;
        }
        if space {
            line.push(' ');
            space = false;
        }
        line.push(if character.is_ascii_graphic() { character } else { '?' });
        if line.len() > limit {
            line.truncate(limit.saturating_sub(CUT.len()));
            line.extend(CUT.chars().take(limit));
            break;
        }
    }
    line
}

/// Free text of a page, as it is kept: at most [`limits::TEXT_BYTES`], no control characters, nothing that reorders or hides
/// what surrounds it. It may still be in any script.
#[must_use]
pub fn free_text(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(limits::TEXT_BYTES));
    for character in text.chars() {
        let character = match character {
            '\t' | '\n' | '\r' => ' ',
            _ if character.is_control() || is_invisible(character) => char::REPLACEMENT_CHARACTER,
            _ => character,
        };
        if kept.len() + character.len_utf8() > limits::TEXT_BYTES {
            break;
        }
        kept.push(character);
    }
    kept
}

/// A line of somebody's file as it may stand on a terminal, with nothing left out: what is invisible, moves the cursor, reorders
/// text or is not UTF-8 is written as an escape (`\u{202e}`, `\xff`). Tabs stay.
///
/// ```
/// # use affineur_packaging::text::escaped;
/// assert_eq!(escaped("caf\u{e9}\t\u{1b}[2J\u{202e}".as_bytes()), "caf\u{e9}\t\\u{1b}[2J\\u{202e}");
/// assert_eq!(escaped(b"\xff\r"), "\\xff\\r");
/// ```
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => line.push(character),
                _ if character.is_control() || is_invisible(character) => line.extend(character.escape_default()),
                _ => line.push(character),
            }
        }
        line.extend(chunk.invalid().iter().flat_map(|byte| format!("\\x{byte:02x}").into_bytes()).map(char::from));
    }
    line
}

/// Unicode's format characters (general category Cf: bidirectional controls, zero-width characters, tags, …), its
/// noncharacters, and the fillers that look like nothing.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests;
