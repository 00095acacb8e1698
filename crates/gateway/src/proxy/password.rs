//! The password of one run's proxy.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;

/// The user name that goes with it.
const USER: &str = "affineur";

/// 192 random bits, made for one run. Other programs on this machine, and web pages in a browser on it, can reach the
/// listener; without this they get nothing. Never printed by `Debug`.
#[derive(Clone)]
pub struct ProxyPassword(String);

impl ProxyPassword {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0u8; 24];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The proxy's URL for the environment of CMD. It holds the password.
    #[must_use]
    pub fn url(&self, listener: std::net::SocketAddr) -> String {
        format!("http://{USER}:{}@{listener}", self.0)
    }

    /// Whether a `Proxy-Authorization` field carries this password (RFC 7617). How long that takes does not depend on where
    /// a wrong one differs.
    pub(super) fn admits(&self, field: Option<&HeaderValue>) -> bool {
        let Some((scheme, encoded)) = field.and_then(|value| value.to_str().ok()).and_then(|text| text.split_once(' ')) else {
            return false;
        };
        let Ok(got) = STANDARD.decode(encoded.trim()) else { return false };
        let expected = format!("{USER}:{}", self.0);
        scheme.eq_ignore_ascii_case("basic") && verify_slices_are_equal(&got, expected.as_bytes()).is_ok()
    }
}

impl fmt::Debug for ProxyPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    #[test]
    fn only_this_runs_user_and_password_are_admitted() {
        let password = ProxyPassword::random().unwrap();
        let other = ProxyPassword::random().unwrap();
        let basic = |user: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let right = basic(USER, &password.0);
        assert!(password.admits(Some(&field(&right))));
        assert!(password.admits(Some(&field(&right.replace("Basic", "basic")))));
        for wrong in [
            basic(USER, &other.0),
            basic("someone", &password.0),
            basic(USER, ""),
            basic(USER, &password.0[1..]),
            basic(USER, &format!("{}a", password.0)),
            right.replace("Basic", "Bearer"),
            format!("Basic {}", password.0),
            right.replace("Basic ", ""),
            String::new(),
        ] {
            assert!(!password.admits(Some(&field(&wrong))), "{wrong}");
        }
        assert!(!password.admits(None));
    }

    #[test]
    fn a_password_has_192_bits_and_does_not_show_in_debug_output() {
        let password = ProxyPassword::random().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(&password.0).unwrap().len(), 24);
        assert!(!format!("{password:?}").contains(&password.0));
    }

    #[test]
    fn the_url_carries_user_password_and_listener() {
        let password = ProxyPassword("secret".into());
        assert_eq!(password.url("127.0.0.1:8".parse().unwrap()), "http://affineur:secret@127.0.0.1:8");
        assert_eq!(password.url("[::1]:8".parse().unwrap()), "http://affineur:secret@[::1]:8");
    }
}
