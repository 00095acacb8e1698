//! A check of the whole index: what is stored, what is signed about it, and whether the two agree.

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::listing::{Listing, Overlay, listing_path, overlay_path};
use affineur_tuf::{Edge, TargetFile, TargetPath, View};
use jiff::Timestamp;

use crate::client::{Client, Refusal};
use crate::limits;
use crate::store::{Finding, Project, Rehash, Store, StoreError};

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// What the store says of itself.
    Store(Finding),
    /// A client refuses everything.
    Signed(Refusal),
    /// A client refuses one role, and with it the projects that are in it.
    Role {
        /// The role.
        role: String,
        /// Why.
        refusal: Refusal,
    },
    /// A signed document is not there, or not the one that was signed.
    Document {
        /// Its path among the targets.
        path: TargetPath,
        /// What is wrong.
        problem: String,
    },
    /// A project has a file that its signed listing does not have, or has otherwise.
    NotListed(FileName),
    /// The signed listing has a file that the index does not have, or has otherwise.
    NotStored {
        /// The project.
        project: ProjectName,
        /// The file.
        file: String,
    },
    /// Nothing signed says anything of a project.
    NotSigned(ProjectName),
}

/// Looks at everything; stops at [`limits::FINDINGS`].
///
/// # Errors
/// See [`StoreError`]: that it could not be looked, not what was found.
pub async fn check<S: Store>(store: &S, rehash: Rehash, now: Timestamp) -> Result<Vec<Problem>, StoreError> {
    let mut problems: Vec<Problem> = store.check(rehash).await?.into_iter().map(Problem::Store).collect();
    if store.timestamp().await?.is_some() {
        let nothing = std::collections::BTreeMap::new();
        let mut check = Check { store, client: Client { store, instead: &nothing, now }, problems: Vec::new() };
        check.signed().await?;
        check.projects().await?;
        problems.append(&mut check.problems);
    }
    problems.truncate(limits::FINDINGS);
    Ok(problems)
}

struct Check<'a, S> {
    store: &'a S,
    client: Client<'a, S>,
    problems: Vec<Problem>,
}

