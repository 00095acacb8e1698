use proptest::prelude::*;

use super::*;

mod layouts;
mod securesystemslib;

use layouts::{Layout, naive};

/// What a text is refused with.
fn refusal(text: &[u8]) -> JsonError {
    canonical(text).map(|form| String::from_utf8_lossy(&form).into_owned()).expect_err(&String::from_utf8_lossy(text))
}

fn form(text: &[u8]) -> Vec<u8> {
    canonical(text).unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(text))).into_owned()
}

#[test]
fn the_form_is_that_of_securesystemslib() {
    for (text, expected) in securesystemslib::FORMS {
        let hexadecimal: String = form(text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hexadecimal, *expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_canonical_text_is_borrowed_even_between_white_space() {
    for text in ["1", "\"\"", r#"{"a":[1,{"b":"\\ \" é"}],"b":null}"#, r#"{"\"":1,"$":2,"\\":3,"]":4}"#, "[[],{}]"] {
        for around in [text.to_owned(), format!("{text}\n"), format!(" \t{text}\r\n ")] {
            assert_eq!(canonical(around.as_bytes()), Ok(Cow::Borrowed(text.as_bytes())));
            assert!(matches!(canonical(around.as_bytes()), Ok(Cow::Borrowed(_))), "{around}");
        }
    }
}

#[test]
fn what_is_not_json_is_refused_where_it_stops_being_json() {
    let rows: &[(&[u8], usize, &str)] = &[
        (b"", 0, "expected a value, found the end"),
        (b" \n", 2, "expected a value, found the end"),
        (b"\xEF\xBB\xBF1", 0, "expected a value, found byte 0xef"),
        (b"nul", 0, "expected a value, found `n`"),
        (b"True", 0, "expected a value, found `T`"),
        (b"NaN", 0, "expected a value, found `N`"),
        (b"[Infinity]", 1, "expected a value, found `I`"),
        (b"'a'", 0, "expected a value, found `'`"),
        (b"+1", 0, "expected a value, found `+`"),
        (b".5", 0, "expected a value, found `.`"),
        (b"\x0b1", 0, "expected a value, found byte 0x0b"),
        (b"// a\n1", 0, "expected a value, found `/`"),
        (b"1 2", 2, "expected the end, found `2`"),
        (b"{}}", 2, "expected the end, found `}`"),
        (b"nullnull", 4, "expected the end, found `n`"),
        (b"1\0", 1, "expected the end, found byte 0x00"),
        (b"0x10", 1, "expected the end, found `x`"),
        (b"-", 1, "expected a digit, found the end"),
        (b"[-]", 2, "expected a digit, found `]`"),
        (b"--1", 1, "expected a digit, found `-`"),
        (b"-Infinity", 1, "expected a digit, found `I`"),
        (b"01", 1, "expected no digit after a leading 0, found `1`"),
        (b"-00", 2, "expected no digit after a leading 0, found `0`"),
        (b"[", 1, "expected a value, found the end"),
        (b"[1", 2, "expected `,` or `]`, found the end"),
        (b"[1 2]", 3, "expected `,` or `]`, found `2`"),
        (b"[1}", 2, "expected `,` or `]`, found `}`"),
        (b"[1,]", 3, "expected a value, found `]`"),
        (b"[,1]", 1, "expected a value, found `,`"),
        (b"{", 1, "expected a name in quotes, found the end"),
        (b"{\"a\":1,}", 7, "expected a name in quotes, found `}`"),
        (b"{,\"a\":1}", 1, "expected a name in quotes, found `,`"),
        (b"{a:1}", 1, "expected a name in quotes, found `a`"),
        (b"{1:1}", 1, "expected a name in quotes, found `1`"),
        (b"{\"a\"}", 4, "expected `:`, found `}`"),
        (b"{\"a\" 1}", 5, "expected `:`, found `1`"),
        (b"{\"a\":}", 5, "expected a value, found `}`"),
        (b"{\"a\":1", 6, "expected `,` or `}`, found the end"),
        (b"{\"a\":1]", 6, "expected `,` or `}`, found `]`"),
        (b"{\"a\":1 \"b\":2}", 7, "expected `,` or `}`, found `\"`"),
        (b"\"\\", 2, "expected one of `\"\\/bfnrtu`, found the end"),
        (b"\"\\a\"", 2, "expected one of `\"\\/bfnrtu`, found `a`"),
        (b"\"\\U0041\"", 2, "expected one of `\"\\/bfnrtu`, found `U`"),
        (b"\"\\x41\"", 2, "expected one of `\"\\/bfnrtu`, found `x`"),
        (b"\"\\u004\"", 6, "expected a hexadecimal digit, found `\"`"),
        (b"\"\\u+041\"", 3, "expected a hexadecimal digit, found `+`"),
        (b"\"\\u00", 5, "expected a hexadecimal digit, found the end"),
        ("\"\\u００41\"".as_bytes(), 3, "expected a hexadecimal digit, found byte 0xef"),
    ];
    for (text, at, sentence) in rows {
        assert_eq!(refusal(text).to_string(), format!("byte {at}: {sentence}"), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn numbers_are_integers_of_64_bits_in_their_one_form() {
    for text in ["0", "7", "-1", "10", "9223372036854775808", "-9223372036854775808", "18446744073709551615"] {
        assert_eq!(form(text.as_bytes()), text.as_bytes());
    }
    for text in ["1.0", "0.5", "-0.0", "1e3", "1E3", "0e0", "1.", "99999999999999999999.5", "1e+1"] {
        assert_eq!(refusal(text.as_bytes()), JsonError::NotAnInteger { at: 0 }, "{text}");
    }
    let long = "9".repeat(10_000);
    for text in ["18446744073709551616", "-9223372036854775809", "100000000000000000000", &long] {
        assert_eq!(refusal(format!("[{text}]").as_bytes()), JsonError::IntegerRange { at: 1 }, "{text}");
    }
    assert_eq!(refusal(b"[1,-0]"), JsonError::NegativeZero { at: 3 });
}

#[test]
fn a_raw_control_character_is_refused_wherever_it_stands_in_a_string() {
    for (control, length) in (0..0x20_u8).flat_map(|control| (0..20).map(move |length| (control, length))) {
        let text = [b"\"", "é".repeat(length).as_bytes(), &[control], b"12345678\""].concat();
        let at = 1 + 2 * length;
        let expected = "a character of a string, escaped if it is a control character";
        assert_eq!(refusal(&text), JsonError::Unexpected { at, expected, found: Found(Some(control)) });
    }
}

#[test]
fn strings_end_at_their_quote_wherever_it_stands() {
    for length in 0..40 {
        for filling in ["a", "é", "\u{7f}", "!", "#", "[", "]", " "] {
            let text = format!("\"{}\"", filling.repeat(length));
            assert_eq!(form(text.as_bytes()), text.as_bytes());
            let unfinished = &text.as_bytes()[..text.len() - 1];
            assert!(
                matches!(refusal(unfinished), JsonError::Unexpected { at, found: Found(None), .. } if at == unfinished.len())
            );
        }
    }
}

#[test]
fn half_a_pair_of_surrogates_is_refused() {
    for half in ["\\ud800", "\\udfff", "\\udc00\\ud800", "\\ud83d\\ud83d\\ude00", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\u0041"] {
        assert_eq!(refusal(format!("[\"a{half}\"]").as_bytes()), JsonError::LoneSurrogate { at: 3 }, "{half}");
        assert_eq!(refusal(format!("{{\"a{half}\":1}}").as_bytes()), JsonError::LoneSurrogate { at: 3 }, "{half}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    for bytes in [&b"\x80"[..], b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
        assert_eq!(refusal(&[b"\"a", bytes, b"\""].concat()), JsonError::NotUtf8 { at: 2 }, "{bytes:x?}");
    }
}

#[test]
fn a_name_twice_is_refused_however_it_is_written_and_wherever() {
    let rows: &[(&str, usize)] = &[
        (r#"{"a":1,"a":1}"#, 7),
        (r#"{"":1,"":2}"#, 6),
        (r#"{"a":1,"\u0061":2}"#, 7),
        (r#"{"\/":1,"/":2}"#, 8),
        (r#"{"é":1,"\u00E9":2}"#, 8),
        (r#"{"\"":1,"\u0022":2}"#, 8),
        (r#"{"\\n":1,"\u005cn":2}"#, 9),
        (r#"{"😀":1,"\ud83d\ude00":2}"#, 10),
        (r#"{"a":1,"b":2,"a":3}"#, 13),
        (r#"{"b":1,"a":2,"b":3,"c":4}"#, 13),
        (r#"[{"x":{"b":1,"c":[],"b":3}}]"#, 20),
    ];
    for (text, at) in rows {
        assert_eq!(refusal(text.as_bytes()), JsonError::DuplicateName { at: *at }, "{text}");
    }
    assert_eq!(form(br#"{"a":{"a":1},"b":{"a":{"b":1}}}"#), br#"{"a":{"a":1},"b":{"a":{"b":1}}}"#, "in different objects");
    assert_eq!(form(r#"{"é":1,"e\u0301":2}"#.as_bytes()), "{\"e\u{301}\":2,\"é\":1}".as_bytes(), "never normalised");
}

#[test]
fn nesting_ends_at_its_limit() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), (" [ 1 , ", " ] "), ("{\"b\":1,\"a\":", "}")] {
        let nested = |levels: usize| [&open.repeat(levels), "1", &close.repeat(levels)].concat();
        assert!(canonical(nested(limits::JSON_DEPTH).as_bytes()).is_ok());
        let error = refusal(nested(limits::JSON_DEPTH + 1).as_bytes());
        assert!(matches!(error, JsonError::TooDeep { .. }), "{error}");
        assert_eq!(refusal(open.repeat(100_000).as_bytes()), error, "before anything that follows");
    }
    let flat = format!("[{}1]", "[],{\"a\":[]},".repeat(10_000));
    assert_eq!(form(flat.as_bytes()), flat.as_bytes(), "the limit is of levels, not of brackets");
}

#[test]
fn errors_repeat_nothing_unprintable() {
    for byte in 0..=u8::MAX {
        let sentence = Found(Some(byte)).to_string();
        assert!(sentence.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{sentence:?}");
    }
}

#[test]
fn every_level_out_of_order_still_gives_the_right_form() {
    let mut text = "0".to_owned();
    for level in 0..limits::JSON_DEPTH {
        let names = ["z", "\\u0079", "a", "\\\"", "\u{fb33}", "\u{1f600}"].map(|name| format!("\"{name}{level}\": 1 "));
        text = format!("{{\"m\":{text} ,\n{}}}", names.join(","));
    }
    assert_eq!(form(text.as_bytes()), naive(&serde_json::from_str(&text).unwrap()).into_bytes());
}

proptest! {
    #[test]
    fn a_form_is_that_of_a_naive_writer_in_every_layout((value, layout) in (layouts::value(), any::<Vec<u8>>())) {
        let text = Layout::new(&layout).print(&value);
        prop_assert_eq!(String::from_utf8(form(text.as_bytes())), Ok(naive(&value)), "{}", text);
    }

    #[test]
    fn a_form_that_is_json_is_its_own_form(value in layouts::value()) {
        let once = naive(&value);
        if !once.contains(|character: char| character < ' ') {
            let borrowed = matches!(canonical(once.as_bytes()), Ok(Cow::Borrowed(form)) if form == once.as_bytes());
            prop_assert!(borrowed, "{}", once);
        }
    }

    #[test]
    fn what_is_accepted_is_json_for_others_too(text in r#"([\[\]{},:" \\0-9a-cu.\-\n]|true|"a":|\\u00){0,12}"#) {
        if let Ok(form) = canonical(text.as_bytes()) {
            let value: serde_json::Value = serde_json::from_str(&text)?;
            prop_assert_eq!(String::from_utf8(form.into_owned()), Ok(naive(&value)));
        }
    }

    #[test]
    fn every_change_of_a_byte_is_read_or_refused_without_a_panic(
        (value, layout, at, byte) in (layouts::value(), any::<Vec<u8>>(), any::<prop::sample::Index>(), any::<u8>())
    ) {
        let mut text = Layout::new(&layout).print(&value).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        if let Ok(form) = canonical(&text) {
            prop_assert!(form.len() <= text.len());
            prop_assert_eq!(String::from_utf8(form.into_owned()), Ok(naive(&serde_json::from_slice(&text)?)));
        }
    }

    #[test]
    fn a_text_cut_short_is_refused(
        (value, layout, at) in (layouts::value(), any::<Vec<u8>>(), any::<prop::sample::Index>())
    ) {
        let text = format!("[{}]", Layout::new(&layout).print(&value));
        let end = at.index(text.len());
        prop_assert!(canonical(&text.as_bytes()[..end]).is_err(), "{}", text);
    }
}
