//! Delegations (§4.5), listed one by one or as hash bins (TAP 15).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::root::each_once;
use super::{Extra, Threshold};
use crate::key::{Key, KeyId};
use crate::limits;
use crate::name::{PathPattern, RoleName, TargetPath};

/// Whom a targets role delegates to: roles in order of their priority, or hash bins, never both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegations {
    pub(crate) keys: BTreeMap<KeyId, Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<Vec<DelegatedRole>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) succinct_roles: Option<Succinct>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

impl Delegations {
    /// The keys of the delegated roles, by identifier.
    #[must_use]
    pub const fn keys(&self) -> &BTreeMap<KeyId, Key> {
        &self.keys
    }

    /// The delegated roles in order; none if there are hash bins.
    #[must_use]
    pub fn roles(&self) -> &[DelegatedRole] {
        self.roles.as_deref().unwrap_or_default()
    }

    /// The hash bins, if there are any.
    #[must_use]
    pub const fn succinct(&self) -> Option<&Succinct> {
        self.succinct_roles.as_ref()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.keys.len() > limits::KEYS {
            return Err(format!("{} keys of delegations, at most {} are accepted", self.keys.len(), limits::KEYS));
        }
        match (&self.roles, &self.succinct_roles) {
            (Some(_), Some(_)) => Err("both roles and succinct_roles".to_owned()),
            (None, None) => Err("neither roles nor succinct_roles".to_owned()),
            (None, Some(succinct)) => succinct.check(),
            (Some(roles), None) => check_roles(roles),
        }
    }
}

fn check_roles(roles: &[DelegatedRole]) -> Result<(), String> {
    if roles.len() > limits::DELEGATED_ROLES {
        return Err(format!("{} delegated roles, at most {} are accepted", roles.len(), limits::DELEGATED_ROLES));
    }
    let mut names = BTreeSet::new();
    for role in roles {
        if !names.insert(&role.name) {
            return Err(format!("it delegates to {} twice", role.name));
        }
        role.check()?;
    }
    Ok(())
}

/// One delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegatedRole {
    pub(crate) keyids: Vec<KeyId>,
    pub(crate) name: RoleName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<PathPattern>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_hash_prefixes: Option<Vec<Box<str>>>,
    #[serde(default)]
    terminating: bool,
    pub(crate) threshold: Threshold,
    #[serde(flatten)]
    extra: Extra,
}

/// Which paths are delegated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paths {
    /// Those that match one of the patterns.
    Patterns(Vec<PathPattern>),
    /// Those whose SHA-256 begins with one of these hexadecimal digits.
    HashPrefixes(Vec<Box<str>>),
}

impl DelegatedRole {
    #[cfg(feature = "signing")]
    pub(crate) fn new(name: RoleName, keyids: Vec<KeyId>, threshold: Threshold, paths: Paths) -> Self {
        let (paths, path_hash_prefixes) = match paths {
            Paths::Patterns(patterns) => (Some(patterns), None),
            Paths::HashPrefixes(prefixes) => (None, Some(prefixes)),
        };
        Self { keyids, name, paths, path_hash_prefixes, terminating: false, threshold, extra: Extra::new() }
    }

