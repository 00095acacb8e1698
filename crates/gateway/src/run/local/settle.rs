//! Lets every distribution in local places be decided, and says what follows for the run.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use affineur_packaging::{FileName, Sha256};
use aws_lc_rs::digest;
use url::Url;

use super::reference::{is_archive, is_page};
use super::{LocalKind, LocalOrigin, LocalPlace};
use crate::limits;
use crate::run::environment::EnvironmentChanges;
use crate::run::existing::{Existing, SettingOrigin};
use crate::run::ini::PipKey;
use crate::run::variables::Variables;

/// What the engine says about a local distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalVerdict {
    /// The policy lets it through.
    Allowed,
    /// The policy withholds it.
    Withheld {
        /// Why, fit for a terminal.
        reason: String,
    },
    /// It could not be decided.
    Unknown {
        /// Why, fit for a terminal.
        reason: String,
    },
}

/// Whether a policy enforces what is decided about local places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// What is not allowed does not reach CMD.
    Enforced,
    /// Local places are only named.
    Named,
}

/// A distribution in a local place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The place.
    pub place: LocalPlace,
    /// The file.
    pub file: PathBuf,
    /// What was decided.
    pub verdict: LocalVerdict,
}

/// What follows from the local places.
#[derive(Debug, Default)]
pub struct Settled {
    /// All places, for the report.
    pub places: Vec<LocalPlace>,
    /// All files that were decided, for the report.
    pub files: Vec<Decided>,
    /// Why the run must not start, if it must not.
    pub refusals: Vec<LocalRefusal>,
    /// Variables that lead CMD to copies of what was allowed.
    pub changes: EnvironmentChanges,
}

/// Something local that CMD would use although the policy does not allow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalRefusal {
    /// A file is withheld (exit status 1).
    #[error("{} (named by {origin}) is withheld: {reason}", file.display())]
    Withheld {
        /// The file.
        file: PathBuf,
        /// Where its place was named.
        origin: LocalOrigin,
        /// Why.
        reason: String,
    },
    /// A file or place cannot be decided (exit status 3).
    #[error("{} (named by {origin}) cannot be decided: {reason}", path.display())]
    Undecided {
        /// The file or place.
        path: PathBuf,
        /// Where it was named.
        origin: LocalOrigin,
        /// Why.
        reason: String,
    },
}

impl LocalRefusal {
    /// DESIGN §5: 1 refused, 3 cannot tell now.
    #[must_use]
    pub const fn exit_code(&self) -> i32 {
        match self {
            Self::Withheld { .. } => 1,
            Self::Undecided { .. } => 3,
        }
    }
}

/// A local place could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Reading or copying failed.
    #[error("{}: cannot be read or copied", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More places, entries or files than [`limits::LOCAL_PLACES`], [`limits::LOCAL_ENTRIES`] and [`limits::LOCAL_FILES`].
    #[error("more local places or distributions ({}) are named than can be decided", limits::LOCAL_FILES)]
    TooMany,
}

/// Lets `decide` judge every distribution in `places`. Where a policy enforces, places of variables and of pip's configuration
/// give way to copies, in `private`, of what was allowed; a place that cannot be replaced and holds anything else is a refusal.
///
/// # Errors
/// See [`LocalError`].
pub async fn settle(
    places: impl IntoIterator<Item = LocalPlace>,
    enforcement: Enforcement,
    (existing, outer): (&Existing, &Variables),
    private: &Path,
    decide: impl AsyncFn(&FileName, &Sha256) -> LocalVerdict,
) -> Result<Settled, LocalError> {
    let mut settled = Settled { places: places.into_iter().collect(), ..Settled::default() };
    if enforcement == Enforcement::Named {
        return Ok(settled);
    }
    if settled.places.len() > limits::LOCAL_PLACES {
        return Err(LocalError::TooMany);
    }
    let mut count = 0;
    for place in settled.places.clone() {
        let copies = copies_of(&place.origin).map(|name| private.join(name));
        if let Some(folder) = &copies {
            fs::create_dir_all(folder).map_err(|source| LocalError::Io { path: folder.clone(), source })?;
        }
        match place.kind {
            LocalKind::SourceTree => continue,
            LocalKind::Index => settled.refuse_index(&place, copies.is_some()),
            LocalKind::Unreadable => settled.refuse_unread(&place),
            LocalKind::Folder | LocalKind::File => {
                for file in distributions(&place)? {
                    count += 1;
                    if count > limits::LOCAL_FILES {
                        return Err(LocalError::TooMany);
                    }
                    let verdict = judge(&file, copies.as_deref(), &decide).await?;
                    settled.add(&place, file, verdict, copies.is_some());
                }
            }
        }
    }
    settled.replace(existing, outer, private);
    Ok(settled)
}

/// The subfolder for copies, if a place named there can be replaced.
const fn copies_of(origin: &LocalOrigin) -> Option<&'static str> {
    match origin {
        LocalOrigin::Setting(_) => Some("pip-find-links"),
        LocalOrigin::UvVariable => Some("uv-find-links"),
        LocalOrigin::Argument | LocalOrigin::Requirements(..) | LocalOrigin::Project(_) => None,
    }
}

impl Settled {
    /// A page of links among replaced places is simply left out; a local index cannot be.
    fn refuse_index(&mut self, place: &LocalPlace, replaced: bool) {
        let is_page = place.path.file_name().is_some_and(|name| is_page(&name.to_string_lossy()));
        if !(replaced && is_page) {
            let reason = "where a local index or page of links leads is not known; name a folder of distributions".to_owned();
            self.refusals.push(LocalRefusal::Undecided { path: place.path.clone(), origin: place.origin.clone(), reason });
        }
    }

