//! Redirects: where they may lead, and what goes along.

use affineur_gateway::fetch::{FetchError, FetchSettings, Fetcher, PageAnswer, PageAsk};
use http::HeaderValue;
use url::Url;

use super::{ask, body_of, fetcher, limits, public_page};
use crate::support::tls::TestAuthority;
use crate::support::upstream::{Upstream, answer, page, redirect};

fn secret() -> Option<HeaderValue> {
    Some(HeaderValue::from_static("Basic c2VjcmV0"))
}

async fn redirecting_to(location: &str) -> Upstream {
    let location = location.to_owned();
    Upstream::http(move |_| redirect(&location)).await
}

#[tokio::test]
async fn a_page_may_move_within_its_origin_and_its_new_place_is_the_base_of_its_links() {
    let upstream = Upstream::http(|asked| match asked.target.as_str() {
        "/simple/a" => redirect("a/"),
        "/simple/a/" => page("{}"),
        _ => answer(500, &[], ""),
    })
    .await;
    let question = PageAsk { authorization: secret(), ..ask(upstream.url("/simple/a")) };
    match fetcher().page(question).await.unwrap() {
        PageAnswer::Page { url, .. } => assert_eq!(url, upstream.url("/simple/a/")),
        other => panic!("{other:?}"),
    }
    assert!(upstream.asked().iter().all(|asked| asked.header("authorization") == Some("Basic c2VjcmV0")));
}

#[tokio::test]
async fn a_page_that_moves_elsewhere_is_unavailable_and_nobody_there_is_asked() {
    let login = Upstream::http(|_| page("{}")).await;
    let on_another_port = redirecting_to(login.url("/login").as_str()).await;
    let error = body_of(&fetcher(), on_another_port.url("/")).await.unwrap_err();
    assert_eq!(error.to_string(), "redirected to another host (127.0.0.1)");
    let under_another_name = redirecting_to(login.url_as("localhost", "/login").as_str()).await;
    let error = body_of(&fetcher(), under_another_name.url("/")).await.unwrap_err();
    assert_eq!(error.to_string(), "redirected to another host (localhost)");
    assert!(login.asked().is_empty());
}

#[tokio::test]
async fn loops_and_long_chains_end() {
    let upstream = Upstream::http(|asked| redirect(if asked.target == "/one" { "/two" } else { "/one" })).await;
    assert_eq!(body_of(&fetcher(), upstream.url("/one")).await, Err(FetchError::RedirectLoop));
    assert_eq!(upstream.asked().len(), 2);
    let chain = Upstream::http(|asked| redirect(&format!("{}x", asked.target))).await;
    assert_eq!(body_of(&fetcher(), chain.url("/")).await, Err(FetchError::TooManyRedirects));
    assert_eq!(chain.asked().len(), 6);
}

