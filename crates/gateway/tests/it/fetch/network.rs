//! TLS, HTTP versions, address families, parent proxies and raw tunnels.

use std::path::PathBuf;

use affineur_gateway::fetch::{
    FetchError, FetchSettings, Fetcher, ParentProxies, ParentProxyProblem, SettingsProblem, TlsProblem,
};
use http::Version;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{body_of, limits};
use crate::support::proxy::TestProxy;
use crate::support::tls::TestAuthority;
use crate::support::upstream::{Upstream, answer, page};

fn trusting(authority: &TestAuthority, proxies: ParentProxies) -> Fetcher {
    let roots = authority.pem_file();
    let settings =
        FetchSettings { extra_roots: vec![roots.path().into()], proxies, limits: limits(), ..FetchSettings::default() };
    Fetcher::new(settings).unwrap()
}

fn proxies(variables: &[(&str, &str)]) -> ParentProxies {
    let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    ParentProxies::from_environment(lookup).unwrap()
}

fn through(variables: &[(&str, &str)]) -> Fetcher {
    Fetcher::new(FetchSettings { proxies: proxies(variables), limits: limits(), ..FetchSettings::default() }).unwrap()
}

#[tokio::test]
async fn http2_is_spoken_where_the_upstream_offers_it() {
    let authority = TestAuthority::new();
    let fetcher = trusting(&authority, ParentProxies::default());
    let both = Upstream::https(authority.server(&["127.0.0.1"]), |_| page("{}")).await;
    assert_eq!(body_of(&fetcher, both.url("/")).await, Ok(b"{}".to_vec()));
    assert_eq!(both.asked()[0].version, Version::HTTP_2);
    let mut old = authority.server(&["127.0.0.1"]);
    old.alpn_protocols.clear();
    let old = Upstream::https(old, |_| page("{}")).await;
    assert_eq!(body_of(&fetcher, old.url("/")).await, Ok(b"{}".to_vec()));
    assert_eq!(old.asked()[0].version, Version::HTTP_11);
}

#[tokio::test]
async fn the_limits_hold_for_http2_too() {
    let authority = TestAuthority::new();
    let fetcher = trusting(&authority, ParentProxies::default());
    let large = Upstream::https(authority.server(&["127.0.0.1"]), |asked| {
        assert_eq!(asked.version, Version::HTTP_2);
        match asked.target.as_str() {
            "/body" => page(vec![b'x'; (64 << 10) + 1]),
            _ => answer(200, &[("content-type", "text/html"), ("x", &"y".repeat(5 << 10))], ""),
        }
    })
    .await;
    assert_eq!(body_of(&fetcher, large.url("/body")).await, Err(FetchError::TooLarge { limit: 64 << 10 }));
    let error = body_of(&fetcher, large.url("/head")).await.unwrap_err();
    assert!(matches!(error, FetchError::HeaderFlood | FetchError::Protocol), "{error:?}");
}

#[tokio::test]
async fn ipv6_literals_are_asked() {
    let upstream = Upstream::http_v6(|_| page("{}")).await;
    assert!(upstream.url("/").as_str().starts_with("http://[::1]:"));
    assert_eq!(body_of(&super::fetcher(), upstream.url("/")).await, Ok(b"{}".to_vec()));
}

#[tokio::test]
async fn certificates_that_do_not_fit_are_refused_each_for_its_reason() {
    let authority = TestAuthority::new();
    let stranger = TestAuthority::new();
    let fetcher = trusting(&authority, ParentProxies::default());
    let cases = [
        (stranger.server(&["127.0.0.1"]), TlsProblem::UnknownIssuer),
        (authority.expired_server(&["127.0.0.1"]), TlsProblem::NotInItsTime),
        (authority.server(&["index.example"]), TlsProblem::WrongHost),
    ];
    for (server, problem) in cases {
        let upstream = Upstream::https(server, |_| page("{}")).await;
        assert_eq!(body_of(&fetcher, upstream.url("/")).await, Err(FetchError::Tls(problem)));
        assert!(upstream.asked().is_empty());
    }
    let plain = Upstream::http(|_| page("{}")).await;
    let mut as_https = plain.url("/");
    as_https.set_scheme("https").unwrap();
    assert_eq!(body_of(&fetcher, as_https).await, Err(FetchError::Tls(TlsProblem::Handshake)));
}

