use proptest::prelude::*;

use super::*;

fn path(text: &str) -> TargetPath {
    text.parse().unwrap()
}

#[test]
fn wildcards_stay_within_a_segment() {
    let cases = [
        ("*", "a.whl", true),
        ("*", "a/b", false),
        ("*/*", "a/b", true),
        ("releases/*", "releases/a", true),
        ("releases/*", "releases/a/b", false),
        ("foo-?.tgz", "foo-1.tgz", true),
        ("foo-?.tgz", "foo-.tgz", false),
        ("foo-?.tgz", "foo-alpha.tgz", false),
        ("foo-?", "foo-é", true),
        ("a?b", "a/b", false),
        ("*.tgz", ".tgz", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-b-b-d", false),
        ("**", "abc", true),
        ("", "a", false),
        ("README.md", "README.MD", false),
        ("[ab]", "a", false),
        ("[ab]", "[ab]", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(PathPattern::new(pattern).matches(&path(text)), expected, "{pattern} {text}");
    }
}

#[test]
fn many_stars_do_not_take_exponential_time() {
    let pattern = PathPattern::new(&"*a".repeat(200));
    assert!(!pattern.matches(&path(&format!("{}b", "a".repeat(4000)))));
}

/// The obvious recursive definition.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => naive(rest, text),
        (Some(('*', rest)), Some((head, tail))) => naive(rest, text) || *head != '/' && naive(pattern, tail),
        (Some(('?', rest)), Some((head, tail))) => *head != '/' && naive(rest, tail),
        (Some((expected, rest)), Some((head, tail))) => expected == head && naive(rest, tail),
        _ => false,
    }
}

proptest! {
    #[test]
    fn matching_agrees_with_its_definition(pattern in "[ab*?/]{0,8}", text in "[ab]{1,3}(/[ab]{1,3}){0,2}") {
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(PathPattern::new(&pattern).matches(&path(&text)), naive(&characters(&pattern), &characters(&text)));
    }

    #[test]
    fn no_role_name_leads_out_of_its_folder(name in "\\PC{1,20}|[./\\\\%]{1,6}") {
        let file = metadata_path(&name, None);
        prop_assert!(!file.contains(['/', '\\']));
    }
}

#[test]
fn paths_that_leave_the_folder_are_no_target_paths() {
    for text in ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/.", "./a", "a\\b", "..\\a", "C:a", "a\0b", "a\nb"] {
        assert!(text.parse::<TargetPath>().is_err(), "{text:?}");
    }
    for text in ["a", "a/b", "a b", "...", "..a", "a..", "ab:c/d", "é", "%2e%2e/a"] {
        assert!(text.parse::<TargetPath>().is_ok(), "{text:?}");
    }
    assert!("a".repeat(limits::TARGET_PATH_BYTES + 1).parse::<TargetPath>().is_err());
}

#[test]
fn a_delegated_role_cannot_be_called_root() {
    for top in TopRole::ALL {
        assert_eq!(top.as_str().parse::<RoleName>(), Err(ParseRoleNameError::TopLevel(top)));
    }
    assert!("".parse::<RoleName>().is_err());
    assert!("a".repeat(limits::ROLE_NAME_BYTES + 1).parse::<RoleName>().is_err());
    assert!("project.root".parse::<RoleName>().is_ok());
}

#[test]
fn names_in_urls_are_percent_encoded() {
    assert_eq!(metadata_path("../a b?", Version::new(3)), "3...%2Fa%20b%3F.json");
    assert_eq!(path("a b/c#d").url_path(Some("00ff")), "a%20b/00ff.c%23d");
    assert_eq!(path("%2e%2e/a").url_path(None), "%252e%252e/a");
}

#[test]
fn names_may_be_as_long_as_the_limit() {
    assert!("a".repeat(limits::ROLE_NAME_BYTES).parse::<RoleName>().is_ok());
    assert!("a".repeat(limits::TARGET_PATH_BYTES).parse::<TargetPath>().is_ok());
}

#[test]
fn names_are_shown_without_control_characters() {
    assert_eq!("a\u{1b}[1m".parse::<RoleName>().unwrap().to_string(), "a\\u{1b}[1m");
    assert_eq!(path("a/b").to_string(), "a/b");
    assert_eq!(PathPattern::new("a/*").as_str(), "a/*");
}