    fn refuse_unread(&mut self, place: &LocalPlace) {
        let reason = "what this file asks for cannot be read for sure; save it as UTF-8, and large ones in parts".to_owned();
        self.refusals.push(LocalRefusal::Undecided { path: place.path.clone(), origin: place.origin.clone(), reason });
    }

    fn add(&mut self, place: &LocalPlace, file: PathBuf, verdict: LocalVerdict, replaced: bool) {
        let (path, origin) = (file.clone(), place.origin.clone());
        match &verdict {
            _ if replaced => {}
            LocalVerdict::Allowed => {}
            LocalVerdict::Withheld { reason } => {
                self.refusals.push(LocalRefusal::Withheld { file: path, origin, reason: reason.clone() });
            }
            LocalVerdict::Unknown { reason } => {
                self.refusals.push(LocalRefusal::Undecided { path, origin, reason: reason.clone() });
            }
        }
        self.files.push(Decided { place: place.clone(), file, verdict });
    }

    /// Points `PIP_FIND_LINKS` (which wins over pip.conf) and `UV_FIND_LINKS` at the copies; what is not local in them stays.
    fn replace(&mut self, existing: &Existing, outer: &Variables, private: &Path) {
        let with_copies = |remote: Vec<&str>, folder: &str, separator: &str| {
            let copies = Url::from_directory_path(private.join(folder)).map(String::from).unwrap_or_default();
            remote.into_iter().chain([copies.as_str()]).collect::<Vec<_>>().join(separator)
        };
        let has = |origin: fn(&LocalOrigin) -> bool| self.places.iter().any(|place| origin(&place.origin));
        if has(|origin| matches!(origin, LocalOrigin::Setting(_))) {
            let settings: Vec<_> = existing.pip.iter().filter(|setting| setting.key == PipKey::FindLinks).collect();
            let of_variable: Vec<_> =
                settings.iter().copied().filter(|setting| matches!(setting.origin, SettingOrigin::Environment(_))).collect();
            let effective = if of_variable.is_empty() { settings } else { of_variable };
            let remote = effective.iter().flat_map(|setting| setting.value.split_whitespace()).filter(|text| is_remote(text));
            self.changes.set("PIP_FIND_LINKS", with_copies(remote.collect(), "pip-find-links", " "));
        }
        if has(|origin| matches!(origin, LocalOrigin::UvVariable)) {
            let text = outer.text("UV_FIND_LINKS").unwrap_or_default();
            let remote = text.split([',', ' ']).filter(|text| is_remote(text));
            self.changes.set("UV_FIND_LINKS", with_copies(remote.collect(), "uv-find-links", ","));
        }
    }
}

fn is_remote(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// The distributions of a place. A folder that is not there has none; links in it are followed, as installers do.
fn distributions(place: &LocalPlace) -> Result<Vec<PathBuf>, LocalError> {
    if place.kind == LocalKind::File {
        return Ok(if place.path.exists() { vec![place.path.clone()] } else { Vec::new() });
    }
    let failed = |source| LocalError::Io { path: place.path.clone(), source };
    let entries = match fs::read_dir(&place.path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count >= limits::LOCAL_ENTRIES {
            return Err(LocalError::TooMany);
        }
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_archive(&name) || is_page(&name) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Decides one file. With `copies`, the copy is what is hashed, so that the file cannot change in between; it stays there only
/// if it is allowed.
async fn judge(
    file: &Path,
    copies: Option<&Path>,
    decide: &impl AsyncFn(&FileName, &Sha256) -> LocalVerdict,
) -> Result<LocalVerdict, LocalError> {
    let failed = |source| LocalError::Io { path: file.to_owned(), source };
    let text = file.file_name().unwrap_or_default().to_string_lossy();
    let name: FileName = match text.parse() {
        Ok(name) => name,
        Err(_) if is_page(&text) => return Ok(LocalVerdict::Unknown { reason: "a local page of links".to_owned() }),
        Err(error) => return Ok(LocalVerdict::Unknown { reason: format!("{error}") }),
    };
    if !fs::metadata(file).map_err(failed)?.is_file() {
        return Ok(LocalVerdict::Unknown { reason: "not a regular file".to_owned() });
    }
    let copy = copies.map(|folder| folder.join(name.as_str()));
    // The same name twice: the first copy was decided already, and installers take one of them.
    if copy.as_ref().is_some_and(|copy| copy.exists()) {
        return Ok(LocalVerdict::Unknown { reason: "another local file has the same name".to_owned() });
    }
    let (from, to) = (file.to_owned(), copy.clone());
    let digest = tokio::task::spawn_blocking(move || hash(&from, to.as_deref())).await;
    let digest = digest.map_err(io::Error::other).and_then(|result| result).map_err(failed)?;
    let verdict = decide(&name, &digest).await;
    if let (Some(copy), true) = (copy, verdict != LocalVerdict::Allowed) {
        fs::remove_file(&copy).map_err(failed)?;
    }
    Ok(verdict)
}

/// The digest of a file, copying it on the way.
fn hash(from: &Path, to: Option<&Path>) -> io::Result<Sha256> {
    let mut reader = fs::File::open(from)?.take(limits::LOCAL_FILE_BYTES);
    let mut writer = to.map(fs::File::create_new).transpose()?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; limits::LOCAL_BUFFER_BYTES];
    loop {
        let count = reader.read(&mut buffer)?;
        let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
        context.update(chunk);
        if let Some(writer) = &mut writer {
            writer.write_all(chunk)?;
        }
    }
    if reader.limit() == 0 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let digest: [u8; 32] = context.finish().as_ref().try_into().map_err(io::Error::other)?;
    Ok(Sha256::from_bytes(digest))
}

#[cfg(test)]
mod tests;
