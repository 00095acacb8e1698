//! Core metadata: the headers of a `METADATA` or `PKG-INFO`.

use super::WheelError;
use crate::text::printable;
use crate::{FileName, ProjectName, Version, VersionSpecifiers, limits};

/// What an index needs to know of a distribution's core metadata. Texts are as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreMetadata {
    /// One of [`METADATA_VERSIONS`].
    pub metadata_version: String,
    /// A project name, not normalised.
    pub name: String,
    /// A version, not normalised.
    pub version: String,
    /// Version specifiers that can be read.
    pub requires_python: Option<String>,
    /// Of a source distribution: whether building may change its dependencies.
    pub dependencies: Dependencies,
}

/// Whether every wheel that is built from a source distribution has the dependencies that its `PKG-INFO` says (PEP 643).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependencies {
    /// Since `Metadata-Version` 2.2, where none of [`RESOLVED_WITH`] is `Dynamic`.
    Fixed,
    /// Only building tells.
    MayChange,
}

/// The fields from which installers learn what else to install, and whether to install this at all.
pub const RESOLVED_WITH: [&str; 3] = ["Requires-Dist", "Requires-Python", "Provides-Extra"];

/// The versions of core metadata without `Dynamic`.
const BEFORE_DYNAMIC: [&str; 4] = ["1.0", "1.1", "1.2", "2.1"];

/// The versions of core metadata there are. 2.0 was never accepted (PEP 566).
pub const METADATA_VERSIONS: [&str; 8] = ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"];

/// Fields that may stand there once (core metadata specifications); all others may be repeated or are unknown.
const SINGLE_USE: [&str; 16] = [
    "Metadata-Version",
    "Name",
    "Version",
    "Summary",
    "Description",
    "Description-Content-Type",
    "Keywords",
    "Home-page",
    "Download-URL",
    "Author",
    "Author-email",
    "Maintainer",
    "Maintainer-email",
    "License",
    "License-Expression",
    "Requires-Python",
];

