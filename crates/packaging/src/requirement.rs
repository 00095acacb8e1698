//! What a person writes to name releases: `requests`, `requests==2.32.3`, `requests>=2,<3`.

use std::str::FromStr;

use crate::{ProjectName, VersionSpecifiers, limits, text::printable};

/// A project and the versions that are meant; the part of PEP 508 that `why` needs. Extras are accepted and ignored: they
/// select dependencies, not files. Markers and URLs are refused.
///
/// ```
/// # use affineur_packaging::Requirement;
/// let requirement: Requirement = "requests[socks]>=2,<3".parse()?;
/// assert_eq!(requirement.project.as_str(), "requests");
/// assert!(requirement.versions.contains(&"2.32.3".parse().unwrap()));
/// # Ok::<_, affineur_packaging::ParseRequirementError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The project.
    pub project: ProjectName,
    /// Which versions; empty for all of them.
    pub versions: VersionSpecifiers,
}

/// Why a text is no requirement. What it repeats of the text is printable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a requirement: {problem}")]
pub struct ParseRequirementError {
    text: String,
    problem: String,
}

impl FromStr for Requirement {
    type Err = ParseRequirementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|problem| ParseRequirementError { text: printable(text, limits::QUOTED_BYTES), problem })
    }
}

fn read(text: &str) -> Result<Requirement, String> {
    if text.len() > limits::REQUIREMENT_BYTES {
        return Err(format!("it has more than {} bytes", limits::REQUIREMENT_BYTES));
    }
    if text.contains(';') {
        return Err("environment markers (after ';') do not name a release, leave them out".to_owned());
    }
    if text.contains('@') || text.contains("://") {
        return Err("a URL is not looked up by version, give a project's name".to_owned());
    }
    let text = text.trim();
    let end = text.find(|character: char| !(character.is_ascii_alphanumeric() || "-_.".contains(character)));
    let (name, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
    let project = name.parse().map_err(|error| format!("{error}"))?;
    let rest = skip_extras(rest.trim_start())?.trim();
    let specifiers = match rest.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').ok_or("the parenthesis is not closed")?,
        None => rest,
    };
    let versions = specifiers.parse().map_err(|_| {
        let specifiers = printable(specifiers, limits::QUOTED_BYTES);
        format!("\"{specifiers}\" after the name is no list of comparisons such as >=2,<3")
    })?;
    Ok(Requirement { project, versions })
}

fn skip_extras(text: &str) -> Result<&str, String> {
    let Some(inner) = text.strip_prefix('[') else { return Ok(text) };
    let (extras, rest) = inner.split_once(']').ok_or("the bracket after the name is not closed")?;
    // An extra's name has the same form as a project's (PEP 685).
    let is_extra = |extra: &str| extra.trim().parse::<ProjectName>().is_ok();
    if extras.trim().is_empty() || extras.split(',').all(is_extra) {
        Ok(rest)
    } else {
        Err("the extras in brackets are not names".to_owned())
    }
}

#[cfg(test)]
mod tests;