#[tokio::test]
async fn a_redirect_leads_to_http_and_https_only() {
    for location in ["file:///etc/passwd", "ftp://127.0.0.1/", "data:text/html,x", "javascript:alert(1)"] {
        let upstream = redirecting_to(location).await;
        assert_eq!(body_of(&fetcher(), upstream.url("/")).await, Err(FetchError::BadScheme), "{location}");
        let file = fetcher().file(&upstream.url("/"), &upstream.url("/simple/a/"), None, 10).await;
        assert_eq!(file.unwrap_err(), FetchError::BadScheme, "{location}");
    }
    for location in ["http://", "http://[::1", "http://a b/", "http:///\u{7f}"] {
        let upstream = Upstream::raw(format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")).await;
        assert!(body_of(&fetcher(), upstream.url("/")).await.is_err(), "{location}");
    }
    let without = Upstream::http(|_| answer(302, &[], "")).await;
    assert_eq!(body_of(&fetcher(), without.url("/")).await, Err(FetchError::BadRedirect));
}

#[tokio::test]
async fn https_never_becomes_http_and_http_may_become_https() {
    let authority = TestAuthority::new();
    let plain = Upstream::http(|_| page("{}")).await;
    let to_plain = plain.url("/").to_string();
    let secure = Upstream::https(authority.server(&["127.0.0.1"]), move |asked| match asked.target.as_str() {
        "/down" => redirect(&to_plain),
        _ => page("{}"),
    })
    .await;
    let roots = authority.pem_file();
    let settings = FetchSettings { extra_roots: vec![roots.path().into()], limits: limits(), ..FetchSettings::default() };
    let fetcher = Fetcher::new(settings).unwrap();
    let (down, home) = (secure.url("/down"), secure.url("/simple/a/"));
    assert_eq!(body_of(&fetcher, down.clone()).await, Err(FetchError::Downgrade));
    assert_eq!(fetcher.file(&down, &home, None, 10).await.unwrap_err(), FetchError::Downgrade);
    // Named by a page that came by https.
    assert_eq!(fetcher.file(&plain.url("/f"), &home, None, 10).await.unwrap_err(), FetchError::Downgrade);
    assert_eq!(fetcher.last_modified(&plain.url("/f"), &home, None).await, Err(FetchError::Downgrade));
    assert!(plain.asked().is_empty());
    let up = redirecting_to(secure.url("/up").as_str()).await;
    let question = PageAsk { authorization: secret(), ..ask(up.url("/")) };
    assert!(matches!(fetcher.page(question).await, Ok(PageAnswer::Page { .. })));
    let asked = secure.asked();
    // Another port may be another service: the password stays.
    assert_eq!(asked.last().unwrap().header("authorization"), None);
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let files = Upstream::http(|_| answer(200, &[], "bytes")).await;
    let away = files.url("/f").to_string();
    let index = Upstream::http(move |asked| if asked.target == "/away" { redirect(&away) } else { page("{}") }).await;
    let home = index.url("/simple/a/");
    let file = |url: Url| {
        let home = home.clone();
        async move { fetcher().small(&url, &home, secret(), 10).await.unwrap() }
    };
    file(index.url("/f")).await;
    assert_eq!(index.asked().last().unwrap().header("authorization"), Some("Basic c2VjcmV0"));
    file(files.url("/f")).await;
    file(index.url("/away")).await;
    let mut with_userinfo = files.url("/f");
    with_userinfo.set_username("named-by-the-page").unwrap();
    file(with_userinfo).await;
    assert_eq!(files.asked().len(), 3);
    assert!(files.asked().iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn credentials_that_left_do_not_come_back() {
    use std::sync::{Arc, OnceLock};
    let back: Arc<OnceLock<String>> = Arc::default();
    let known = Arc::clone(&back);
    let elsewhere = Upstream::http(move |_| redirect(known.get().unwrap())).await;
    let away = elsewhere.url("/").to_string();
    let index = Upstream::http(move |asked| if asked.target == "/away" { redirect(&away) } else { page("{}") }).await;
    back.set(index.url("/back").to_string()).unwrap();
    fetcher().small(&index.url("/away"), &index.url("/simple/a/"), secret(), 10).await.unwrap();
    let asked = index.asked();
    assert_eq!((asked[0].header("authorization"), asked[1].header("authorization")), (Some("Basic c2VjcmV0"), None));
}

#[tokio::test]
async fn a_public_page_leads_nobody_to_private_addresses() {
    let private = Upstream::http(|_| answer(200, &[], "secret")).await;
    let urls = [
        private.url("/"),
        private.url_as("localhost", "/"),
        private.url_as("2130706433", "/"),
        private.url_as("0x7f.1", "/"),
        private.url_as("[::ffff:127.0.0.1]", "/"),
        private.url_as("[64:ff9b::7f00:1]", "/"),
        private.url_as("0.0.0.0", "/"),
    ];
    for url in urls {
        let fetcher = fetcher();
        let page = public_page();
        assert_eq!(fetcher.small(&url, &page, None, 10).await, Err(FetchError::PrivateAddress), "{url}");
        assert_eq!(fetcher.last_modified(&url, &page, None).await, Err(FetchError::PrivateAddress), "{url}");
        assert_eq!(fetcher.file(&url, &page, None, 10).await.unwrap_err(), FetchError::PrivateAddress, "{url}");
    }
    assert!(private.asked().is_empty());
}

#[tokio::test]
async fn a_page_in_a_private_network_may_name_other_hosts_there() {
    let files = Upstream::http(|_| answer(200, &[], "bytes")).await;
    // By its literal address.
    let literal = Url::parse("http://10.1.2.3/simple/a/").unwrap();
    assert!(fetcher().small(&files.url_as("localhost", "/"), &literal, None, 10).await.is_ok());
    // By name: once its page came from such an address, not before.
    let index = Upstream::http(|_| page("{}")).await;
    let (fetcher, home) = (fetcher(), index.url_as("localhost", "/simple/a/"));
    assert_eq!(fetcher.small(&files.url("/"), &home, None, 10).await, Err(FetchError::PrivateAddress));
    body_of(&fetcher, home.clone()).await.unwrap();
    assert!(fetcher.small(&files.url("/"), &home, None, 10).await.is_ok());
}

#[tokio::test]
async fn where_the_host_of_a_kept_page_is_must_be_proved_by_its_certificate() {
    let (authority, stranger) = (TestAuthority::new(), TestAuthority::new());
    let files = Upstream::https(authority.server(&["127.0.0.1"]), |_| answer(200, &[], "bytes")).await;
    let roots = authority.pem_file();
    let settings = FetchSettings { extra_roots: vec![roots.path().into()], limits: limits(), ..FetchSettings::default() };
    let fetcher = Fetcher::new(settings).unwrap();
    let rebound = Upstream::https(stranger.server(&["localhost"]), |_| page("{}")).await;
    let home = rebound.url_as("localhost", "/simple/a/");
    assert_eq!(fetcher.small(&files.url("/"), &home, None, 10).await, Err(FetchError::PrivateAddress));
    let index = Upstream::https(authority.server(&["localhost"]), |_| answer(401, &[], "")).await;
    let home = index.url_as("localhost", "/simple/a/");
    assert!(fetcher.small(&files.url("/"), &home, secret(), 10).await.is_ok());
    assert_eq!(index.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn the_user_may_name_private_hosts_that_public_pages_may_name() {
    let files = Upstream::http(|_| answer(200, &[], "bytes")).await;
    let private_hosts = ["localhost".to_owned()].into();
    let fetcher = Fetcher::new(FetchSettings { private_hosts, limits: limits(), ..FetchSettings::default() }).unwrap();
    assert!(fetcher.small(&files.url_as("localhost", "/"), &public_page(), None, 10).await.is_ok());
    assert_eq!(fetcher.small(&files.url("/"), &public_page(), None, 10).await, Err(FetchError::PrivateAddress));
}
