//! What stands between CMD and its index already: parent proxies, authorities, client certificates, configuration files.
//!
//! The proxy takes their place for CMD; the fetching side then uses them. Nothing here changes anything.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::environment::{AUTHORITY_FILES, is_poetry_certificate};
use super::ini::{self, PipKey};
use super::platform;
use super::uv::UvConfiguration;
use super::variables::Variables;
use crate::limits;

/// A proxy's URL as somebody wrote it. It may hold a password: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ParentProxy(pub String);

impl fmt::Debug for ParentProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParentProxy(…)")
    }
}

/// The proxies that requests went through so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParentProxies {
    /// For `https` URLs.
    pub https: Option<ParentProxy>,
    /// For `http` URLs.
    pub http: Option<ParentProxy>,
    /// Hosts to reach directly, as in `NO_PROXY`.
    pub direct: Option<String>,
}

/// Where a setting of pip's stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SettingOrigin {
    /// A variable.
    Environment(String),
    /// A configuration file.
    File(PathBuf),
}

/// One of pip's settings. The value may hold a password: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PipSetting {
    /// Which one.
    pub key: PipKey,
    /// As it was written; lists are separated by white space.
    pub value: String,
    /// Where.
    pub origin: SettingOrigin,
}

impl fmt::Debug for PipSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PipSetting({} of {:?})", self.key.as_str(), self.origin)
    }
}

/// All that was there before.
#[derive(Debug, Clone, Default)]
pub struct Existing {
    /// Parent proxies.
    pub proxies: ParentProxies,
    /// Files with authorities that CMD trusted: of every variable and of pip's configuration. The system's own list apart.
    pub authorities: Vec<PathBuf>,
    /// Folders of such files (`SSL_CERT_DIR`).
    pub authority_folders: Vec<PathBuf>,
    /// A file with a client certificate and its key, to be presented by us.
    pub client_certificate: Option<PathBuf>,
    /// pip's settings, weakest first: a later one of the same key wins.
    pub pip: Vec<PipSetting>,
    /// uv's settings.
    pub uv: Vec<UvConfiguration>,
    /// Where poetry keeps virtual environments if that is its cache (see [`super::environment::Led`]).
    pub poetry_environments: Option<PathBuf>,
}

impl Existing {
    /// Reads everything. Files that cannot be read are as if they were not there: the installer will say so.
    #[must_use]
    pub fn read(outer: &Variables, command: &super::command::Command, folder: &Path) -> Self {
        let pip = pip_settings(outer, command, folder);
        let strongest = |key: PipKey| pip.iter().rev().find(|setting| setting.key == key).map(|setting| setting.value.clone());
        let variables = AUTHORITY_FILES.into_iter().chain(outer.names().filter(|name| is_poetry_certificate(name)));
        let mut authorities: Vec<PathBuf> = variables.filter_map(|name| outer.path(name)).collect();
        authorities
            .extend(pip.iter().filter(|setting| setting.key == PipKey::Cert).map(|setting| setting.value.clone().into()));
        authorities.sort();
        authorities.dedup();
        let client_certificate = strongest(PipKey::ClientCert).map(PathBuf::from).or_else(|| outer.path("SSL_CLIENT_CERT"));
        Self {
            proxies: parent_proxies(outer, strongest(PipKey::Proxy).as_deref()),
            authorities,
            authority_folders: outer.get("SSL_CERT_DIR").map(|text| std::env::split_paths(text).collect()).unwrap_or_default(),
            client_certificate,
            uv: UvConfiguration::read_all(outer, command, folder),
            poetry_environments: poetry_environments(outer, folder),
            pip,
        }
    }
}

/// pip's `proxy` wins over the variables, as it does in pip. Of two cases of a variable the lower one wins, as in curl.
fn parent_proxies(outer: &Variables, of_pip: Option<&str>) -> ParentProxies {
    let first = |names: &[&str]| names.iter().find_map(|name| outer.text(name)).map(str::to_owned);
    let chosen = |names: &[&str]| of_pip.map(str::to_owned).or_else(|| first(names)).map(ParentProxy);
    ParentProxies {
        https: chosen(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        http: chosen(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
        direct: if of_pip.is_some() { None } else { first(&["no_proxy", "NO_PROXY"]) },
    }
}

/// As pip reads them: machine, user (unless `PIP_CONFIG_FILE` exists), environment, `PIP_CONFIG_FILE`, variables.
fn pip_settings(outer: &Variables, command: &super::command::Command, folder: &Path) -> Vec<PipSetting> {
    let named = outer.path("PIP_CONFIG_FILE");
    let none_at_all = named.as_deref() == Some(Path::new(if cfg!(windows) { "nul" } else { "/dev/null" }));
    let [machine, user] = platform::pip_configuration_files(outer);
    let mut files = machine;
    if !named.as_ref().is_some_and(|path| path.exists()) {
        files.extend(user);
    }
    files.extend(
        command
            .environments(outer, folder)
            .into_iter()
            .map(|prefix| prefix.join(if cfg!(windows) { "pip.ini" } else { "pip.conf" })),
    );
    files.extend(named);
    let files = if none_at_all { Vec::new() } else { files };
    let of_files = files.into_iter().filter_map(|path| Some((read_text(&path)?, path))).flat_map(|(text, path)| {
        let setting = move |(key, value)| PipSetting { key, value, origin: SettingOrigin::File(path.clone()) };
        ini::parse(&text).into_iter().map(setting)
    });
    let of_variables = PipKey::ALL.into_iter().filter_map(|key| {
        let value = outer.text(&key.variable())?.to_owned();
        Some(PipSetting { key, value, origin: SettingOrigin::Environment(key.variable()) })
    });
    of_files.chain(of_variables).filter(|setting| !setting.value.is_empty()).collect()
}

/// Poetry's default is a folder in its cache. Where the configuration names another place, nothing needs to be said.
fn poetry_environments(outer: &Variables, folder: &Path) -> Option<PathBuf> {
    let (configuration, cache) = platform::poetry_folders(outer);
    let configuration = outer.path("POETRY_CONFIG_DIR").or(configuration);
    let files = [configuration.map(|folder| folder.join("config.toml")), Some(folder.join("poetry.toml"))];
    let tables: Vec<toml::Table> = files.into_iter().flatten().filter_map(|path| read_text(&path)?.parse().ok()).collect();
    let path = |table: &toml::Table| Some(table.get("virtualenvs")?.get("path")?.as_str()?.to_owned());
    if tables.iter().any(|table| path(table).is_some_and(|path| !path.contains("{cache-dir}"))) {
        return None;
    }
    let configured = tables.iter().rev().find_map(|table| Some(PathBuf::from(table.get("cache-dir")?.as_str()?)));
    outer.path("POETRY_CACHE_DIR").or(configured).or(cache).map(|cache| cache.join("virtualenvs"))
}

/// A text file of at most [`limits::CONFIGURATION_BYTES`]; larger ones are nobody's configuration.
pub(super) fn read_text(path: &Path) -> Option<String> {
    read_text_up_to(path, limits::CONFIGURATION_BYTES)
}

/// A regular text file of at most `limit` bytes.
pub(super) fn read_text_up_to(path: &Path, limit: u64) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    fs::File::open(path).ok()?.take(limit + 1).read_to_string(&mut text).ok()?;
    (u64::try_from(text.len()).ok()? <= limit).then_some(text)
}

#[cfg(test)]
mod tests;
