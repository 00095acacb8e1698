//! What is served: the files that belong together. A version that was written and is not listed yet does not count.

use std::collections::BTreeMap;

use affineur_tuf::edit::Draft;
use affineur_tuf::{Expiry, Role, Snapshot, Targets, Timestamp, metadata_path};

use super::folder::Files;
use super::{CuratorError, CuratorRole};
use crate::limits;

/// What is signed, by path below the metadata URL.
pub(super) type Metadata = BTreeMap<String, Vec<u8>>;

/// What is served. Nothing before the first publication.
#[derive(Debug, Clone, Default)]
pub(super) struct Served {
    /// All roots, timestamp, and what these list.
    pub(super) files: Metadata,
    /// The newest of each role.
    pub(super) roles: BTreeMap<CuratorRole, Vec<u8>>,
    pub(super) snapshot: Option<Draft<Snapshot>>,
    pub(super) timestamp: Option<Draft<Timestamp>>,
}

impl Served {
    pub(super) fn read(files: &Files) -> Result<Self, CuratorError> {
        let mut served = Self::default();
        for number in 1..=limits::CURATOR_ROOTS {
            let path = format!("{number}.root.json");
            let Some(root) = files.metadata(&path)? else { break };
            served.roles.insert(CuratorRole::Root, root.clone());
            served.files.insert(path, root);
        }
        let Some(bytes) = files.metadata("timestamp.json")? else {
            // The first publication was interrupted: nothing is served yet.
            return Ok(Self::default());
        };
        let timestamp = reopen::<Timestamp>(files, "timestamp.json", &bytes)?;
        served.files.insert("timestamp.json".to_owned(), bytes);
        let path = metadata_path("snapshot", Some(timestamp.body().snapshot().version()));
        let bytes = listed(files, &path)?;
        let snapshot = reopen::<Snapshot>(files, &path, &bytes)?;
        served.files.insert(path, bytes);
        for role in CuratorRole::ALL {
            let Some(entry) = snapshot.body().role(role.as_str()) else { continue };
            let path = metadata_path(role.as_str(), Some(entry.version()));
            let bytes = listed(files, &path)?;
            served.roles.insert(role, bytes.clone());
            served.files.insert(path, bytes);
        }
        (served.timestamp, served.snapshot) = (Some(timestamp), Some(snapshot));
        Ok(served)
    }

    /// The newest file of a role.
    pub(super) fn role(&self, role: CuratorRole) -> Option<&[u8]> {
        self.roles.get(&role).map(Vec::as_slice)
    }

    /// What a role says.
    pub(super) fn targets(&self, role: CuratorRole) -> Result<Option<Draft<Targets>>, CuratorError> {
        self.role(role).map(|file| super::demand::reopen(role, file)).transpose()
    }

    /// When the first of all roles expires.
    pub(super) fn first_expiry(&self) -> Option<Expiry> {
        let people = self.roles.values().filter_map(|file| affineur_tuf::edit::expiry_of(file).ok());
        let renewed = [
            self.snapshot.as_ref().map(|snapshot| snapshot.body().expires()),
            self.timestamp.as_ref().map(|timestamp| timestamp.body().expires()),
        ];
        people.chain(renewed.into_iter().flatten()).min()
    }
}

fn reopen<R: Role>(files: &Files, path: &str, bytes: &[u8]) -> Result<Draft<R>, CuratorError> {
    let path = files.path().join("public/metadata").join(path);
    Draft::reopen(bytes).map_err(|fault| CuratorError::Damaged { path, problem: fault.to_string() })
}

fn listed(files: &Files, path: &str) -> Result<Vec<u8>, CuratorError> {
    let absent = || CuratorError::Damaged {
        path: files.path().join("public/metadata").join(path),
        problem: "it is listed and not there".to_owned(),
    };
    files.metadata(path)?.ok_or_else(absent)
}
