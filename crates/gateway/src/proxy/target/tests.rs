use http::HeaderValue;

use super::*;

fn connect(text: &str) -> Result<String, TargetError> {
    let uri = text.parse().map_err(|_| TargetError::Authority)?;
    Target::of_connect(&uri).map(|target| format!("{} {}", target.host_text(), target.port))
}

#[test]
fn connect_names_a_host_and_a_port() {
    for (text, expected) in [
        ("index.example:443", Some("index.example 443")),
        ("INDEX.Example.:8443", Some("index.example 8443")),
        ("127.0.0.1:1", Some("127.0.0.1 1")),
        ("[::1]:443", Some("::1 443")),
        ("[0:0:0:0:0:0:0:1]:443", Some("::1 443")),
        ("index.example", None),
        ("index.example:0", None),
        ("index.example:70000", None),
        ("user@index.example:443", None),
        ("https://index.example:443/", None),
        ("/", None),
        (":443", None),
        (".:443", None),
        ("a..:443", None),
        ("a%00b.example:443", None),
        ("::1:443", None),
    ] {
        assert_eq!(connect(text).ok().as_deref(), expected, "{text}");
    }
    assert_eq!(connect(&format!("{}:443", "a.".repeat(127))), Ok(format!("{} 443", &"a.".repeat(127)[..253])));
    assert_eq!(connect(&format!("{}:443", "a.".repeat(128))), Err(TargetError::Authority));
}

fn inside(tunnel: &str, uri: &str, hosts: &[&str]) -> Result<String, TargetError> {
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(HOST, HeaderValue::from_str(host).unwrap());
    }
    let target = Target::of_connect(&tunnel.parse().unwrap())?;
    target.url_inside(&uri.parse().map_err(|_| TargetError::Path)?, &headers).map(String::from)
}

#[test]
fn a_request_inside_a_tunnel_is_for_the_tunnels_host_only() {
    use TargetError::{Host, OtherHost, Path};
    for (tunnel, uri, hosts, expected) in [
        ("a.example:443", "/x?y=1", &["a.example"][..], Ok("https://a.example/x?y=1")),
        ("a.example:443", "/", &["A.Example:443"], Ok("https://a.example/")),
        ("a.example:8443", "/", &["a.example:8443"], Ok("https://a.example:8443/")),
        ("a.example:443", "https://a.example/x", &["a.example"], Ok("https://a.example/x")),
        ("a.example:443", "//b.example/x", &["a.example"], Ok("https://a.example//b.example/x")),
        ("[::1]:443", "/x", &["[::1]"], Ok("https://[::1]/x")),
        ("127.0.0.1:80", "/x", &["127.0.0.1:80"], Ok("https://127.0.0.1:80/x")),
        ("a.example:443", "/", &["b.example"], Err(OtherHost)),
        ("a.example:443", "/", &["a.example:80"], Err(OtherHost)),
        ("a.example:443", "/", &["user@a.example"], Err(OtherHost)),
        ("a.example:443", "/", &["a.example/b"], Err(OtherHost)),
        ("a.example:443", "/", &[""], Err(OtherHost)),
        ("a.example:443", "/", &[], Err(Host)),
        ("a.example:443", "/", &["a.example", "a.example"], Err(Host)),
        ("a.example:443", "https://b.example/", &["a.example"], Err(Path)),
        ("a.example:443", "http://a.example/", &["a.example"], Err(Path)),
        ("a.example:443", "*", &["a.example"], Err(Path)),
        ("a.example:443", "b.example:443", &["a.example"], Err(Path)),
    ] {
        assert_eq!(inside(tunnel, uri, hosts).as_deref(), expected.as_ref().map(|text| *text), "{tunnel} {uri} {hosts:?}");
    }
}

#[test]
fn tls_may_name_the_tunnels_host_or_none() {
    let target = Target::of_connect(&"A.example:443".parse().unwrap()).unwrap();
    for (name, admitted) in
        [(None, true), (Some("a.example"), true), (Some("A.EXAMPLE"), true), (Some("b.example"), false), (Some(""), false)]
    {
        assert_eq!(target.admits_server_name(name), admitted, "{name:?}");
    }
}

#[test]
fn in_clear_only_absolute_http_urls_are_taken() {
    use TargetError::{NotAbsolute, Scheme, TooLong};
    let long = format!("http://a.example/{}", "x".repeat(limits::PROXY_URL_BYTES));
    for (method, uri, expected) in [
        (Method::GET, "http://a.example/x", Ok("http://a.example/x")),
        (Method::POST, "http://A.example.:8080/x?y", Ok("http://a.example:8080/x?y")),
        (Method::GET, "http://[::1]/", Ok("http://[::1]/")),
        (Method::GET, "https://a.example/", Err(Scheme)),
        (Method::GET, "ftp://a.example/", Err(Scheme)),
        (Method::GET, "http://user:secret@a.example/", Err(Scheme)),
        (Method::GET, "/simple/", Err(NotAbsolute)),
        (Method::OPTIONS, "*", Err(NotAbsolute)),
        (Method::GET, &long, Err(TooLong)),
    ] {
        assert_eq!(
            url_in_clear(&method, &uri.parse().unwrap()).as_ref().map(Url::as_str),
            expected.as_ref().map(|text| *text),
            "{uri}"
        );
    }
}

#[test]
fn tunnels_are_named_exactly() {
    let tunnels = Tunnels::parse(["A.example", "10.0.0.1", "::1", "[fe80::1]"]).unwrap();
    assert_eq!(tunnels.names().collect::<Vec<_>>(), ["a.example", "10.0.0.1", "::1", "fe80::1"]);
    for (target, contained) in [
        ("a.example:443", true),
        ("a.example.:22", true),
        ("[::1]:443", true),
        ("b.a.example:443", false),
        ("10.0.0.2:443", false),
    ] {
        assert_eq!(tunnels.contain(&Target::of_connect(&target.parse().unwrap()).unwrap()), contained, "{target}");
    }
    for wrong in ["*.example", "", "a.example:443", "https://a.example", "a b"] {
        assert_eq!(Tunnels::parse(["ok.example", wrong]), Err(wrong.to_owned()));
    }
}
