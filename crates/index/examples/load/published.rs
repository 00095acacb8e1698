//! What a client without a local copy sees: verified from the first root to a project's listing.

use affineur_index::store::SqliteStore;
use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::listing::{ListedFile, Listing, Place, listing_path};
use affineur_tuf::{Lookup, Progress, Role as _, Roots, Search, TargetPath, Version, View};
use bytes::Bytes;
use jiff::Timestamp;

use crate::Outcome;
use crate::http::Connection;

/// Where metadata and documents come from.
pub(crate) trait Source {
    /// A metadata file, if it is there.
    async fn metadata(&self, path: &str) -> Outcome<Option<Bytes>>;
    /// A document with this digest.
    async fn target(&self, path: &TargetPath, sha256: Sha256) -> Outcome<Option<Bytes>>;
}

impl Source for SqliteStore {
    async fn metadata(&self, path: &str) -> Outcome<Option<Bytes>> {
        Ok(affineur_index::store::Store::metadata(self, path).await?)
    }

    async fn target(&self, path: &TargetPath, sha256: Sha256) -> Outcome<Option<Bytes>> {
        Ok(affineur_index::store::Store::target(self, path, Some(sha256)).await?)
    }
}

/// A view of what is published. It keeps each bin that it reads: do not ask one for more than some hundred projects.
pub(crate) struct Published(View);

impl Published {
    pub(crate) async fn read(source: &impl Source) -> Outcome<Self> {
        let mut roots = Roots::start(&fetch(source, "1.root.json").await?, Timestamp::now())?;
        while let Some(wanted) = roots.wanted() {
            let Some(bytes) = source.metadata(&wanted.path).await? else { break };
            roots = roots.accept(&bytes)?;
        }
        let snapshots = roots.finish()?.accept(&fetch(source, "timestamp.json").await?)?;
        let wanted = snapshots.wanted().path;
        let targets = snapshots.accept(&fetch(source, &wanted).await?)?;
        let wanted = targets.wanted()?.path;
        Ok(Self(targets.accept(&fetch(source, &wanted).await?)?.0))
    }

    pub(crate) fn snapshot_version(&self) -> Version {
        self.0.snapshot().version()
    }

    pub(crate) fn timestamp_version(&self) -> Version {
        self.0.timestamp().version()
    }

    /// The listing of a project.
    pub(crate) async fn listing(&mut self, source: &impl Source, project: &ProjectName) -> Outcome<Listing> {
        let path = listing_path(project)?;
        let mut search = Search::new(path.clone());
        let now = Timestamp::now();
        let found = loop {
            let progress = search.advance(&self.0.live(now)?)?;
            match progress {
                Progress::Ended(Lookup::Found(found)) => break found,
                Progress::Ended(_) => return Err(format!("{project} is not published").into()),
                Progress::Needs(edge) => {
                    let wanted = self.0.wanted(&edge)?;
                    self.0.accept(&edge, &fetch(source, &wanted.path).await?, now)?;
                }
            }
        };
        Place::Project.accepts(&found.chain)?;
        let sha256 = found.target.hashes().digest("sha256").ok_or("a listing without digest")?.parse()?;
        let bytes = source.target(&path, sha256).await?.ok_or_else(|| format!("the listing of {project} is missing"))?;
        found.target.hashes().check(&bytes)?;
        Ok(Listing::parse(&bytes, project)?)
    }

    /// A file of a listing; an error if it is not published.
    pub(crate) async fn file(&mut self, source: &impl Source, name: &str) -> Outcome<ListedFile> {
        let file: FileName = name.parse()?;
        let mut listing = self.listing(source, file.project()).await?;
        Ok(listing.files.remove(name).ok_or_else(|| format!("{name} was acknowledged and is not published"))?)
    }
}

async fn fetch(source: &impl Source, path: &str) -> Outcome<Bytes> {
    Ok(source.metadata(path).await?.ok_or_else(|| format!("{path} is missing"))?)
}

/// An index over HTTP.
pub(crate) struct Remote(pub(crate) tokio::sync::Mutex<Connection>);

impl Remote {
    async fn ask(&self, path: &str) -> Outcome<Option<Bytes>> {
        let answer = self.0.lock().await.get(path).await?;
        match answer.status {
            200 => Ok(Some(answer.body.into())),
            404 => Ok(None),
            status => Err(format!("{path}: {status}").into()),
        }
    }
}

impl Source for Remote {
    async fn metadata(&self, path: &str) -> Outcome<Option<Bytes>> {
        self.ask(&format!("/tuf/metadata/{path}")).await
    }

    async fn target(&self, path: &TargetPath, sha256: Sha256) -> Outcome<Option<Bytes>> {
        let (folder, name) = path.as_str().rsplit_once('/').unwrap_or_default();
        self.ask(&format!("/tuf/targets/{folder}/{sha256}.{name}")).await
    }
}