impl<S: Store> Check<'_, S> {
    /// As a client that has the first root, through every role.
    async fn signed(&mut self) -> Result<(), StoreError> {
        let walked = async {
            let mut view = self.client.view().await?;
            for parent in self.client.delegations(&view, None)? {
                if !self.meet(&mut view, &parent).await? {
                    continue;
                }
                for child in self.client.delegations(&view, Some(&parent))? {
                    view.forget_roles();
                    self.meet(&mut view, &child).await?;
                    if self.problems.len() >= limits::FINDINGS {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        match walked.await {
            Err(Refusal::Store(error)) => Err(error),
            Err(refusal) => {
                self.problems.push(Problem::Signed(refusal));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Takes a role as a client does, and looks at the documents that it lists. Whether clients accept it.
    async fn meet(&mut self, view: &mut View, edge: &Edge) -> Result<bool, Refusal> {
        match self.client.accept(view, edge).await {
            Ok(()) => {}
            Err(Refusal::Store(error)) => return Err(Refusal::Store(error)),
            Err(refusal) => {
                self.problems.push(Problem::Role { role: edge.role().to_string(), refusal });
                return Ok(false);
            }
        }
        let listed: Vec<(TargetPath, TargetFile)> = match view.live(self.client.now)?.says(edge)? {
            None => Vec::new(),
            Some(targets) => {
                let targets = targets.targets();
                targets.filter_map(|(path, target)| Some((path.parse().ok()?, target.clone()))).collect()
            }
        };
        for (path, target) in listed {
            self.document(&path, &target).await?;
        }
        Ok(true)
    }

    /// A target is there with the bytes that were signed. Files that are targets are compared by [`Check::projects`].
    async fn document(&mut self, path: &TargetPath, target: &TargetFile) -> Result<(), StoreError> {
        if !(path.as_str().starts_with("_status/") || path.as_str().ends_with("/index.json")) {
            return Ok(());
        }
        let sha256: Option<Sha256> = target.hashes().digest("sha256").and_then(|digest| digest.parse().ok());
        let problem = match self.store.target(path, sha256).await? {
            None => "it is not there".to_owned(),
            Some(bytes) if bytes.len() as u64 != target.length() => {
                format!("it has {} bytes, {} were signed", bytes.len(), target.length())
            }
            Some(bytes) => match target.hashes().check(&bytes) {
                Ok(()) => return Ok(()),
                Err(mismatch) => mismatch.to_string(),
            },
        };
        self.problems.push(Problem::Document { path: path.clone(), problem });
        Ok(())
    }

    /// What is listed of each project is what it has.
    async fn projects(&mut self) -> Result<(), StoreError> {
        let mut last: Option<ProjectName> = None;
        loop {
            let some = self.store.projects(last.as_ref(), limits::PROJECTS_AT_ONCE).await?;
            let Some((name, _)) = some.last() else { return Ok(()) };
            last = Some(name.clone());
            for (name, _) in some {
                if let Some(project) = self.store.project(&name).await? {
                    self.project(&project).await?;
                }
                if self.problems.len() >= limits::FINDINGS {
                    return Ok(());
                }
            }
        }
    }

    async fn project(&mut self, project: &Project) -> Result<(), StoreError> {
        let name = &project.project;
        let (Ok(listing), Ok(overlay)) = (listing_path(name), overlay_path(name)) else { return Ok(()) };
        let (listed, said) = (self.store.target(&listing, None).await?, self.store.target(&overlay, None).await?);
        let (Some(listed), Some(said)) = (listed, said) else {
            self.problems.push(Problem::NotSigned(name.clone()));
            return Ok(());
        };
        if let Err(error) = Overlay::parse(&said, name) {
            self.problems.push(Problem::Document { path: overlay, problem: error.to_string() });
        }
        let listed = match Listing::parse(&listed, name) {
            Ok(listed) => listed,
            Err(error) => {
                self.problems.push(Problem::Document { path: listing, problem: error.to_string() });
                return Ok(());
            }
        };
        for (file, stored) in &project.files {
            let same = listed.files.get(file).is_some_and(|entry| entry.sha256 == stored.sha256 && entry.size == stored.size);
            if !same {
                self.problems.push(Problem::NotListed(stored.file.clone()));
            }
        }
        for file in listed.files.keys().filter(|file| !project.files.contains_key(*file)) {
            self.problems.push(Problem::NotStored { project: name.clone(), file: file.clone() });
        }
        Ok(())
    }
}

impl Problem {
    /// Whether it harms nobody.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::Store(Finding::UnreferencedBlob { .. }))
    }

    /// What to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Store(Finding::UnreferencedBlob { .. }) => "`affineur index gc` removes it once it is a day old",
            Self::Store(Finding::StrangeFile { .. }) => "remove it, if nothing else of yours put it there",
            Self::Store(Finding::MissingBlob { .. } | Finding::WrongSize { .. } | Finding::WrongDigest { .. }) => {
                "put the file back from a backup of blobs, or delete it with `affineur index delete`"
            }
            Self::Store(Finding::Database(_) | Finding::MissingMetadata { .. } | Finding::UnreadableMetadata { .. }) => {
                "stop the index, and restore the database from a backup"
            }
            Self::Signed(_) | Self::Role { .. } => {
                "`serve` renews what the online key signs, `rotate` the rest; anything else needs a backup"
            }
            Self::Store(Finding::WrongTarget { .. })
            | Self::Document { .. }
            | Self::NotListed(_)
            | Self::NotStored { .. }
            | Self::NotSigned(_) => {
                "publish anything of the project (a yank and its undo will do): its documents are written anew"
            }
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(finding) => finding.fmt(f),
            Self::Signed(refusal) => write!(f, "clients refuse everything: {refusal}"),
            Self::Role { role, refusal: Refusal::Tuf(error) } if error.to_string().contains(role.as_str()) => {
                write!(f, "clients refuse the projects in it: {error}")
            }
            Self::Role { role, refusal } => write!(f, "clients refuse the projects in {role}: {refusal}"),
            Self::Document { path, problem } => write!(f, "{path}: {problem}"),
            Self::NotListed(file) => write!(f, "{file} is published and not listed as it is"),
            Self::NotStored { project, file } => write!(f, "{project}: {} is listed and not there", file.escape_debug()),
            Self::NotSigned(project) => write!(f, "{project}: nothing about it is signed"),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MissingBlob { file, sha256 } => write!(f, "{file}: bytes with the digest {sha256} are not there"),
            Self::WrongSize { file, sha256, expected, found } => {
                write!(f, "{file}: the bytes {sha256} have a length of {found}, expected {expected}")
            }
            Self::WrongDigest { file, expected, found } => write!(f, "{file}: the digest is {found}, expected {expected}"),
            Self::WrongTarget { path, expected } => write!(f, "{path}: it does not have the digest {expected}"),
            Self::MissingMetadata { path } => write!(f, "{path} is listed and not there"),
            Self::UnreadableMetadata { path } => write!(f, "{path} cannot be read"),
            Self::UnreferencedBlob { sha256 } => write!(f, "the bytes {sha256} belong to nothing: an upload was cut short"),
            Self::StrangeFile { path } => write!(f, "{} is no file of an index", path.escape_debug()),
            Self::Database(problem) => write!(f, "the database: {problem}"),
        }
    }
}