#[tokio::test]
async fn a_client_certificate_is_presented_where_it_is_asked_for() {
    let authority = TestAuthority::new();
    let upstream = Upstream::https(authority.server_for_known_clients(&["127.0.0.1"]), |_| page("{}")).await;
    let without = trusting(&authority, ParentProxies::default());
    let error = body_of(&without, upstream.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls(TlsProblem::Refused) | FetchError::Connect), "{error:?}");
    let (roots, identity) = (authority.pem_file(), authority.client_identity_file());
    let settings = FetchSettings {
        extra_roots: vec![roots.path().into()],
        client_identity: Some(identity.path().into()),
        ..FetchSettings::default()
    };
    assert_eq!(body_of(&Fetcher::new(settings).unwrap(), upstream.url("/")).await, Ok(b"{}".to_vec()));
}

#[tokio::test]
async fn files_of_certificates_that_cannot_be_used_are_named() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let missing = PathBuf::from("missing.pem");
    for path in [empty.path().to_path_buf(), missing] {
        let settings = FetchSettings { extra_roots: vec![path.clone()], ..FetchSettings::default() };
        let expected = FetchError::Settings(SettingsProblem::Roots(path.clone()));
        assert_eq!(Fetcher::new(settings).unwrap_err(), expected);
        let settings = FetchSettings { client_identity: Some(path.clone()), ..FetchSettings::default() };
        let expected = FetchError::Settings(SettingsProblem::ClientIdentity(path));
        assert_eq!(Fetcher::new(settings).unwrap_err(), expected);
    }
}

#[tokio::test]
async fn a_parent_proxy_is_used_with_its_credentials_for_https_and_http() {
    let authority = TestAuthority::new();
    let secure = Upstream::https(authority.server(&["index.example"]), |_| page("{}")).await;
    let proxy = TestProxy::leading_to(secure.address).await;
    let fetcher = trusting(&authority, proxies(&[("HTTPS_PROXY", &proxy.url())]));
    let url = "https://index.example/simple/a/".parse().unwrap();
    assert_eq!(body_of(&fetcher, url).await, Ok(b"{}".to_vec()));
    assert_eq!(proxy.requests(), ["CONNECT index.example:443 HTTP/1.1"]);
    assert_eq!(secure.asked()[0].header("proxy-authorization"), None);

    let plain = Upstream::http(|_| page("{}")).await;
    let proxy = TestProxy::leading_to(plain.address).await;
    let url = "http://index.example/simple/a/".parse().unwrap();
    assert_eq!(body_of(&through(&[("http_proxy", &proxy.url())]), url).await, Ok(b"{}".to_vec()));
    assert_eq!(proxy.requests(), ["GET http://index.example/simple/a/ HTTP/1.1"]);
}

#[tokio::test]
async fn a_parent_proxy_that_refuses_or_is_gone_is_told_from_the_upstream() {
    let upstream = Upstream::http(|_| page("{}")).await;
    let proxy = TestProxy::leading_to(upstream.address).await;
    let wrong = format!("http://user:wrong@{}", proxy.address);
    for url in ["https://index.example/", "http://index.example/"] {
        let answer = body_of(&through(&[("ALL_PROXY", &wrong)]), url.parse().unwrap()).await;
        assert_eq!(answer, Err(FetchError::ParentProxy(ParentProxyProblem::Authentication)), "{url}");
    }
    assert!(upstream.asked().is_empty());
    let refusing = Upstream::raw("HTTP/1.1 403 \x1b[31mNo\r\ncontent-length: 0\r\n\r\n").await;
    let refusing = through(&[("HTTPS_PROXY", &refusing.address.to_string())]);
    let answer = body_of(&refusing, "https://index.example/".parse().unwrap()).await;
    assert_eq!(answer, Err(FetchError::ParentProxy(ParentProxyProblem::Refused)));
}

