use super::*;

fn learned(url: &str) -> String {
    PartyName::learned(&url.parse().unwrap()).to_string()
}

#[test]
fn a_learned_source_is_called_like_its_host() {
    assert_eq!(learned("https://index.example/simple/"), "index.example");
    assert_eq!(learned("https://index.example/simple"), "index.example");
    assert_eq!(learned("https://INDEX.example:443/simple/"), "index.example");
    assert_eq!(learned("https://user:secret@index.example/simple/?t=1#f"), "index.example", "credentials do not count");
}

#[test]
fn other_learned_names_end_in_a_digest() {
    let name = learned("http://127.0.0.1:8080/team/pypi/");
    assert!(name.starts_with("127.0.0.1-8080-team-pypi_"), "{name}");
    assert_eq!(name, learned("http://127.0.0.1:8080/team/pypi"), "and are always the same");
}

#[test]
fn no_two_urls_have_one_name_and_every_name_parses() {
    let urls = [
        "https://index.example/simple/",
        "http://index.example/simple/",
        "https://index.example/",
        "https://index.example:8443/simple/",
        "https://index.example/simple/simple/",
        "https://index.example-8443/simple/",
        "https://index.example/-8443/simple/",
        "https://index.example/Simple/",
        "https://index.example/a-b/",
        "https://index.example/a/b/",
        "https://index.example/a_b/",
        "https://index.example/a%2Fb/",
        "https://index.example/simple//x",
        "https://index_example/simple/",
        "https://[::1]/simple/",
        "https://[::1]:8443/simple/",
        "https://x/",
        "file:///a",
        "https://index.example_0000000000000000/simple/",
        "http://index.example:443/simple/",
    ];
    let long = format!("https://index.example/{}/", "x".repeat(300));
    let longer = format!("https://index.example/{}/", "x".repeat(301));
    let mut names = std::collections::BTreeSet::new();
    for url in urls.into_iter().chain([long.as_str(), longer.as_str()]) {
        let name = learned(url);
        assert!(name.parse::<PartyName>().is_ok(), "{url} {name}");
        assert!(names.insert(name.clone()), "{url} has the name {name} of another one");
    }
}

#[test]
fn names_are_short_ascii_words() {
    for text in ["index", "a.b-c_d", "1", "A", &"a".repeat(64)] {
        assert!(text.parse::<PartyName>().is_ok(), "{text}");
    }
    for text in ["", "a b", "a/b", "é", "a\n", "a:b", &"a".repeat(65)] {
        assert_eq!(text.parse::<PartyName>(), Err(ParsePartyNameError), "{text}");
    }
}

#[test]
fn credentials_have_a_variable_of_their_own() {
    assert_eq!(
        "internal-index.2".parse::<PartyName>().unwrap().credentials_variable(),
        "AFFINEUR_CREDENTIALS_INTERNAL_INDEX_2"
    );
}

#[test]
fn trust_is_exact() {
    for (text, thousandths, printed) in [
        ("0", 0, "0.0"),
        ("0.5", 500, "0.5"),
        ("1", 1_000, "1.0"),
        ("0.001", 1, "0.001"),
        ("2.250", 2_250, "2.25"),
        ("1000", 1_000_000, "1000.0"),
    ] {
        let trust: MilliTrust = text.parse().unwrap();
        assert_eq!((trust.thousandths(), trust.to_string().as_str()), (thousandths, printed));
        assert_eq!(printed.parse(), Ok(trust));
    }
    for text in ["", ".", "1.", ".5", "0.0001", "-1", "+1", "1e3", "1000.001", "1001", "99999", "inf", "0,5", "1.0.0", " 1"] {
        assert_eq!(text.parse::<MilliTrust>(), Err(ParseTrustError), "{text}");
    }
}