/// Why an index does not take core metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataFault {
    /// More than [`limits::METADATA_BYTES`].
    #[error("it has more than {} bytes; shorten the description", limits::METADATA_BYTES)]
    TooLarge,
    /// Not UTF-8.
    #[error("it is not UTF-8; save the project's texts as UTF-8 and build again")]
    NotUtf8,
    /// A line that is no header, or more than [`limits::METADATA_HEADERS`].
    #[error("its headers cannot be read: each line before the first empty one is \"Field: value\", or begins with a space")]
    Headers,
    /// A field that has to be there.
    #[error("{0} is missing; build again with a current build tool")]
    Missing(&'static str),
    /// A field that may be there once.
    #[error("{0} stands there twice, and tools differ in which they take")]
    Twice(&'static str),
    /// A field that is continued on the next line, which tools read differently.
    #[error("{0} has to stand on one line")]
    Folded(&'static str),
    /// No version of core metadata that there is.
    #[error("Metadata-Version is \"{found}\"; known are {}", METADATA_VERSIONS.join(", "))]
    UnknownVersion {
        /// What it says, made harmless.
        found: String,
    },
    /// Another project than the file name's.
    #[error("Name is \"{found}\", but the file name is of \"{expected}\"; do not rename files after they were built")]
    OtherProject {
        /// What it says, made harmless.
        found: String,
        /// The file name's project.
        expected: ProjectName,
    },
    /// Another version than the file name's.
    #[error("Version is \"{found}\", but the file name is of {expected}; do not rename files after they were built")]
    OtherVersion {
        /// What it says, made harmless.
        found: String,
        /// The file name's version.
        expected: String,
    },
    /// No version specifiers.
    #[error("Requires-Python is \"{found}\"; expected are version specifiers such as \">=3.9\"")]
    RequiresPython {
        /// What it says, made harmless.
        found: String,
    },
}

impl CoreMetadata {
    /// Reads core metadata as an index demands it: UTF-8, readable headers, a known `Metadata-Version`, each single-use field at
    /// most once. Text behind the headers is the description and not looked at.
    ///
    /// # Errors
    /// See [`MetadataFault`].
    pub fn parse(text: &[u8]) -> Result<Self, MetadataFault> {
        if text.len() as u64 > limits::METADATA_BYTES {
            return Err(MetadataFault::TooLarge);
        }
        if str::from_utf8(text).is_err() {
            return Err(MetadataFault::NotUtf8);
        }
        let headers = headers(text).ok_or(MetadataFault::Headers)?;
        for field in SINGLE_USE {
            if headers.iter().filter(|header| header.is(field)).count() > 1 {
                return Err(MetadataFault::Twice(field));
            }
        }
        let metadata_version = required(&headers, "Metadata-Version")?;
        if !METADATA_VERSIONS.contains(&&*metadata_version) {
            return Err(MetadataFault::UnknownVersion { found: shown(&metadata_version) });
        }
        let requires_python = line(&headers, "Requires-Python")?;
        if let Some(found) = &requires_python
            && found.parse::<VersionSpecifiers>().is_err()
        {
            return Err(MetadataFault::RequiresPython { found: shown(found) });
        }
        let [name, version] = [required(&headers, "Name")?, required(&headers, "Version")?];
        let dependencies = dependencies(&metadata_version, &headers);
        Ok(Self { metadata_version, name, version, requires_python, dependencies })
    }

    /// Reads what must be that of the distribution with this file name.
    pub(super) fn of(text: &[u8], name: &FileName) -> Result<Self, MetadataFault> {
        let metadata = Self::parse(text)?;
        metadata.check_belongs_to(name)?;
        Ok(metadata)
    }

    /// Whether it is that of the distribution with this file name: names equal when normalised, versions as PEP 440 says.
    ///
    /// # Errors
    /// [`MetadataFault::OtherProject`], [`MetadataFault::OtherVersion`].
    pub fn check_belongs_to(&self, name: &FileName) -> Result<(), MetadataFault> {
        if self.name.parse::<ProjectName>().as_ref() != Ok(name.project()) {
            return Err(MetadataFault::OtherProject { found: shown(&self.name), expected: name.project().clone() });
        }
        if self.version.parse::<Version>().ok().as_ref() != Some(name.version()) {
            let expected = shown(&name.version().to_string());
            return Err(MetadataFault::OtherVersion { found: shown(&self.version), expected });
        }
        Ok(())
    }
}

/// A `Dynamic` that goes on in the next line may mean any field.
fn dependencies(metadata_version: &str, headers: &[Header<'_>]) -> Dependencies {
    let resolved_with = |value: &[u8]| RESOLVED_WITH.iter().any(|field| value.eq_ignore_ascii_case(field.as_bytes()));
    let dynamic = |header: &&Header<'_>| header.is("Dynamic") && (header.folded || resolved_with(header.value));
    match BEFORE_DYNAMIC.contains(&metadata_version) || headers.iter().any(|header| dynamic(&header)) {
        true => Dependencies::MayChange,
        false => Dependencies::Fixed,
    }
}

fn required(headers: &[Header<'_>], field: &'static str) -> Result<String, MetadataFault> {
    line(headers, field)?.filter(|value| !value.is_empty()).ok_or(MetadataFault::Missing(field))
}

/// The value of a field that stands there at most once, on one line.
fn line(headers: &[Header<'_>], field: &'static str) -> Result<Option<String>, MetadataFault> {
    let Some(header) = headers.iter().find(|header| header.is(field)) else { return Ok(None) };
    if header.folded {
        return Err(MetadataFault::Folded(field));
    }
    str::from_utf8(header.value).map(|value| Some(value.to_owned())).map_err(|_| MetadataFault::NotUtf8)
}

fn shown(text: &str) -> String {
    printable(text, limits::QUOTED_BYTES)
}

/// Checks that a `METADATA` can be read by installers and is that of the wheel with this file name: its headers parse, and it
/// has exactly one `Metadata-Version`, `Name` (equal when normalised) and `Version` (equal as PEP 440 says).
///
/// # Errors
/// [`WheelError::TooLarge`], [`Headers`](WheelError::Headers), [`NotOne`](WheelError::NotOne),
/// [`OtherProject`](WheelError::OtherProject), [`OtherVersion`](WheelError::OtherVersion).
pub fn check_metadata(metadata: &[u8], name: &FileName) -> Result<(), WheelError> {
    if metadata.len() as u64 > limits::METADATA_BYTES {
        return Err(WheelError::TooLarge);
    }
    let headers = headers(metadata).ok_or(WheelError::Headers)?;
    only(&headers, "Metadata-Version")?;
    if only(&headers, "Name")?.parse::<ProjectName>().as_ref() != Ok(name.project()) {
        return Err(WheelError::OtherProject);
    }
    if only(&headers, "Version")?.parse::<Version>().ok().as_ref() != Some(name.version()) {
        return Err(WheelError::OtherVersion);
    }
    Ok(())
}

/// A header field.
struct Header<'a> {
    name: &'a [u8],
    /// Its first line. Need not be UTF-8: old ones are not.
    value: &'a [u8],
    /// Whether further lines follow.
    folded: bool,
}

impl Header<'_> {
    const fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The headers up to the first empty line; `None` where readers could differ, and beyond [`limits::METADATA_HEADERS`].
fn headers(metadata: &[u8]) -> Option<Vec<Header<'_>>> {
    let mut headers = Vec::new();
    for line in metadata.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\r') {
            return None; // some readers see the end of a line here, others do not
        }
        match line {
            [] => break,
            [b' ' | b'\t', ..] => headers.last_mut().map(|header: &mut Header<'_>| header.folded = true)?,
            _ => {
                let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
                let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if name.is_empty() || !name.iter().all(is_name) || headers.len() >= limits::METADATA_HEADERS {
                    return None;
                }
                headers.push(Header { name, value: value.get(1..).unwrap_or_default().trim_ascii(), folded: false });
            }
        }
    }
    Some(headers)
}

fn only<'a>(headers: &[Header<'a>], wanted: &'static str) -> Result<&'a str, WheelError> {
    let mut values = headers.iter().filter(|header| header.is(wanted)).map(|header| header.value);
    match (values.next().map(std::str::from_utf8), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        _ => Err(WheelError::NotOne(wanted)),
    }
}
