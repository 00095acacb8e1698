//! Tokens.

use affineur_packaging::Sha256;
use affineur_trust::provenance::PublisherName;
use jiff::civil::date;

use super::*;
use crate::store::{NewToken, Scope, TokenError, TokenId};

fn token(secret: &str) -> (Sha256, NewToken) {
    let sha256 = sha256(secret.as_bytes());
    let scope = Scope::Project(name("a"));
    (
        sha256,
        NewToken { sha256, name: "laptop".to_owned(), scope, publisher: None, created: second(0), expires: Some(second(100)) },
    )
}

pub(super) async fn a_token_is_found_by_its_hash_until_it_is_revoked<S: Store>(store: S) {
    let (hash, new) = token("secret");
    let id = store.token_add(new.clone()).await.unwrap();
    let publisher: Option<PublisherName> = Some("github:psf/requests/release.yml@pypi".parse().unwrap());
    let all = NewToken { scope: Scope::Index, publisher: publisher.clone(), expires: None, ..token("another").1 };
    let other = store.token_add(all).await.unwrap();
    assert_eq!(store.token_add(new.clone()).await, Err(TokenError::SameSecret));

    let found = store.token_by_hash(&hash).await.unwrap().unwrap();
    assert_eq!((found.id, &found.name, &found.scope, found.created), (id, &new.name, &new.scope, new.created));
    assert!(found.is_good(second(99)) && !found.is_good(second(100)));
    assert_eq!(store.token_by_hash(&sha256(b"no secret")).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap().iter().map(|token| token.id).collect::<Vec<_>>(), [id, other]);

    let publishers: Vec<_> = store.tokens().await.unwrap().into_iter().map(|token| token.publisher).collect();
    assert_eq!(publishers, [None, publisher]);

    assert!(store.token_revoke(id, second(5)).await.unwrap());
    assert!(!store.token_revoke(id, second(6)).await.unwrap(), "it was revoked before");
    assert!(!store.token_revoke(TokenId::new(99), second(6)).await.unwrap());
    let revoked = store.token_by_hash(&hash).await.unwrap().unwrap();
    assert_eq!(revoked.revoked, Some(second(5)));
    assert!(!revoked.is_good(second(5)));
    assert_eq!(store.token_add(new).await, Err(TokenError::SameSecret), "a revoked secret does not come back");
    assert!(store.tokens().await.unwrap()[1].is_good(second(1_000_000)));
}

pub(super) async fn days_of_use_only_go_forward<S: Store>(store: S) {
    let (hash, new) = token("secret");
    let id = store.token_add(new).await.unwrap();
    for (day, expected) in [(3, 3), (5, 5), (4, 5), (5, 5)] {
        store.token_used(id, date(2027, 1, day)).await.unwrap();
        let last = store.token_by_hash(&hash).await.unwrap().unwrap().last_used;
        assert_eq!(last, Some(date(2027, 1, expected)));
    }
    store.token_used(TokenId::new(99), date(2027, 1, 1)).await.unwrap();
}