    #[cfg(feature = "signing")]
    pub(crate) fn set_terminating(&mut self) {
        self.terminating = true;
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &RoleName {
        &self.name
    }

    /// The identifiers of its keys.
    #[must_use]
    pub fn keyids(&self) -> &[KeyId] {
        &self.keyids
    }

    /// How many of its keys must sign.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// Which paths are delegated to it.
    #[must_use]
    pub fn paths(&self) -> Paths {
        match (&self.paths, &self.path_hash_prefixes) {
            (_, Some(prefixes)) => Paths::HashPrefixes(prefixes.clone()),
            (patterns, None) => Paths::Patterns(patterns.clone().unwrap_or_default()),
        }
    }

    /// Whether nothing after it is asked about the paths that are delegated to it.
    #[must_use]
    pub const fn terminating(&self) -> bool {
        self.terminating
    }

    /// Whether this path is delegated to it.
    #[must_use]
    pub fn covers(&self, path: &TargetPath) -> bool {
        if let Some(patterns) = &self.paths {
            return patterns.iter().any(|pattern| pattern.matches(path));
        }
        self.path_hash_prefixes.iter().flatten().any(|prefix| path.digest_begins_with(prefix))
    }

    fn check(&self) -> Result<(), String> {
        each_once(&self.keyids)?;
        let name = &self.name;
        match (&self.paths, &self.path_hash_prefixes) {
            (Some(_), Some(_)) => Err(format!("the delegation to {name} has both paths and path_hash_prefixes")),
            (None, None) => Err(format!("the delegation to {name} has neither paths nor path_hash_prefixes")),
            (Some(patterns), None) => {
                match patterns.iter().find(|pattern| pattern.as_str().len() > limits::TARGET_PATH_BYTES) {
                    Some(_) => {
                        Err(format!("the delegation to {name} has a pattern longer than {} bytes", limits::TARGET_PATH_BYTES))
                    }
                    None => Ok(()),
                }
            }
            (None, Some(prefixes)) => match prefixes.iter().find(|prefix| !is_hash_prefix(prefix)) {
                Some(bad) => Err(format!(
                    "the delegation to {name} has the prefix {}, expected up to 64 of 0-9 and a-f",
                    bad.escape_debug()
                )),
                None => Ok(()),
            },
        }
    }
}

fn is_hash_prefix(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Hash bins (TAP 15): 2 to the power of `bit_length` roles with the same keys, none of them terminating; a path belongs to
/// the one whose number is the first bits of the path's SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succinct {
    pub(crate) bit_length: u8,
    pub(crate) keyids: Vec<KeyId>,
    pub(crate) name_prefix: Box<str>,
    pub(crate) threshold: Threshold,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

impl Succinct {
    /// Two to the power of `bit_length` (1 to 32) bins.
    #[must_use]
    pub fn new(bit_length: u8, name_prefix: &str, keyids: Vec<KeyId>, threshold: Threshold) -> Self {
        Self { bit_length, keyids, name_prefix: name_prefix.into(), threshold, extra: Extra::new() }
    }

    /// How many bins there are, as a power of two.
    #[must_use]
    pub const fn bit_length(&self) -> u8 {
        self.bit_length
    }

    /// The identifiers of the bins' keys.
    #[must_use]
    pub fn keyids(&self) -> &[KeyId] {
        &self.keyids
    }

    /// How many of them must sign a bin.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// How many bins there are. For more than 63 bits, which no client accepts, the highest number.
    #[must_use]
    pub const fn bins(&self) -> u64 {
        match 1_u64.checked_shl(self.bit_length as u32) {
            Some(bins) => bins,
            None => u64::MAX,
        }
    }

    /// The number of the bin that a path belongs to.
    #[must_use]
    pub fn bin_of(&self, path: &TargetPath) -> u64 {
        let [a, b, c, d, ..] = *path.digest();
        u64::from(u32::from_be_bytes([a, b, c, d])) >> 32_u32.saturating_sub(u32::from(self.bit_length))
    }

    /// The name of a bin: the prefix and the number, in as many hexadecimal digits as the last one needs.
    #[must_use]
    pub fn name_of(&self, bin: u64) -> String {
        let width = usize::from(self.bit_length).div_ceil(4);
        format!("{}-{bin:0width$x}", self.name_prefix)
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if !(1..=32).contains(&self.bit_length) {
            return Err(format!("a bit_length of {}, expected 1 to 32", self.bit_length));
        }
        if self.name_prefix.len() + 9 > limits::ROLE_NAME_BYTES {
            return Err(format!("a name_prefix of {} bytes", self.name_prefix.len()));
        }
        each_once(&self.keyids)
    }
}

#[cfg(test)]
mod tests;
