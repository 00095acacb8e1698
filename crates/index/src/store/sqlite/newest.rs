//! The newest version, in memory while this process is the publisher: nobody else can publish then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use affineur_tuf::Version;

use super::folder::Locked;

/// Being the publisher (see [`Store::publisher_lease`](crate::store::Store::publisher_lease)).
#[derive(Debug)]
pub struct Lease {
    newest: Arc<Newest>,
    _locked: Locked,
}

/// What this process knows of the newest version.
#[derive(Debug, Default)]
pub(super) struct Newest(Mutex<Known>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Known {
    /// Others may publish: the database knows.
    #[default]
    Nothing,
    /// Nobody else publishes, and this is the newest one.
    Is(Option<Version>),
    /// Nobody else publishes, and a transaction is under way, or its end was not heard of: the database knows.
    Changing,
}

impl Lease {
    /// With the version that was the newest after the lock was taken.
    pub(super) fn new(locked: Locked, newest: &Arc<Newest>, version: Option<Version>) -> Self {
        newest.set(|_| Known::Is(version));
        Self { newest: Arc::clone(newest), _locked: locked }
    }
}

impl Drop for Lease {
    /// Before the lock is given back.
    fn drop(&mut self) {
        self.newest.set(|_| Known::Nothing);
    }
}

impl Newest {
    /// The newest version, unless the database has to be asked.
    pub(super) fn known(&self) -> Option<Option<Version>> {
        match *self.lock() {
            Known::Is(version) => Some(version),
            Known::Nothing | Known::Changing => None,
        }
    }

    /// A publication begins: from its commit on, what is known would be old before it is known that it is.
    pub(super) fn will_change(&self) {
        self.set(|known| if known == Known::Nothing { known } else { Known::Changing });
    }

    /// The publication took place.
    pub(super) fn changed(&self, version: Version) {
        self.set(|known| if known == Known::Changing { Known::Is(Some(version)) } else { known });
    }

    fn set(&self, next: impl FnOnce(Known) -> Known) {
        let mut known = self.lock();
        *known = next(*known);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // It is a value: a thread that panicked cannot have left half of it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
