//! CMD's environment: everything that makes unmodified installers come through the proxy, trust it, and use caches of their own.
//!
//! What each variable is for was tried with pip 18.1 to 26.3, uv 0.13.8 and poetry 2.5.1. Left as they are, on purpose:
//!
//! * `PIP_NO_INDEX`, `UV_NO_INDEX`, `UV_OFFLINE`: the installer then uses local places and its cache, both of which are ours.
//! * `PIP_CONFIG_FILE`, `PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL`, `UV_INDEX`, …: whatever they name comes through the proxy.
//! * `PIP_CLIENT_CERT`, `SSL_CLIENT_CERT`: the proxy never asks for a client certificate, so none is shown to it; a host behind
//!   `--tunnel` may need it. (An empty `PIP_CLIENT_CERT` does not override `client-cert` in pip.conf.)
//! * `UV_NATIVE_TLS`, `UV_SYSTEM_CERTS`: uv honours `SSL_CERT_FILE` with and without them.
//! * `PIP_TRUSTED_HOST`, `UV_INSECURE_HOST`: loosen what CMD checks of *us*; what we check upstream is not theirs to loosen.
//! * uv has no variable for its settings `http-proxy` and `https-proxy`, which win over `HTTPS_PROXY`; pip's `--isolated`
//!   ignores every `PIP_` variable: see [`super::detours`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use url::Url;

use super::variables::Variables;

/// Changes to the environment: what is set, and (with `None`) what is removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentChanges(BTreeMap<String, Option<OsString>>);

/// Where CMD is to be led.
#[derive(Clone, Copy)]
pub struct Led<'a> {
    /// The proxy's URL, with this run's password.
    pub proxy: &'a str,
    /// The file with this run's authority and all that CMD trusted before.
    pub authorities: &'a Path,
    /// The folder for CMD's caches: of one policy and revocation epoch.
    pub caches: &'a Path,
    /// The index to use, where the user named one.
    pub upstream: Option<&'a Url>,
    /// Where poetry keeps virtual environments that lie in its cache by default: they must not move with the cache.
    pub poetry_environments: Option<&'a Path>,
}

/// Variables that hold a proxy's URL. `PIP_PROXY` wins over `proxy` in pip.conf, `CARGO_HTTP_PROXY` over Cargo's configuration.
const PROXIES: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY", "CARGO_HTTP_PROXY"];

/// Variables that hold the path of a file with trusted authorities. pip looks at `PIP_CERT` only when neither
/// `REQUESTS_CA_BUNDLE` nor `CURL_CA_BUNDLE` is set, and at nothing else when `PIP_PROXY` is; uv at `SSL_CERT_FILE`; poetry at
/// the first two; the others belong to what builds and credential helpers start.
pub(super) const AUTHORITY_FILES: [&str; 13] = [
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "NIX_SSL_CERT_FILE",
    "AWS_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "DENO_CERT",
];

/// Each client's cache, by variable and folder. What an ordinary cache holds was never decided.
const CACHES: [(&str, &str); 5] = [
    ("PIP_CACHE_DIR", "pip"),
    ("UV_CACHE_DIR", "uv"),
    ("POETRY_CACHE_DIR", "poetry"),
    ("PDM_CACHE_DIR", "pdm"),
    ("PIPENV_CACHE_DIR", "pipenv"),
];

/// Whether poetry reads a repository's trusted authorities from this variable (`POETRY_CERTIFICATES_<NAME>_CERT`); it wins over
/// `REQUESTS_CA_BUNDLE`.
pub(super) fn is_poetry_certificate(name: &str) -> bool {
    name.starts_with("POETRY_CERTIFICATES_") && name.ends_with("_CERT") && !name.ends_with("_CLIENT_CERT")
}

impl EnvironmentChanges {
    /// What must change in `outer` for CMD to be led as told.
    #[must_use]
    pub fn of(outer: &Variables, led: Led<'_>) -> Self {
        let mut changes = Self::default();
        for name in PROXIES {
            changes.set(name, led.proxy);
        }
        // We honour the outer ones ourselves, upstream.
        for name in ["NO_PROXY", "no_proxy"] {
            changes.set(name, "");
        }
        for name in AUTHORITY_FILES.into_iter().chain(outer.names().filter(|name| is_poetry_certificate(name))) {
            changes.set(name, led.authorities);
        }
        // Its certificates are in the file.
        changes.remove("SSL_CERT_DIR");
        for (name, folder) in CACHES {
            changes.set(name, led.caches.join(folder));
        }
        if let Some(folder) = led.poetry_environments.filter(|_| outer.get("POETRY_VIRTUALENVS_PATH").is_none()) {
            changes.set("POETRY_VIRTUALENVS_PATH", folder);
        }
        if let Some(upstream) = led.upstream {
            changes.set("PIP_INDEX_URL", upstream.as_str());
            changes.set("UV_DEFAULT_INDEX", upstream.as_str());
            changes.remove("UV_INDEX_URL");
        }
        changes.lead_git(outer, led.proxy);
        changes
    }

