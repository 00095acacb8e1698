//! From policy files and what the caller asked for to the rules of a gateway: read at the start, and again after each change.

use std::collections::HashMap;

use affineur_trust::{Mode, PartyName, Policy, PolicySet, WrittenBy};
use http::HeaderValue;
use url::Url;

use super::files::Files;
use super::{Home, POLICY_FILE, SetupError, Wanted, repositories};
use crate::engine::{Keeps, Rules, Strangers};
use crate::fetch::{Credentials, Netrc};

/// Rules, and what belongs to them.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) rules: Rules,
    /// The index that installers are pointed at.
    pub(super) index: Option<Url>,
    /// What the user should hear.
    pub(super) messages: Vec<String>,
}

/// Makes the rules that `files` and the caller ask for.
pub(super) fn make(
    files: &Files,
    wanted: &Wanted,
    home: &Home,
    lookup: impl Fn(&str) -> Option<String> + Copy,
) -> Result<Made, SetupError> {
    let mut messages = Vec::new();
    let (policy, roots) = policies(files, &mut messages)?;
    if let Some(file) = wanted.state.as_ref().filter(|_| !roots.is_empty()) {
        messages.push(format!(
            "{} keeps pins, but not how far each TUF repository had come: that is in {} and lost with it, and then an older state of a repository could be shown anew",
            file.display(),
            home.state.join("tuf").display()
        ));
    }
    let main = policy.main();
    let by_user = main.written_by() != WrittenBy::BuiltIn;
    let strangers = if wanted.strict || (by_user && main.mode == Mode::Enforce) { Strangers::Refuse } else { Strangers::Pass };
    let mut upstreams = wanted.upstreams.clone();
    if let Some(url) = upstreams.iter().find(|url| !matches!(url.scheme(), "http" | "https") || !url.has_host()) {
        return Err(SetupError::Upstream { scheme: url.scheme().to_owned() });
    }
    let credentials = credentials(&policy, &mut upstreams, lookup)?;
    let named = |url: &Url| main.parties.keys().any(|name| main.index_url(name).as_ref() == Some(url));
    if !main.sources.is_empty() && !upstreams.iter().all(named) {
        return Err(SetupError::UpstreamWithPolicy);
    }
    if wanted.keeps == Keeps::Counters && upstreams.is_empty() && main.sources.is_empty() {
        return Err(SetupError::NoSource);
    }
    let first = main.sources.first().and_then(|name| main.index_url(name));
    let index = upstreams.first().cloned().or(first);
    let hints = if by_user { Vec::new() } else { wanted.hints.clone() };
    let repositories = repositories::open(roots, &home.copies())?;
    Ok(Made { rules: Rules { policy, strangers, upstreams, hints, repositories, credentials }, index, messages })
}

/// The user's policy, else the built-in rules; and the one of the working directory, which can only demand more.
fn policies(files: &Files, messages: &mut Vec<String>) -> Result<(PolicySet, Vec<repositories::TrustedRoot>), SetupError> {
    let added = files.added()?;
    if added.is_some() {
        messages.push(format!("{POLICY_FILE} in this folder is added: a file must pass it too"));
    }
    let Some(main) = files.main() else { return Ok((PolicySet::new(Policy::built_in(), added), Vec::new())) };
    let (policy, roots) = main.policy()?;
    let warnings = policy.warnings(jiff::Timestamp::now());
    messages.extend(warnings.iter().map(|warning| format!("{}: {warning}", main.file.display())));
    Ok((PolicySet::new(policy, added), roots))
}

/// Credentials for the sources: of each party's own variable, of `--upstream`'s URL, of the netrc file.
fn credentials(
    policy: &PolicySet,
    upstreams: &mut [Url],
    lookup: impl Fn(&str) -> Option<String> + Copy,
) -> Result<HashMap<PartyName, HeaderValue>, SetupError> {
    let netrc = Netrc::from_environment(lookup)?;
    let mut given = HashMap::new();
    for name in policy.main().parties.keys() {
        let variable = name.credentials_variable();
        let own = lookup(&variable).map(|text| match text.split_once(':') {
            Some((user, password)) => {
                Ok(Credentials { user: crate::fetch::Secret::new(user), password: crate::fetch::Secret::new(password) })
            }
            None => Err(SetupError::Credentials { variable }),
        });
        let url = policy.main().index_url(name);
        let host = url.as_ref().and_then(Url::host_str);
        if let Some(found) = own.transpose()?.or_else(|| host.and_then(|host| netrc.credentials_for(host)).cloned()) {
            given.insert(name.clone(), found.basic());
        }
    }
    for url in upstreams {
        let own = Credentials::take_from(url);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let of_host = || url.host_str().and_then(|host| netrc.credentials_for(host)).cloned();
        if let Some(found) = own.or_else(of_host) {
            let same = |name: &&PartyName| policy.main().index_url(name).as_ref() == Some(&*url);
            let name = policy.main().parties.keys().find(same).cloned();
            given.insert(name.unwrap_or_else(|| PartyName::learned(url)), found.basic());
        }
    }
    Ok(given)
}
