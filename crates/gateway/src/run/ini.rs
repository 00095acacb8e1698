//! pip's configuration files, as Python's `configparser` reads them, as far as they concern a run.

use crate::limits;

/// A setting that concerns where packages come from, or what stands in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "pip's own names")]
pub enum PipKey {
    Proxy,
    Cert,
    ClientCert,
    FindLinks,
    IndexUrl,
    ExtraIndexUrl,
    TrustedHost,
    NoIndex,
}

impl PipKey {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Proxy,
        Self::Cert,
        Self::ClientCert,
        Self::FindLinks,
        Self::IndexUrl,
        Self::ExtraIndexUrl,
        Self::TrustedHost,
        Self::NoIndex,
    ];

    /// As in a configuration file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Cert => "cert",
            Self::ClientCert => "client-cert",
            Self::FindLinks => "find-links",
            Self::IndexUrl => "index-url",
            Self::ExtraIndexUrl => "extra-index-url",
            Self::TrustedHost => "trusted-host",
            Self::NoIndex => "no-index",
        }
    }

    /// As a variable.
    #[must_use]
    pub fn variable(self) -> String {
        format!("PIP_{}", self.as_str().to_uppercase().replace('-', "_"))
    }

    /// pip takes `_` for `-`, any case, and dashes in front.
    fn parse(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('-').to_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }
}

/// The settings of one file, of all sections: which of pip's commands will run cannot be known.
///
/// Lines that cannot be read are skipped; pip itself refuses such a file.
pub(crate) fn parse(text: &str) -> Vec<(PipKey, String)> {
    let mut settings: Vec<(PipKey, String)> = Vec::new();
    let mut open = false;
    // As Python opens text files: a line may also end with a carriage return alone.
    let text = text.replace("\r\n", "\n");
    for line in text.split(['\n', '\r']).take(limits::CONFIGURATION_LINES) {
        let content = line.trim();
        if content.starts_with(['#', ';']) {
            continue;
        }
        // An indented line goes on with the value above it.
        if line.starts_with([' ', '\t']) && !content.is_empty() {
            if let (true, Some((_, value))) = (open, settings.last_mut()) {
                value.push('\n');
                value.push_str(content);
            }
            continue;
        }
        let key_and_value = content.split_once(['=', ':']).filter(|_| !content.starts_with('['));
        let setting = key_and_value.and_then(|(name, value)| Some((PipKey::parse(name.trim())?, value.trim().to_owned())));
        open = setting.is_some() || (content.is_empty() && open);
        settings.extend(setting);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_every_section_are_found_in_every_spelling() {
        let text = "[global]\nProxy = http://a:1\n# cert = /no\n; cert = /no\nTRUSTED_HOST: b\n--cert=/c\ntimeout = 5\n  proxy = no\n\
                    [install]\nfind-links =\n    /one\n    # not this\n    /two\nno-index = true\n";
        assert_eq!(
            parse(text),
            [
                (PipKey::Proxy, "http://a:1".to_owned()),
                (PipKey::TrustedHost, "b".to_owned()),
                (PipKey::Cert, "/c".to_owned()),
                (PipKey::FindLinks, "\n/one\n/two".to_owned()),
                (PipKey::NoIndex, "true".to_owned()),
            ]
        );
    }

    #[test]
    fn a_url_keeps_its_colons_and_equal_signs() {
        assert_eq!(parse("index-url = https://a:b@c/?d=e"), [(PipKey::IndexUrl, "https://a:b@c/?d=e".to_owned())]);
    }

    #[test]
    fn lines_end_as_python_ends_them() {
        for text in ["# x\rproxy = a\r", "# x\r\nproxy = a\r\n", "# x\nproxy = a"] {
            assert_eq!(parse(text), [(PipKey::Proxy, "a".to_owned())], "{text:?}");
        }
    }

    #[test]
    fn nonsense_gives_nothing() {
        for text in ["", "[", "=", "proxy", "  proxy = x", "[proxy = x]", "\u{0}\n=\n:"] {
            assert_eq!(parse(text), [], "{text:?}");
        }
    }
}
