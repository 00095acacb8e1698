//! TAP 4 map files: which repositories have to agree on what. A map becomes the text of a policy, or an error that says what of it
//! no policy says.
//!
//! Each mapping becomes a scope: its paths become project patterns, its repositories `only`, its threshold a rule. A map's paths
//! are patterns of target paths; those of an index begin with the project's name (`django/*`, `django-*`, `*`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::{Glob, PartyName, limits};

/// Why a map file cannot be turned into a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Not a map file.
    #[error("it is no map file: {0}")]
    Format(String),
    /// Larger than a policy may be, or with more entries.
    #[error("it is larger than a policy may be")]
    TooLarge,
    /// A repository's name is no party's name.
    #[error("repository {at}: a party's name has letters, digits, '-', '_' and '.' only")]
    Name {
        /// Which repository, counted from 1 in the order of names.
        at: usize,
    },
    /// A repository has no URL.
    #[error("repository `{party}` has no URL")]
    NoUrl {
        /// Which.
        party: PartyName,
    },
    /// A mapping names a repository that is not there.
    #[error("mapping {at} names a repository that is not in `repositories`")]
    UnknownRepository {
        /// Which mapping, counted from 1.
        at: usize,
    },
    /// A mapping names a repository twice: it would count twice.
    #[error("mapping {at} names `{party}` twice")]
    Twice {
        /// Which mapping.
        at: usize,
        /// Whom.
        party: PartyName,
    },
    /// A mapping has no repositories, no paths, or a threshold that cannot be met.
    #[error("mapping {at}: its threshold has to be from 1 to the number of its repositories, and it needs paths")]
    Threshold {
        /// Which mapping.
        at: usize,
    },
    /// A path says nothing about projects.
    #[error("mapping {at}, path {path}: only NAME/*, patterns of names and * say something about projects")]
    Path {
        /// Which mapping.
        at: usize,
        /// Which of its paths, counted from 1.
        path: usize,
    },
    /// A mapping is not the last word on its paths.
    #[error("mapping {at} is not terminating: of several scopes the first that matches decides, so that no policy says this")]
    NotTerminating {
        /// Which mapping.
        at: usize,
    },
}

#[derive(Deserialize)]
struct Document {
    repositories: Repositories,
    mapping: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    paths: Vec<String>,
    repositories: Vec<String>,
    threshold: usize,
    #[serde(default)]
    terminating: bool,
}

/// Names with their URLs; a name twice is an error.
struct Repositories(BTreeMap<String, Vec<String>>);

impl<'de> Deserialize<'de> for Repositories {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = Repositories;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of repositories")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Repositories, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((name, urls)) = map.next_entry()? {
                    if all.insert(name, urls).is_some() {
                        return Err(serde::de::Error::custom("a repository is there twice"));
                    }
                }
                Ok(Repositories(all))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

/// The text of a policy that says what a map file says. It names roots `trust/NAME.root.json`, which have to be put there, and can
/// still be wrong as a policy (a URL, two scopes of which one covers the other): parse it.
///
/// # Errors
/// See [`MapError`].
pub fn to_policy(text: &str) -> Result<String, MapError> {
    if text.len() > limits::POLICY_BYTES {
        return Err(MapError::TooLarge);
    }
    let document: Document = serde_json::from_str(text).map_err(|error| {
        MapError::Format(affineur_packaging::text::printable(&error.to_string(), limits::PROBLEM_CHARACTERS))
    })?;
    let Repositories(repositories) = document.repositories;
    if repositories.len() > limits::PARTIES || document.mapping.len() > limits::ENTRIES {
        return Err(MapError::TooLarge);
    }
    let mut parties = BTreeMap::new();
    for (at, (name, urls)) in repositories.iter().enumerate() {
        let party: PartyName = name.parse().map_err(|_| MapError::Name { at: at + 1 })?;
        let url = urls.first().ok_or_else(|| MapError::NoUrl { party: party.clone() })?;
        parties.insert(party, url.clone());
    }
    let scopes = document.mapping.iter().enumerate().map(|(at, mapping)| scope(at, mapping, document.mapping.len(), &parties));
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    let mut lines =
        vec!["# From a TAP 4 map file. Put each repository's root where `root` says, and look at the waits.".to_owned()];
    for (party, url) in &parties {
        lines.push(format!("\n[party.{}]", quoted(party.as_str())));
        lines.push(format!("repository = {}\nroot = {}", quoted(url), quoted(&format!("trust/{party}.root.json"))));
    }
    Ok(lines.into_iter().chain(scopes).collect::<Vec<_>>().join("\n") + "\n")
}

