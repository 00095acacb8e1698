use proptest::prelude::*;

use super::*;

#[test]
fn text_from_outside_becomes_one_printable_line() {
    for (text, line) in [
        ("", ""),
        ("  plain \t text \n", "plain text"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie: x"),
        ("\u{1b}]0;title\u{7}", "?]0;title?"),
        ("naïve \u{202e}gnp.exe", "na?ve ?gnp.exe"),
        ("nul\0", "nul?"),
        ("\u{2028}\u{a0}x", "x"),
    ] {
        assert_eq!(printable(text, 100), line, "{text:?}");
    }
}

#[test]
fn long_text_is_cut() {
    for (limit, line) in
        [(0, ""), (1, "."), (3, "..."), (4, "a..."), (10, "abcdefg..."), (11, "abcdefghijk"), (12, "abcdefghijk")]
    {
        assert_eq!(printable("abcdefghijk", limit), line, "{limit}");
    }
}

#[test]
fn kept_text_stays_in_its_script_and_loses_what_hides_or_reorders() {
    for (text, kept) in [
        ("gültig, 有効 🎉", "gültig, 有効 🎉"),
        ("two\nlines\ttab", "two lines tab"),
        ("\u{1b}[31m", "\u{fffd}[31m"),
        ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{e0041}f\u{85}g", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}g"),
    ] {
        assert_eq!(free_text(text), kept, "{text:?}");
    }
}

#[test]
fn kept_text_is_cut_between_characters() {
    assert_eq!(free_text(&"a".repeat(limits::TEXT_BYTES + 1)).len(), limits::TEXT_BYTES);
    assert_eq!(free_text(&"€".repeat(limits::TEXT_BYTES)).len(), limits::TEXT_BYTES / 3 * 3);
}

proptest! {
    #[test]
    fn a_printable_line_is_short_printable_and_stays_as_it_is(text in any::<String>(), limit in 0_usize..60) {
        let line = printable(&text, limit);
        prop_assert!(line.len() <= limit);
        prop_assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        prop_assert_eq!(printable(&line, limit), line);
    }

    #[test]
    fn kept_text_has_no_control_characters_and_stays_as_it_is(text in any::<String>()) {
        let kept = free_text(&text);
        prop_assert!(!kept.chars().any(char::is_control));
        prop_assert_eq!(free_text(&kept), kept);
    }
}
