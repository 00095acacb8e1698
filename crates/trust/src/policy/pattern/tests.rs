use super::*;

fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

#[test]
fn patterns_match_whole_normalised_names() {
    for (pattern, name) in [
        ("requests", "Requests"),
        ("acme-*", "acme-tools"),
        ("ACME_*", "acme.tools"),
        ("acme.-_tools", "acme-tools"),
        ("*", "anything"),
        ("**", "anything"),
        ("a*c", "abbc"),
        ("a*b*c", "a-xb-b-yc"),
        ("*-acme", "x-acme-acme"),
        ("a?c", "abc"),
        ("?*", "a"),
        ("a*", "a"),
    ] {
        assert!(pattern.parse::<Glob>().unwrap().matches(&project(name)), "{pattern} {name}");
    }
}

#[test]
fn patterns_do_not_match_more_than_they_say() {
    for (pattern, name) in [
        ("requests", "requests2"),
        ("requests", "xrequests"),
        ("acme-*", "acme"),
        ("acme-*", "acmetools"),
        ("acme-*", "x-acme-tools"),
        ("a?c", "ac"),
        ("a?c", "abbc"),
        ("a*c", "abcd"),
        ("?", "ab"),
        ("a*b*c", "acb"),
    ] {
        assert!(!pattern.parse::<Glob>().unwrap().matches(&project(name)), "{pattern} {name}");
    }
}

#[test]
fn what_can_match_nothing_is_no_pattern() {
    use ParseGlobError::{Character, Empty, Separator, TooLong};
    let long = "a".repeat(limits::GLOB_BYTES + 1);
    for (text, error) in [
        ("", Empty),
        (long.as_str(), TooLong),
        ("a b", Character),
        ("a/b", Character),
        ("[ab]", Character),
        ("é", Character),
        ("-a", Separator),
        ("a.", Separator),
        ("_", Separator),
    ] {
        assert_eq!(text.parse::<Glob>(), Err(error), "{text}");
    }
}

#[test]
fn a_pattern_full_of_stars_is_matched_in_bounded_time() {
    let pattern: Glob = "*a".repeat(limits::GLOB_BYTES / 2).parse().unwrap();
    assert!(!pattern.matches(&project(&format!("{}b", "a".repeat(127)))));
}

#[test]
fn hosts_are_names_or_addresses_and_nothing_else() {
    for text in [
        "github.com",
        "localhost",
        "GitHub.COM",
        "a_b.example",
        "127.0.0.1",
        "::1",
        "[::1]",
        "*.example",
        "xn--bcher-kva.example",
        "1.example",
    ] {
        assert!(text.parse::<HostPattern>().is_ok(), "{text}");
    }
    for text in [
        "",
        ".",
        "*",
        "*.",
        "*.*.example",
        "a.*",
        "*example",
        "https://github.com",
        "github.com:443",
        "github.com/",
        "a b",
        "a..b",
        ".a",
        "-a.example",
        "user@github.com",
        "*.127.0.0.1",
        "127.0.0.256",
        "bücher.example",
        "[github.com]x",
    ] {
        assert_eq!(text.parse::<HostPattern>(), Err(ParseHostError), "{text}");
    }
    assert!(format!("{}a", "a.".repeat(127)).parse::<HostPattern>().is_err(), "255 bytes");
}

#[test]
fn addresses_are_compared_by_value_of_their_text() {
    let address: HostPattern = "[::1]".parse().unwrap();
    assert!(address.matches("::1") && address.matches("[::1]"));
    assert!(!address.matches("::11"));
}
