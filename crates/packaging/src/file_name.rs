//! Names of distribution files: wheels and source distributions.

use std::fmt;
use std::str::FromStr;

use crate::{ProjectName, Version, limits};

/// A distribution's file name, parsed strictly: it has no folder, no control character and no surprise in it, and says which
/// project and version it belongs to.
///
/// Wheels follow the binary distribution format; source distributions PEP 625 and, for old releases, the looser names that
/// indexes still carry (`name-with-dashes-1.0.tar.gz`, `.zip`, `.tar.bz2`, `.tgz`, `.tar.xz`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    text: String,
    project: ProjectName,
    version: Version,
    kind: DistributionKind,
}

/// What kind of distribution a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DistributionKind {
    /// A `.whl` file.
    Wheel,
    /// An archive of sources.
    Sdist,
}

/// Why a text is no distribution's file name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// Neither a wheel's nor a source distribution's ending.
    #[error("not a wheel (.whl) or a source distribution (.tar.gz, .zip, …)")]
    Ending,
    /// Longer than [`limits::FILE_NAME_BYTES`].
    #[error("a file name has at most {} bytes", limits::FILE_NAME_BYTES)]
    TooLong,
    /// A character that no distribution's file name has: a folder separator, a control character, white space, not ASCII, …
    #[error("a file name has only ASCII letters, digits and '-', '_', '.', '+', '!'")]
    Character,
    /// Name, version or tags are missing or malformed.
    #[error("the name and version in the file name cannot be read")]
    Parts,
}

impl FileName {
    /// The name as it stands on the page.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The project that it belongs to.
    #[must_use]
    pub const fn project(&self) -> &ProjectName {
        &self.project
    }

    /// The version that it belongs to.
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// Wheel or source distribution.
    #[must_use]
    pub const fn kind(&self) -> DistributionKind {
        self.kind
    }

    /// Parses a file name that must belong to `project`. For source distributions this settles where the name ends and the
    /// version begins: `a-1-2.tar.gz` is release `2` of `a-1`, or release `1-2` of `a`.
    ///
    /// # Errors
    /// See [`FileNameError`]; a file of another project is [`FileNameError::Parts`].
    pub fn of_project(text: &str, project: &ProjectName) -> Result<Self, FileNameError> {
        match split_ending(text)? {
            (_, DistributionKind::Wheel) => {
                let name: Self = text.parse()?;
                if name.project == *project { Ok(name) } else { Err(FileNameError::Parts) }
            }
            (stem, kind) => {
                let version = after_project(stem, project).and_then(read_version).ok_or(FileNameError::Parts)?;
                Ok(Self { text: text.to_owned(), project: project.clone(), version, kind })
            }
        }
    }
}

/// Takes a file's name alone. A source distribution's is ambiguous without its project (see [`FileName::of_project`]): the
/// version begins after the last dash behind which a version stands, except that digits alone behind something with a dot in
/// it are a post-release (`a-1.0-1.tar.gz` is `1.0.post1` of `a`, `a-1-2.tar.gz` is `2` of `a-1`).
impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (stem, kind) = split_ending(text)?;
        let (project, version) = match kind {
            DistributionKind::Wheel => read_wheel(stem),
            DistributionKind::Sdist => guess_sdist(stem),
        }
        .ok_or(FileNameError::Parts)?;
        Ok(Self { text: text.to_owned(), project, version, kind })
    }
}

/// Endings of source distributions. All but the first two are of the past, and indexes still carry them.
const SDIST_ENDINGS: [&str; 5] = [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz"];

/// Endings of what pip, uv or setuptools unpack, beside [`SDIST_ENDINGS`] and wheels.
const OTHER_ENDINGS: [&str; 9] = [".egg", ".tar", ".tbz", ".tbz2", ".txz", ".tlz", ".tar.lz", ".tar.lzma", ".tar.zst"];

/// Whether a name ends as something that an installer unpacks, in any case, a readable distribution's name or not.
///
/// ```
/// assert!(affineur_packaging::names_archive("main.ZIP") && !affineur_packaging::names_archive("zip"));
/// ```
#[must_use]
pub fn names_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SDIST_ENDINGS.iter().chain(&OTHER_ENDINGS).chain(&[".whl"]).any(|ending| name.ends_with(ending))
}

fn split_ending(text: &str) -> Result<(&str, DistributionKind), FileNameError> {
    if text.len() > limits::FILE_NAME_BYTES {
        return Err(FileNameError::TooLong);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+!".contains(&byte);
    if text.starts_with('.') || !text.bytes().all(allowed) {
        return Err(FileNameError::Character);
    }
    if let Some(stem) = text.strip_suffix(".whl") {
        return Ok((stem, DistributionKind::Wheel));
    }
    let stem = SDIST_ENDINGS.iter().find_map(|ending| text.strip_suffix(ending));
    stem.map(|stem| (stem, DistributionKind::Sdist)).ok_or(FileNameError::Ending)
}

/// `name-version(-build)?-python-abi-platform` (binary distribution format, "File name convention").
fn read_wheel(stem: &str) -> Option<(ProjectName, Version)> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, build, tags) = match *parts.as_slice() {
        [name, version, python, abi, platform] => (name, version, None, [python, abi, platform]),
        [name, version, build, python, abi, platform] => (name, version, Some(build), [python, abi, platform]),
        _ => return None,
    };
    // Escaping a name turns every run of separators into one underscore, so two are no wheel's.
    let escaped = !name.contains("__");
    let numbered = build.is_none_or(|build| build.starts_with(|first: char| first.is_ascii_digit()));
    (escaped && numbered && tags.into_iter().all(is_tag_set)).then_some(())?;
    Some((name.parse().ok()?, read_version(version)?))
}

/// A compressed tag set: tags with dots between them (`py2.py3`).
fn is_tag_set(tags: &str) -> bool {
    let is_tag = |tag: &str| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    tags.split('.').all(is_tag)
}

/// File names have `_` where the version has `-`; most versions have neither, so it is only put back where it is needed.
fn read_version(text: &str) -> Option<Version> {
    text.parse().ok().or_else(|| text.contains('_').then(|| text.replace('_', "-").parse().ok())?)
}

fn guess_sdist(stem: &str) -> Option<(ProjectName, Version)> {
    let split = |(dash, _)| Some((stem.get(..dash)?, stem.get(dash + 1..)?));
    let mut splits = stem.rmatch_indices('-').take(limits::VERSION_DASHES).filter_map(split);
    let readable = |(name, version): (&str, &str)| Some((name.parse().ok()?, read_version(version)?));
    let (last, found) = splits.by_ref().find_map(|split| Some((split.1, readable(split)?)))?;
    if !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(found);
    }
    let post_release = splits.next().filter(|(_, version)| version.contains('.')).and_then(readable);
    Some(post_release.unwrap_or(found))
}

/// What follows the project's name and a dash, however the name is written. One pass: a page can have many long names.
fn after_project<'a>(stem: &'a str, project: &ProjectName) -> Option<&'a str> {
    let mut rest = stem;
    for (position, word) in project.as_str().split('-').enumerate() {
        if position > 0 {
            rest = rest.strip_prefix(['-', '_', '.'])?.trim_start_matches(['-', '_', '.']);
        }
        let (start, end) = rest.split_at_checked(word.len())?;
        start.eq_ignore_ascii_case(word).then_some(())?;
        rest = end;
    }
    rest.strip_prefix('-')
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileName({})", self.text)
    }
}

#[cfg(test)]
mod tests;
