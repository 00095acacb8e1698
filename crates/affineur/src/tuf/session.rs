//! A local copy together with the repository that it is a copy of.

use std::path::Path;

use affineur_tuf::{ReferenceTime, View};
use affineur_tuf_client::http::{HttpSettings, HttpTransport, Proxies};
use affineur_tuf_client::inspect::Inspection;
use affineur_tuf_client::local::LocalCopy;
use affineur_tuf_client::{Addresses, Client};

use super::arguments::Places;
use super::progress::Progress;
use crate::failure::Failure;

pub(super) struct Session {
    pub(super) client: Client<Progress<HttpTransport>>,
    /// What the local copy held.
    pub(super) before: Inspection,
    pub(super) now: ReferenceTime,
}

impl Session {
    /// Opens a local copy. Asks nobody.
    pub(super) fn open(folder: &Path, places: &Places, now: ReferenceTime) -> Result<Self, Failure> {
        let local = LocalCopy::open(folder)?;
        let before = Inspection::of(&local)?;
        let addresses = match addresses(places) {
            Some(addresses) => addresses,
            None => Addresses::read(folder)?.ok_or_else(|| {
                Failure::usage(
                    format!("{}: nothing says where this repository is", folder.display()),
                    "name it with --url METADATA_URL, here or at `affineur tuf init`",
                )
            })?,
        };
        let settings = HttpSettings { proxies: Proxies::Environment, ..HttpSettings::default() };
        let transport = HttpTransport::new(addresses.metadata(), addresses.targets(), settings)?;
        Ok(Self { client: Client::new(local, Progress::of(transport)), before, now })
    }

    /// Updates the local copy.
    pub(super) async fn refresh(&self) -> Result<View, Failure> {
        Ok(self.client.refresh(self.now).await?)
    }
}

/// The places that the command line names.
pub(super) fn addresses(places: &Places) -> Option<Addresses> {
    places.url.clone().map(|url| Addresses::new(url, places.targets_url.clone()))
}
