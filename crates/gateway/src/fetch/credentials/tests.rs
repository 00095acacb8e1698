use super::*;

fn pair(credentials: Option<&Credentials>) -> Option<(&str, &str)> {
    credentials.map(|credentials| (credentials.user.expose(), credentials.password.expose()))
}

#[test]
fn a_netrc_file_is_read_as_curl_and_pip_read_it() {
    let netrc = Netrc::parse(
        "# comment\n\
         machine index.example login one password #1 # trailing comment\n\
         machine other.example\n  login two\n  account x\n  password \"two \\\"words\\\"\"\n\
         macdef init\n machine fake.example login x password y\n\n\
         machine index.example login second password second\n\
         machine token.example password only\n\
         default login any password any\n",
    )
    .unwrap();
    assert_eq!(pair(netrc.credentials_for("index.example")), Some(("one", "#1")));
    assert_eq!(pair(netrc.credentials_for("OTHER.example")), Some(("two", "two \"words\"")));
    assert_eq!(pair(netrc.credentials_for("token.example")), Some(("", "only")));
    // Neither what stands in a macro, nor the default: that would send a password to every index.
    assert_eq!(pair(netrc.credentials_for("fake.example")), None);
    assert_eq!(pair(netrc.credentials_for("sub.index.example")), None);
}

#[test]
fn a_netrc_file_that_cannot_be_understood_is_an_error_with_its_line() {
    for (text, line) in
        [("machine", 1), ("\nlogin x", 2), ("machine a\n\nlogin x pasword y", 3), ("machine a login", 1), ("word", 1)]
    {
        assert_eq!(Netrc::parse(text), Err(FetchError::Settings(SettingsProblem::Netrc(line))), "{text:?}");
    }
    assert_eq!(Netrc::parse(""), Ok(Netrc::default()));
}

#[test]
fn the_netrc_file_is_the_one_that_is_named_or_the_usual_one() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".netrc"), "machine a.example login home password p").unwrap();
    std::fs::write(home.path().join("named"), "machine a.example login named password p").unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let read = |named: Option<String>, home: Option<String>| {
        let lookup = |name: &str| match name {
            "NETRC" => named.clone(),
            "HOME" => home.clone(),
            _ => None,
        };
        let netrc = Netrc::from_environment(lookup).unwrap();
        netrc.credentials_for("a.example").map(|credentials| credentials.user.expose().to_owned())
    };
    assert_eq!(read(Some(path("named")), Some(path(""))).as_deref(), Some("named"));
    assert_eq!(read(None, Some(path(""))).as_deref(), Some("home"));
    assert_eq!(read(Some(path("missing")), Some(path(""))), None);
    assert_eq!(read(None, None), None);
}

#[test]
fn secrets_are_never_shown() {
    let mut url = Url::parse("https://user:hunter2@index.example/simple/").unwrap();
    let credentials = Credentials::take_from(&mut url).unwrap();
    assert_eq!(url.as_str(), "https://index.example/simple/");
    let shown = format!("{credentials:?} {:?} {} {:?}", credentials.user, credentials.password, credentials.basic());
    assert!(!shown.contains("hunter2") && !shown.contains("user\"") && shown.contains("***"), "{shown}");
    assert_eq!(Credentials::take_from(&mut url), None);
}

#[test]
fn signs_in_user_names_and_passwords_are_decoded_once() {
    let mut url = Url::parse("https://a%26b=c+d:%2525%40@index.example/").unwrap();
    assert_eq!(pair(Credentials::take_from(&mut url).as_ref()), Some(("a&b=c+d", "%25@")));
}
