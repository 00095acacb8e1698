//! Ways around the proxy that no variable can close.

use std::path::PathBuf;

use super::command::Command;
use super::uv::UvConfiguration;

/// Something by which an installer would go around the proxy, or use what was never decided. Tried with pip 26.3 and uv 0.13.8.
/// Where a policy enforces, the run is refused before CMD starts; else it is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Detour {
    /// An option of CMD.
    #[error("{option} {effect}")]
    Option {
        /// The option.
        option: &'static str,
        /// What it does.
        effect: &'static str,
    },
    /// A setting of uv's, which wins over the environment.
    #[error("{key} in {} {effect}", path.display())]
    UvSetting {
        /// The setting.
        key: &'static str,
        /// What it does.
        effect: &'static str,
        /// The file.
        path: PathBuf,
    },
}

/// Options that lead around. `--isolated` of pip ignores `PIP_PROXY`, `PIP_CERT` and `PIP_CACHE_DIR`.
const OPTIONS: [(&str, &str); 3] = [
    ("--proxy", "sends pip's requests to another proxy; set it as HTTPS_PROXY for affineur instead"),
    ("--isolated", "makes pip ignore the cache and the settings of this run"),
    ("--cache-dir", "makes the installer use a cache that was not filled by this policy"),
];

/// Settings of uv's that lead around, wherever they stand: any project that is checked out may bring them.
const UV_SETTINGS: [(&str, &str); 3] = [
    ("https-proxy", "sends uv's requests to another proxy; set it as HTTPS_PROXY for affineur instead"),
    ("http-proxy", "sends uv's requests to another proxy; set it as HTTP_PROXY for affineur instead"),
    ("no-proxy", "sends uv's requests past every proxy; set it as NO_PROXY for affineur instead"),
];

/// All ways around that CMD's words and uv's settings show.
#[must_use]
pub fn detours(command: &Command, uv: &[UvConfiguration]) -> Vec<Detour> {
    let installer = command.installer();
    let options = OPTIONS.into_iter().filter(|&(option, _)| {
        let written = command.words().iter().any(|word| word.split('=').next() == Some(option));
        // pip takes the beginning of an option for the whole.
        let begun = installer == Some(super::command::Installer::Pip) && !command.values_of(&[option]).is_empty();
        let here = written || begun;
        // uv's `--isolated` is about environments, not about configuration.
        here && installer.is_some() && !(option == "--isolated" && installer == Some(super::command::Installer::Uv))
    });
    let options = options.map(|(option, effect)| Detour::Option { option, effect });
    let settings = uv.iter().flat_map(|configuration| {
        let there = UV_SETTINGS.into_iter().filter(|(key, _)| configuration.has(key));
        there.map(|(key, effect)| Detour::UvSetting { key, effect, path: configuration.path.clone() })
    });
    let concerned = installer == Some(super::command::Installer::Uv);
    options.chain(settings.filter(|_| concerned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], toml: &str) -> Vec<String> {
        let command = Command::new(&words.iter().map(Into::into).collect::<Vec<_>>());
        let uv = [UvConfiguration { path: "uv.toml".into(), table: toml.parse().unwrap() }];
        detours(&command, &uv).iter().map(|detour| detour.to_string().split(' ').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn options_and_settings_that_lead_around_are_found() {
        let none: [&str; 0] = [];
        for (words, toml, expected) in [
            (&["pip", "install", "x"][..], "https-proxy = 'http://a'", &none[..]),
            (&["pip", "--proxy", "http://a", "install"], "", &["--proxy"]),
            (&["pip", "--proxy=http://a", "install"], "", &["--proxy"]),
            (&["pip", "--isolated", "install", "--cache-dir=/c"], "", &["--isolated", "--cache-dir"]),
            (&["pip", "--prox", "http://a", "install", "--cache-d=/c"], "", &["--proxy", "--cache-dir"]),
            (&["uv", "run", "x", "--p", "1"], "", &none),
            (&["uv", "run", "--isolated", "x"], "", &none),
            (&["uv", "sync"], "https-proxy = 'http://a'\nhttp-proxy = ''", &["https-proxy", "http-proxy"]),
            (&["uv", "sync"], "no-proxy = ['*']", &["no-proxy"]),
            (&["ls", "--proxy", "x"], "", &none),
        ] {
            assert_eq!(found(words, toml), expected, "{words:?}");
        }
    }
}
