//! User names and passwords for upstreams: from URLs and from netrc files. They print as `***`.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use super::{FetchError, SettingsProblem};
use crate::limits;

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes text that is never to be shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the header that needs it, nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A user name and a password for HTTP's Basic authentication. Both are secret: some indexes take a token as user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub user: Secret,
    /// The password; may be empty.
    pub password: Secret,
}

impl Credentials {
    /// Takes user name and password out of a URL, which afterwards has none.
    #[must_use]
    pub fn take_from(url: &mut Url) -> Option<Self> {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decode(url.username());
        let password = decode(url.password().unwrap_or_default());
        // Neither can fail: only URLs without host refuse, and those have no userinfo.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let given = !user.is_empty() || !password.is_empty();
        given.then(|| Self { user: Secret::new(user), password: Secret::new(password) })
    }

    /// The value of `Authorization` or `Proxy-Authorization`, marked as sensitive.
    #[must_use]
    pub fn basic(&self) -> HeaderValue {
        let pair = format!("{}:{}", self.user.expose(), self.password.expose());
        let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
        // Base64 is always a valid header value.
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        value.set_sensitive(true);
        value
    }
}

/// A netrc file's entries. `default` entries are not used: they would send a password to every index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    machines: Vec<(String, Credentials)>,
}

impl Netrc {
    /// Reads the file that `NETRC` names, else `.netrc` (`_netrc`) in the home folder. No file is an empty netrc.
    ///
    /// # Errors
    /// [`SettingsProblem::Netrc`] for a file that cannot be read or understood; line 0 stands for the file itself.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, FetchError> {
        let named = lookup("NETRC").filter(|path| !path.is_empty()).map(PathBuf::from);
        let homes = ["HOME", "USERPROFILE"].into_iter().filter_map(lookup).filter(|home| !home.is_empty());
        let usual = homes.flat_map(|home| [".netrc", "_netrc"].map(|name| PathBuf::from(&home).join(name)));
        let Some(path) = named.or_else(|| usual.into_iter().find(|path| path.is_file())) else {
            return Ok(Self::default());
        };
        let bad_file = || FetchError::Settings(SettingsProblem::Netrc(0));
        match std::fs::metadata(&path) {
            Ok(about) if about.len() > limits::NETRC_BYTES => Err(bad_file()),
            Ok(_) => Self::parse(&std::fs::read_to_string(&path).map_err(|_| bad_file())?),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Reads a netrc file's text. Strict: an unknown word is an error that names its line.
    ///
    /// # Errors
    /// [`SettingsProblem::Netrc`] with the line.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        let mut netrc = Self::default();
        let mut entry: Option<Entry> = None;
        let mut words = words(text);
        while let Some((line, word)) = words.next() {
            let bad = || FetchError::Settings(SettingsProblem::Netrc(line));
            let mut value = || words.next().map(|(_, value)| value).ok_or_else(bad);
            match word.as_str() {
                "machine" => netrc.keep(entry.replace(Entry::of(Some(value()?)))),
                "default" => netrc.keep(entry.replace(Entry::of(None))),
                "login" | "user" => entry.as_mut().ok_or_else(bad)?.login = value()?,
                "password" => entry.as_mut().ok_or_else(bad)?.password = value()?,
                "account" => drop(value()?),
                _ => return Err(bad()),
            }
        }
        netrc.keep(entry);
        Ok(netrc)
    }

    /// The credentials for a host; the first entry of several counts.
    #[must_use]
    pub fn credentials_for(&self, host: &str) -> Option<&Credentials> {
        let same = |(machine, _): &&(String, Credentials)| machine.eq_ignore_ascii_case(host);
        self.machines.iter().find(same).map(|(_, credentials)| credentials)
    }

    fn keep(&mut self, entry: Option<Entry>) {
        if let Some(Entry { machine: Some(machine), login, password }) = entry {
            self.machines.push((machine, Credentials { user: Secret(login), password: Secret(password) }));
        }
    }
}

/// An entry that is being read; without `machine` it is the `default` one.
struct Entry {
    machine: Option<String>,
    login: String,
    password: String,
}

impl Entry {
    fn of(machine: Option<String>) -> Self {
        Self { machine, login: String::new(), password: String::new() }
    }
}

/// The words of a netrc file with their lines. Comments and macros (up to an empty line) are left out; words may be quoted.
fn words(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_macro = false;
    text.lines().enumerate().flat_map(move |(index, line)| {
        let mut found = Vec::new();
        if in_macro {
            in_macro = !line.trim().is_empty();
            return found;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (word, after) = next_word(rest);
            // A password may begin with `#`: a comment stands only where a keyword could.
            let keyword_expected = found.len() % 2 == 0;
            if word.starts_with('#') && keyword_expected {
                break;
            }
            if word == "macdef" && keyword_expected {
                in_macro = true;
                break;
            }
            found.push((index + 1, word));
            rest = after.trim_start();
        }
        found
    })
}

fn next_word(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        return (word.to_owned(), rest);
    };
    let mut word = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (word, quoted.split_at(at + 1).1),
            '\\' => word.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => word.push(letter),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests;
