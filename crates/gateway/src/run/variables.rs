//! The environment that we were started with.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Environment variables by name, read once. Values may be secrets: this has no `Debug`.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, OsString>);

impl Variables {
    /// This process's own; names that are not Unicode are nobody's here.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect())
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    /// A value that is not empty and is Unicode.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str).filter(|text| !text.is_empty())
    }

    /// A value that is not empty, as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// `${NAME}` in requirements files, as pip replaces it; other text stays.
    #[must_use]
    pub fn expand(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let known = after.split_once('}').and_then(|(name, after)| Some((self.text(name)?, after)));
            expanded.push_str(before);
            let (value, after) = known.unwrap_or(("${", after));
            expanded.push_str(value);
            rest = after;
        }
        expanded + rest
    }
}

impl<N: Into<String> + Copy, V: Into<OsString> + Copy> From<&[(N, V)]> for Variables {
    fn from(pairs: &[(N, V)]) -> Self {
        Self(pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_in_braces_are_replaced_and_all_else_stays() {
        let variables = Variables::from(&[("A", "1"), ("B_2", "two")][..]);
        for (text, expected) in
            [("", ""), ("x${A}y${B_2}", "x1ytwo"), ("${C}", "${C}"), ("${A", "${A"), ("$A ${}", "$A ${}"), ("${${A}}", "${1}")]
        {
            assert_eq!(variables.expand(text), expected);
        }
    }
}
