//! Every way in which a policy file can be wrong, with the place, the message and the hint: `errors.txt` and
//! `added-errors.txt`. Each block is a policy, `=>` and the message, and possibly `hint:`.

use crate::{AddedPolicy, Policy, PolicyError, limits};

struct Case {
    policy: String,
    message: String,
    hint: Option<String>,
}

fn cases(vectors: &str) -> Vec<Case> {
    let case = |block: &str| {
        let (policy, said) = block.split_once("\n=> ").unwrap_or_else(|| panic!("no '=>' in {block}"));
        let (message, hint) = match said.trim_end().split_once("\nhint: ") {
            Some((message, hint)) => (message, Some(hint.to_owned())),
            None => (said.trim_end(), None),
        };
        Case { policy: policy.to_owned(), message: message.to_owned(), hint }
    };
    vectors.split("\n\n").map(case).collect()
}

fn check<T: std::fmt::Debug>(vectors: &str, parse: impl Fn(&str) -> Result<T, PolicyError>) {
    for case in cases(vectors) {
        let error = parse(&case.policy).expect_err(&case.policy);
        assert_eq!((error.to_string(), error.hint.clone()), (case.message, case.hint), "{}", case.policy);
    }
}

#[test]
fn each_error_of_a_policy_has_its_place_and_a_hint() {
    check(include_str!("errors.txt"), Policy::parse);
}

#[test]
fn a_policy_from_the_working_directory_cannot_name_what_could_let_something_through() {
    check(include_str!("added-errors.txt"), AddedPolicy::parse);
}

#[test]
fn no_secret_of_a_url_is_in_an_error() {
    for url in [
        "https://user:hunter2@a.example/",
        "https://hunter2@a.example",
        "https://a.example/?t=hunter2",
        "hunter2",
        "ftp://x:hunter2@a",
    ] {
        let error = Policy::parse(&format!("sources = ['a']\n[party.a]\nupstream = '{url}'")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn what_a_file_has_in_it_cannot_write_on_the_terminal() {
    let escape = "\\u001b]0;owned\\u0007\\u202e";
    for text in [
        format!("\"{escape}\" = 1"),
        format!("mode = \"{escape}\""),
        format!("minimum-age = \"{escape}\""),
        format!("sources = [\"{escape}\"]"),
        format!("[party.\"{escape}\"]\nupstream = 'https://a.example/'"),
        format!("[[exception]]\nproject = 'a'\nreason = 'r'\nuntil = \"{escape}\""),
        "\u{1b}[31m = 1".to_owned(),
        "mode = \u{1b}[31m".to_owned(),
    ] {
        let error = Policy::parse(&text).unwrap_err();
        let shown = format!("{error}{}", error.hint.clone().unwrap_or_default());
        assert!(shown.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{shown:?}");
    }
}

#[test]
fn columns_are_counted_in_characters() {
    let error = Policy::parse("# é\n\"é\" = 1").unwrap_err();
    assert_eq!((error.line, error.column), (2, 1));
    let error = Policy::parse("pass = [\"é\"]").unwrap_err();
    assert_eq!((error.line, error.column), (1, 9));
    let error = Policy::parse("weights = 1 # x\r\nmode = 'é'").unwrap_err();
    assert_eq!((error.line, error.column), (1, 1));
    let error = Policy::parse("[party.a]\r\nupstream = 'https://é.example/'\r\nweight = { é = 1 }").unwrap_err();
    assert_eq!((error.line, error.column), (3, 12));
}

#[test]
fn every_limit_holds_at_its_edge() {
    let pass = |hosts: usize| format!("pass = [{}]", (0..hosts).map(|n| format!("'h{n}'")).collect::<Vec<_>>().join(","));
    assert!(Policy::parse(&pass(limits::ENTRIES)).is_ok());
    assert!(Policy::parse(&pass(limits::ENTRIES + 1)).unwrap_err().problem.contains("more than 10000 entries"));

    let spaces = |bytes: usize| " ".repeat(bytes);
    assert!(Policy::parse(&spaces(limits::POLICY_BYTES)).is_ok());
    assert!(Policy::parse(&spaces(limits::POLICY_BYTES + 1)).unwrap_err().problem.contains("at most 1048576 bytes"));

    let reason = |length: usize| format!("[[exception]]\nproject = 'a'\nuntil = 2026-12-31\nreason = '{}'", "r".repeat(length));
    assert!(Policy::parse(&reason(limits::EXCEPTION_REASON_CHARACTERS)).is_ok());
    assert!(Policy::parse(&reason(limits::EXCEPTION_REASON_CHARACTERS + 1)).is_err());

    let parties = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("'p{n}'")).collect();
        let tables: String =
            (0..count).map(|n| format!("[party.p{n}]\nupstream = 'https://a.example/'\ncanary = 'x'\n")).collect();
        format!("sources = [{}]\n{tables}", names.join(","))
    };
    assert!(Policy::parse(&parties(limits::PARTIES)).is_ok());
    assert!(Policy::parse(&parties(limits::PARTIES + 1)).unwrap_err().problem.contains("at most 64 parties"));

    let exceptions = |count: usize| "[[exception]]\nproject = 'a'\nuntil = 2026-12-31\nreason = 'r'\n".repeat(count);
    assert!(Policy::parse(&exceptions(limits::ENTRIES)).is_ok());
    assert!(Policy::parse(&exceptions(limits::ENTRIES + 1)).unwrap_err().problem.contains("more than 10000 [[exception]]"));
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for deep in ["[".repeat(100_000), "a = ".to_owned() + &"[".repeat(100_000), "a = ".to_owned() + &"{a=".repeat(100_000)] {
        assert!(Policy::parse(&deep).is_err());
    }
    let dotted = vec!["a"; 100_000].join(".");
    assert!(Policy::parse(&format!("{dotted} = 1")).is_err());
}