fn scope(at: usize, mapping: &Mapping, mappings: usize, parties: &BTreeMap<PartyName, String>) -> Result<String, MapError> {
    let number = at + 1;
    // Behind the last one there is nothing left to go on to.
    if !mapping.terminating && number < mappings {
        return Err(MapError::NotTerminating { at: number });
    }
    let mut named = BTreeSet::new();
    for name in &mapping.repositories {
        let party: PartyName = name.parse().map_err(|_| MapError::UnknownRepository { at: number })?;
        if !parties.contains_key(&party) {
            return Err(MapError::UnknownRepository { at: number });
        }
        if !named.insert(party.clone()) {
            return Err(MapError::Twice { at: number, party });
        }
    }
    if !(1..=named.len()).contains(&mapping.threshold) || mapping.paths.is_empty() {
        return Err(MapError::Threshold { at: number });
    }
    let project = |(path, text): (usize, &String)| project(text).ok_or(MapError::Path { at: number, path: path + 1 });
    let projects = mapping.paths.iter().enumerate().map(project).collect::<Result<BTreeSet<String>, _>>()?;
    let list = |texts: Vec<String>| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let members = mapping.repositories.join(", ");
    Ok(format!(
        "\n[[scope]]\nprojects = [{}]\nonly = [{}]\nrule = {}",
        list(projects.into_iter().collect()),
        list(mapping.repositories.clone()),
        quoted(&format!("{} of ({members})", mapping.threshold))
    ))
}

/// The project pattern that a pattern of target paths is.
fn project(path: &str) -> Option<String> {
    let name = path.strip_suffix("/*").unwrap_or(path);
    let glob: Glob = name.parse().ok()?;
    Some(glob.to_string())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    const MAP: &str = r#"{
        "repositories": {"Django": ["https://django.example/tuf/"], "index": ["https://index.example/tuf/", "https://m.example/"]},
        "mapping": [
            {"paths": ["django/*", "django-*"], "repositories": ["Django", "index"], "threshold": 2, "terminating": true},
            {"paths": ["*"], "repositories": ["index"], "threshold": 1}
        ]
    }"#;

    #[test]
    fn a_map_becomes_a_policy_that_parses() {
        let text = to_policy(MAP).unwrap();
        let policy = Policy::parse(&text).unwrap();
        let rules: Vec<_> = policy.scopes.iter().map(|scope| scope.demand.rule.as_ref().unwrap().to_string()).collect();
        assert_eq!(rules, ["2 of (Django, index)", "1 of (index)"]);
        let django: Vec<_> = policy.sources_for(&"Django".parse().unwrap()).iter().map(PartyName::as_str).collect();
        assert_eq!(django, ["Django", "index"]);
        assert_eq!(policy.sources_for(&"requests".parse().unwrap()).len(), 1);
    }

    #[test]
    fn what_no_policy_says_is_an_error() {
        let changed = |from: &str, to: &str| to_policy(&MAP.replacen(from, to, 1)).unwrap_err();
        assert_eq!(changed(r#", "terminating": true"#, ""), MapError::NotTerminating { at: 1 });
        assert_eq!(changed(r#""threshold": 2"#, r#""threshold": 3"#), MapError::Threshold { at: 1 });
        assert_eq!(changed(r#""threshold": 2"#, r#""threshold": 0"#), MapError::Threshold { at: 1 });
        assert_eq!(
            changed(r#"["Django", "index"]"#, r#"["index", "index"]"#),
            MapError::Twice { at: 1, party: "index".parse().unwrap() }
        );
        assert_eq!(changed(r#"["Django", "index"]"#, r#"["other"]"#), MapError::UnknownRepository { at: 1 });
        assert_eq!(changed("django/*", "*/django/*.whl"), MapError::Path { at: 1, path: 1 });
        assert_eq!(changed(r#"["django/*", "django-*"]"#, "[]"), MapError::Threshold { at: 1 });
        assert_eq!(changed(r#"["https://django.example/tuf/"]"#, "[]"), MapError::NoUrl { party: "Django".parse().unwrap() });
        assert_eq!(changed(r#""Django": "#, r#""a b": "#), MapError::Name { at: 1 });
        assert!(matches!(changed(r#""Django": "#, r#""index": "#), MapError::Format(_)));
        assert!(matches!(changed(r#""paths""#, r#""path""#), MapError::Format(_)));
        assert!(matches!(to_policy("[]").unwrap_err(), MapError::Format(_)));
        assert_eq!(to_policy(&" ".repeat(limits::POLICY_BYTES + 1)), Err(MapError::TooLarge));
    }
}
