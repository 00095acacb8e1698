use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> Rule {
    read(text).unwrap().0
}

#[test]
fn and_binds_closer_than_or_and_what_is_printed_reads_back() {
    for (written, printed) in [
        ("a", "a"),
        ("((a))", "a"),
        ("a and b or c", "(a and b) or c"),
        ("a or b and c", "a or (b and c)"),
        ("(a or b) and c", "(a or b) and c"),
        ("a and (b and c)", "a and b and c"),
        ("2 of(a,b , c)", "2 of (a, b, c)"),
        ("p and 2 of (a, b or c, d and e)", "p and 2 of (a, b or c, d and e)"),
        ("1 of (2 of (a, b), c)", "1 of (2 of (a, b), c)"),
        ("2", "2"),
        ("2 and 3.x", "2 and 3.x"),
        ("a\n\tand b", "a and b"),
    ] {
        assert_eq!(rule(written).to_string(), printed);
        assert_eq!(rule(printed), rule(written));
    }
}

#[test]
fn each_error_says_at_which_byte_what_was_expected() {
    for (text, at, problem) in [
        ("", 0, "expected a party, `K of (...)` or `(`, found the end"),
        ("a and", 5, "expected a party, `K of (...)` or `(`, found the end"),
        ("a b", 2, "expected `and`, `or` or the end, found `b`"),
        ("a, b", 1, "expected `and`, `or` or the end, found `,`"),
        ("(a", 2, "expected `and`, `or`, `,` or `)`, found the end"),
        ("a)", 1, "expected `and`, `or` or the end, found `)`"),
        ("2 of a", 5, "expected `(` after `of`, found `a`"),
        ("2 of ()", 6, "expected a party, `K of (...)` or `(`, found `)`"),
        ("0 of (a)", 0, "`0 of` always holds: it demands nothing"),
        ("a and 3 of (a, b)", 6, "3 of 2 can never hold"),
        ("99999999999999999999999 of (a, b)", 0, "99999999999999999999999 of 2 can never hold"),
        ("2 of (a, b, a)", 0, "`a` is in two members of this `2 of`: it would count twice"),
        ("2 of (a and b, c or a)", 0, "`a` is in two members of this `2 of`: it would count twice"),
        ("a and b and a", 0, "`a` is here twice"),
        ("x or (a or x)", 0, "`x` is here twice"),
        ("and", 0, "expected a party, `K of (...)` or `(`, found `and`"),
        ("not a", 4, "expected `and`, `or` or the end, found `a`"),
        ("a & b", 2, "expected `and`, `or` or the end, found `&`"),
        ("a and \u{e9}", 6, "expected a party, `K of (...)` or `(`, found `?`"),
        ("-1 of (a)", 3, "expected `and`, `or` or the end, found `of`"),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!((error.at, error.problem.as_str()), (at, problem), "{text}");
    }
}

#[test]
fn every_limit_of_a_rule_holds_at_its_edge() {
    use crate::limits::{RULE_BYTES, RULE_DEPTH};
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(read(&nested(RULE_DEPTH)).is_ok());
    assert!(read(&nested(RULE_DEPTH + 1)).unwrap_err().problem.contains("nested at most 16 deep"));
    assert!(read(&"(".repeat(RULE_BYTES)).is_err());
    let long = |bytes: usize| format!("a{}", " ".repeat(bytes - 1));
    assert!(read(&long(RULE_BYTES)).is_ok());
    assert!(read(&long(RULE_BYTES + 1)).unwrap_err().problem.contains("at most 4096 bytes"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_and_what_reads_prints_and_reads_back(text in "[ab2 ()of,andr.-]{0,40}|\\PC{0,20}") {
        if let Ok((rule, names)) = read(&text) {
            prop_assert_eq!(&read(&rule.to_string()).unwrap().0, &rule);
            for (at, name) in names {
                prop_assert!(text[at..].starts_with(name.as_str()));
            }
        }
    }
}