    /// git prefers `http.proxy` of its configuration to `HTTPS_PROXY`; these variables win over both (git 2.31 and later).
    fn lead_git(&mut self, outer: &Variables, proxy: &str) {
        let count = outer.text("GIT_CONFIG_COUNT").and_then(|text| text.parse().ok()).unwrap_or(0_u16);
        self.set(&format!("GIT_CONFIG_KEY_{count}"), "http.proxy");
        self.set(&format!("GIT_CONFIG_VALUE_{count}"), proxy);
        self.set("GIT_CONFIG_COUNT", count.saturating_add(1).to_string());
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.0.insert(name.to_owned(), Some(value.as_ref().to_owned()));
    }

    /// Removes a variable.
    pub fn remove(&mut self, name: &str) {
        self.0.insert(name.to_owned(), None);
    }

    /// Adds other changes, which win.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.clone());
    }

    /// Applies the changes to a command that inherits the outer environment.
    pub fn apply(&self, command: &mut tokio::process::Command) {
        for (name, value) in &self.0 {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(outer: &[(&str, &str)], upstream: Option<&str>) -> BTreeMap<String, Option<OsString>> {
        let outer = Variables::from(outer);
        let upstream = upstream.map(|url| url.parse().unwrap());
        let led = Led {
            proxy: "http://affineur:secret@127.0.0.1:1",
            authorities: Path::new("/run/authorities.pem"),
            caches: Path::new("/state/clients/key"),
            upstream: upstream.as_ref(),
            poetry_environments: Some(Path::new("/home/cache/virtualenvs")),
        };
        EnvironmentChanges::of(&outer, led).0
    }

    #[test]
    fn every_proxy_authority_and_cache_variable_is_set_whatever_was_there() {
        for outer in [
            &[][..],
            &[
                ("HTTPS_PROXY", "http://corp:1"),
                ("NO_PROXY", "*"),
                ("PIP_CERT", "/a"),
                ("PIP_CACHE_DIR", "/b"),
                ("SSL_CERT_DIR", "/c"),
            ],
        ] {
            let changed = changes(outer, None);
            let value = |name: &str| changed.get(name).unwrap().clone().unwrap();
            for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY"] {
                assert_eq!(value(name), "http://affineur:secret@127.0.0.1:1", "{name}");
            }
            assert_eq!((value("NO_PROXY"), value("no_proxy")), ("".into(), "".into()));
            for name in
                ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"]
            {
                assert_eq!(value(name), "/run/authorities.pem", "{name}");
            }
            assert_eq!(value("PIP_CACHE_DIR"), Path::new("/state/clients/key").join("pip"));
            assert_eq!(value("UV_CACHE_DIR"), Path::new("/state/clients/key").join("uv"));
            assert_eq!(value("POETRY_CACHE_DIR"), Path::new("/state/clients/key").join("poetry"));
            assert_eq!(changed.get("SSL_CERT_DIR"), Some(&None));
            assert_eq!(changed.get("PIP_INDEX_URL"), None, "no index is built in");
        }
    }

    #[test]
    fn an_upstream_is_given_to_pip_and_uv() {
        let changed = changes(&[("UV_INDEX_URL", "https://other.example/")], Some("https://index.example/simple/"));
        assert_eq!(changed.get("PIP_INDEX_URL").unwrap().as_deref(), Some(OsStr::new("https://index.example/simple/")));
        assert_eq!(changed.get("UV_DEFAULT_INDEX").unwrap().as_deref(), Some(OsStr::new("https://index.example/simple/")));
        assert_eq!(changed.get("UV_INDEX_URL"), Some(&None));
    }

    #[test]
    fn poetrys_environments_stay_where_they_are() {
        let changed = changes(&[], None);
        assert_eq!(changed.get("POETRY_VIRTUALENVS_PATH").unwrap().as_deref(), Some(OsStr::new("/home/cache/virtualenvs")));
        assert_eq!(changes(&[("POETRY_VIRTUALENVS_PATH", "/own")], None).get("POETRY_VIRTUALENVS_PATH"), None);
    }

    #[test]
    fn poetrys_own_authorities_are_replaced_and_its_client_certificates_are_not() {
        let outer = [("POETRY_CERTIFICATES_LAB_CERT", "/lab.pem"), ("POETRY_CERTIFICATES_LAB_CLIENT_CERT", "/client.pem")];
        let changed = changes(&outer, None);
        assert_eq!(changed.get("POETRY_CERTIFICATES_LAB_CERT").unwrap().as_deref(), Some(OsStr::new("/run/authorities.pem")));
        assert_eq!(changed.get("POETRY_CERTIFICATES_LAB_CLIENT_CERT"), None);
    }

    #[test]
    fn git_settings_of_the_outer_environment_are_kept_and_ours_comes_last() {
        let outer = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.proxy"), ("GIT_CONFIG_VALUE_0", "http://corp:1")];
        let changed = changes(&outer, None);
        assert_eq!(changed.get("GIT_CONFIG_COUNT").unwrap().as_deref(), Some(OsStr::new("2")));
        assert_eq!(changed.get("GIT_CONFIG_KEY_1").unwrap().as_deref(), Some(OsStr::new("http.proxy")));
        assert_eq!(changed.get("GIT_CONFIG_KEY_0"), None);
    }
}
