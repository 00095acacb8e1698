//! What the user's machine and project set: pip's and uv's configuration, netrc, `NO_PROXY`, `--tunnel`. The first byte says which.
#![no_main]

use affineur_gateway::fetch::{FetchError, Netrc, NoProxy, SettingsProblem};
use affineur_gateway::fuzzing::{pip_settings, uv_settings};
use affineur_gateway::proxy::Tunnels;
use affineur_gateway::run::PipKey;
use url::{Host, Url};

libfuzzer_sys::fuzz_target!(|text: &str| match text.split_at_checked(1) {
    Some(("i", text)) => check_pip(text),
    Some(("u", text)) => check_uv(text),
    Some(("n", text)) => check_netrc(text),
    Some(("p", text)) => check_no_proxy(text),
    Some(("t", text)) => check_tunnels(text),
    _ => {}
});

/// What stands before a setting never hides it, however lines end.
fn check_pip(text: &str) {
    let found = pip_settings(text);
    let mut more = pip_settings(&format!("{text}\n[install]\nproxy = end\n"));
    assert_eq!(more.pop(), Some((PipKey::Proxy, "end".to_owned())));
    assert_eq!(more, found);
    if !text.contains('\r') {
        assert_eq!(pip_settings(&text.replace('\n', "\r")), found);
    }
}

/// The same settings mean the same in either file.
fn check_uv(text: &str) {
    let _ = uv_settings("pyproject.toml", text);
    let Some(found) = uv_settings("uv.toml", text) else { return };
    let table: toml::Table = text.parse().expect("it was read");
    let of_uv = toml::Table::from_iter([("uv".to_owned(), toml::Value::Table(table))]);
    let wrapped = toml::Table::from_iter([("tool".to_owned(), toml::Value::Table(of_uv))]);
    let printed = toml::to_string(&wrapped).expect("a table");
    // Two levels more may be too deep.
    if printed.parse::<toml::Table>().is_ok() {
        assert_eq!(uv_settings("pyproject.toml", &printed), Some(found));
    }
}

fn check_netrc(text: &str) {
    match Netrc::parse(text) {
        Ok(netrc) => {
            let more = Netrc::parse(&format!("{text}\n\nmachine end.invalid login me password p")).expect("an entry more");
            let found = more.credentials_for("END.invalid").expect("the entry");
            match netrc.credentials_for("end.invalid") {
                Some(earlier) => assert_eq!(found, earlier),
                None => assert_eq!((found.user.expose(), found.password.expose()), ("me", "p")),
            }
        }
        Err(FetchError::Settings(SettingsProblem::Netrc(line))) => assert!(line >= 1 && line <= text.lines().count()),
        Err(other) => panic!("{other}"),
    }
}

/// A list and, behind a line's end, a URL. A longer list never matches less, and a host's own name matches it.
fn check_no_proxy(text: &str) {
    let (list, url) = text.split_once('\n').unwrap_or((text, "https://a.example:8443/"));
    let Ok(url) = Url::parse(url) else { return };
    if !matches!(url.scheme(), "http" | "https") {
        return; // hosts of other schemes are not parsed as hosts
    }
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return };
    let matches = |list: &str| NoProxy::parse(list).matches(&host, port);
    assert!(!matches(list) || matches(&format!("{list},other.example")) && matches(&format!("10.0.0.0/8 {list}")));
    assert!(matches(&format!("{list} *")) && matches(&format!("{list},*:{port}")));
    let plain = |name: &str| {
        name.contains(|letter| letter != '.')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter))
    };
    if !matches!(host, Host::Domain(name) if !plain(name)) {
        assert!(matches(&format!("{list},{host}")) && matches(&format!("{host}:{port},{list}")));
    }
}

/// What is accepted names the same hosts again.
fn check_tunnels(text: &str) {
    let Ok(tunnels) = Tunnels::parse(text.lines()) else { return };
    let names: Vec<String> = tunnels.names().collect();
    assert!(names.iter().all(|name| !name.is_empty() && !name.ends_with('.') && !name.contains(['*', ' ', '/'])));
    assert_eq!(Tunnels::parse(names.iter().map(String::as_str)), Ok(tunnels));
}