#[tokio::test]
async fn no_proxy_is_honoured() {
    let upstream = Upstream::http(|_| page("{}")).await;
    let proxy = TestProxy::leading_to(upstream.address).await;
    for list in ["*", "127.0.0.1", "example.org, 127.0.0.0/8", &upstream.address.to_string()] {
        let fetcher = through(&[("HTTP_PROXY", &proxy.url()), ("NO_PROXY", list)]);
        assert_eq!(body_of(&fetcher, upstream.url("/")).await, Ok(b"{}".to_vec()));
    }
    assert_eq!(proxy.requests(), Vec::<String>::new());
    let fetcher = through(&[("HTTP_PROXY", &proxy.url()), ("NO_PROXY", "127.0.0.2")]);
    assert_eq!(body_of(&fetcher, upstream.url("/")).await, Ok(b"{}".to_vec()));
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test]
async fn behind_a_proxy_what_is_private_by_its_form_is_refused() {
    let upstream = Upstream::http(|_| page("{}")).await;
    let proxy = TestProxy::leading_to(upstream.address).await;
    let fetcher = through(&[("ALL_PROXY", &proxy.url())]);
    let page = super::public_page();
    let private =
        ["http://169.254.169.254/latest", "http://localhost/", "http://metadata.google.internal/", "http://intranet/"];
    for url in private {
        let answer = fetcher.small(&url.parse().unwrap(), &page, None, 10).await;
        assert_eq!(answer, Err(FetchError::PrivateAddress), "{url}");
    }
    assert_eq!(proxy.requests(), Vec::<String>::new());
    assert!(fetcher.small(&"http://files.example/f".parse().unwrap(), &page, None, 10).await.is_ok());
}

#[tokio::test]
async fn raw_tunnels_go_directly_or_through_the_parent_proxy() {
    let echo = Upstream::scripted(|mut stream| async move { stream.write_all(b"hello").await }).await;
    let (host, port) = (echo.address.ip().to_string(), echo.address.port());
    let proxy = TestProxy::leading_to(echo.address).await;
    for fetcher in [through(&[]), through(&[("HTTPS_PROXY", &proxy.url())])] {
        let mut tunnel = fetcher.connect_tunnel(&host, port).await.unwrap();
        tunnel.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut said = [0; 5];
        tunnel.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"hello");
    }
    assert_eq!(proxy.requests(), [format!("CONNECT {} HTTP/1.1", echo.address)]);
}

#[tokio::test]
async fn a_raw_tunnel_that_cannot_be_had_says_why() {
    let closed = Upstream::raw("").await.address;
    let cases = [
        (format!("http://user:wrong@{}", TestProxy::leading_to(closed).await.address), ParentProxyProblem::Unreachable),
        ("socks5://127.0.0.1:1080".to_owned(), ParentProxyProblem::SocksTunnel),
    ];
    for (proxy, problem) in cases {
        let tunnel = through(&[("ALL_PROXY", &proxy)]).connect_tunnel("index.example", 443).await;
        assert_eq!(tunnel.err(), Some(FetchError::ParentProxy(problem)));
    }
    let proxy = TestProxy::leading_to(closed).await;
    let wrong = format!("http://user:wrong@{}", proxy.address);
    let tunnel = through(&[("ALL_PROXY", &wrong)]).connect_tunnel("index.example", 443).await;
    assert_eq!(tunnel.err(), Some(FetchError::ParentProxy(ParentProxyProblem::Authentication)));
    let endless = Upstream::endless("HTTP/1.1 200 OK\r\nx: ", b"y").await;
    let tunnel = through(&[("ALL_PROXY", &endless.address.to_string())]).connect_tunnel("index.example", 443).await;
    assert_eq!(tunnel.err(), Some(FetchError::ParentProxy(ParentProxyProblem::Refused)));
}
