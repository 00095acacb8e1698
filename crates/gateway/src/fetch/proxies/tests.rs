use super::*;

fn lookup(variables: &[(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
    move |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn route(proxies: &ParentProxies, text: &str) -> Option<String> {
    proxies.route(&url(text)).map(|proxy| proxy.url.to_string())
}

#[test]
fn each_scheme_has_its_proxy_and_lower_case_wins() {
    let variables = [
        ("HTTP_PROXY", "http://upper"),
        ("http_proxy", "lower:3128"),
        ("ALL_PROXY", "socks5h://all:1080"),
        ("HTTPS_PROXY", " "),
    ];
    let proxies = ParentProxies::from_environment(lookup(&variables)).unwrap();
    assert_eq!(route(&proxies, "http://a.example/").as_deref(), Some("http://lower:3128/"));
    assert_eq!(route(&proxies, "https://a.example/").as_deref(), Some("socks5h://all:1080"));
    assert_eq!(route(&ParentProxies::from_environment(lookup(&[])).unwrap(), "https://a.example/"), None);
}

#[test]
fn pips_own_proxy_wins_over_the_others_and_its_variable_over_its_file() {
    let environment = ParentProxies::from_environment(lookup(&[("HTTPS_PROXY", "https://proxy")])).unwrap();
    let with_file = environment.with_pip_conf("http://file").unwrap();
    assert_eq!(route(&with_file, "https://a.example/").as_deref(), Some("http://file/"));
    let environment = ParentProxies::from_environment(lookup(&[("PIP_PROXY", "http://variable")])).unwrap();
    let with_file = environment.with_pip_conf("http://file").unwrap();
    assert_eq!(route(&with_file, "http://a.example/").as_deref(), Some("http://variable/"));
}

#[test]
fn passwords_are_taken_out_of_proxy_urls_and_are_never_shown() {
    let proxy = ParentProxy::parse("http://us%40er:pass%26word@proxy.example:3128", "HTTP_PROXY").unwrap();
    assert_eq!(proxy.url.as_str(), "http://proxy.example:3128/");
    let credentials = proxy.credentials.as_ref().unwrap();
    assert_eq!((credentials.user.expose(), credentials.password.expose()), ("us@er", "pass&word"));
    assert!(!format!("{proxy:?}").contains("pass&word"));
}

#[test]
fn what_is_no_proxy_is_an_error_that_does_not_repeat_it() {
    for text in ["ftp://secret@x", "http://", "://", "http://[secret", "file:///secret"] {
        let error = ParentProxies::from_environment(lookup(&[("HTTPS_PROXY", text)])).unwrap_err();
        assert_eq!(error.to_string(), "the value of HTTPS_PROXY is not a proxy's URL", "{text}");
    }
}

#[test]
fn no_proxy_lists_match_as_with_curl_and_pip() {
    let cases = [
        ("*", "http://a.example/", true),
        ("a.example", "http://a.example/", true),
        ("a.example", "http://A.EXAMPLE./", true),
        ("a.example", "http://sub.a.example/", true),
        (".a.example", "http://sub.a.example/", true),
        ("*.a.example", "http://sub.a.example/", true),
        ("a.example", "http://ba.example/", false),
        ("a.example", "http://a.example.evil/", false),
        ("x, a.example y", "http://a.example/", true),
        ("a.example:8080", "http://a.example:8080/", true),
        ("a.example:8080", "http://a.example/", false),
        ("a.example:443", "https://a.example/", true),
        ("10.0.0.0/8", "http://10.255.1.2/", true),
        ("10.0.0.0/8", "http://11.0.0.1/", false),
        ("10.0.0.0/8", "http://ten.example/", false),
        ("10.1.2.3", "http://10.1.2.3/", true),
        ("10.1.2.3:80", "http://10.1.2.3/", true),
        ("0.0.0.0/0", "http://9.9.9.9/", true),
        ("10.0.0.0/33", "http://10.0.0.0/", false),
        ("10.0.0.0/x", "http://10.0.0.0/", false),
        ("fd00::/8", "http://[fd12::1]/", true),
        ("fd00::/8", "http://[fe80::1]/", false),
        ("::1", "http://[::1]/", true),
        ("[::1]", "http://[::1]/", true),
        ("[::1]:8080", "http://[::1]:8080/", true),
        ("[::1]:8080", "http://[::1]/", false),
        ("::/0", "http://[2001:db8::1]/", true),
        ("", "http://a.example/", false),
        (",, ,", "http://a.example/", false),
        (".", "http://a.example/", false),
    ];
    for (list, text, direct) in cases {
        let parsed = url(text);
        let port = parsed.port_or_known_default().unwrap();
        assert_eq!(NoProxy::parse(list).matches(&parsed.host().unwrap(), port), direct, "{list} {text}");
    }
}
