use super::*;
use crate::fetch::FetchSettings;

#[tokio::test]
async fn a_public_index_that_moves_its_own_name_to_a_private_address_is_not_followed() {
    let fetcher = Fetcher::new(FetchSettings::default()).unwrap();
    let page = Url::parse("http://localhost:1/simple/a/").unwrap();
    fetcher.networks.remember(&page, "151.101.0.223:80".parse().ok());
    let file = Url::parse("http://localhost:1/f").unwrap();
    assert_eq!(fetcher.small(&file, &page, None, 10).await, Err(FetchError::PrivateAddress));
    // Without that history it would have been asked: nobody listens there.
    let other = Fetcher::new(FetchSettings::default()).unwrap();
    assert_eq!(other.small(&file, &page, None, 10).await, Err(FetchError::Connect));
}

#[test]
fn only_the_same_origin_or_its_upgrade_to_https_is_home() {
    let url = |text: &str| Url::parse(text).unwrap();
    let cases = [
        ("https://a.example/x", "https://a.example:443/y", true, true),
        ("http://a.example/", "https://a.example/", true, true),
        ("http://a.example:8080/", "https://a.example/", true, false),
        ("https://a.example/", "http://a.example/", false, false),
        ("https://a.example/", "https://b.example/", false, false),
        ("https://a.example/", "https://a.example:8443/", false, false),
        ("https://a.example/", "https://a.example.evil.example/", false, false),
    ];
    for (from, to, page_may_move, credentials_may_move) in cases {
        let (from, to) = (url(from), url(to));
        assert_eq!(stays(&from, &to), page_may_move, "{from} {to}");
        assert_eq!(same_origin(&from, &to) || is_upgrade(&from, &to), credentials_may_move, "{from} {to}");
    }
}

#[test]
fn a_url_of_unbounded_length_is_refused() {
    let url = |length: usize| Url::parse(&format!("http://a.example/{}", "x".repeat(length - 17))).unwrap();
    assert_eq!(check(&url(limits::FETCH_URL_BYTES)), Ok(()));
    assert_eq!(check(&url(limits::FETCH_URL_BYTES + 1)), Err(FetchError::BadScheme));
}
