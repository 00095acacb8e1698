//! A disk in memory that knows what is durable and what is not. One effect can fail or be the last one; the power can go.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Disk, Lock, Readers, Temporary};

/// What goes wrong at one effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and nothing has happened.
    FailsUndone,
    /// It happens, but says that it failed.
    FailsDone,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it.
    DiesAfter,
}

/// What becomes of that which was not synced when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsynced {
    Lost,
    NamesAndHalves,
    There,
}

#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Rc<RefCell<State>>);

#[derive(Clone, Default)]
struct State {
    files: Vec<(Vec<u8>, Synced)>,
    names: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    effects: usize,
    fault: Option<(usize, Fault)>,
    dead: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Synced {
    Yes,
    No,
}

impl MemoryDisk {
    /// Another disk with the same on it.
    pub(crate) fn copied(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// Lets the nth effect from now on, counted from 0, go wrong.
    pub(crate) fn plan(&self, at: usize, fault: Fault) {
        let mut state = self.0.borrow_mut();
        (state.effects, state.fault) = (0, Some((at, fault)));
    }

    /// The power goes, a new process begins. Whether the planned fault happened.
    pub(crate) fn lose_power(&self, unsynced: Unsynced) -> bool {
        let mut state = self.0.borrow_mut();
        state.dead = false;
        match unsynced {
            Unsynced::Lost => state.names = state.durable.clone(),
            Unsynced::NamesAndHalves => {
                for (bytes, synced) in &mut state.files {
                    bytes.truncate(if *synced == Synced::Yes { bytes.len() } else { bytes.len() / 2 });
                }
            }
            Unsynced::There => {}
        }
        let effects = state.effects;
        state.fault.take().is_some_and(|(at, _)| at < effects)
    }

    fn effect<T>(&self, happens: impl FnOnce(RefMut<'_, State>) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.borrow_mut();
        let failure = || io::Error::other("planned");
        if state.dead {
            return Err(failure());
        }
        let fault = state.fault.filter(|(at, _)| *at == state.effects).map(|(_, fault)| fault);
        state.effects += 1;
        state.dead = matches!(fault, Some(Fault::DiesBefore | Fault::DiesAfter));
        match fault {
            None => happens(state),
            Some(Fault::FailsUndone | Fault::DiesBefore) => Err(failure()),
            Some(Fault::FailsDone | Fault::DiesAfter) => happens(state).and(Err(failure())),
        }
    }
}

impl Disk for MemoryDisk {
    fn read(&self, path: &Path, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        let state = self.0.borrow();
        let bytes = |file: &usize| state.files[*file].0.iter().copied().take(at_most).collect();
        Ok(state.names.get(path).map(bytes))
    }

    fn list(&self, folder: &Path, at_most: usize) -> io::Result<Vec<String>> {
        let state = self.0.borrow();
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).take(at_most).collect())
    }

    fn create_folder(&self, _folder: &Path, _readers: Readers) -> io::Result<()> {
        self.effect(|_| Ok(()))
    }

    fn create_temporary(&self, _folder: &Path, _readers: Readers) -> io::Result<Box<dyn Temporary>> {
        let file = self.effect(|mut state| {
            state.files.push((Vec::new(), Synced::No));
            Ok(state.files.len() - 1)
        })?;
        Ok(Box::new(MemoryFile { disk: self.clone(), file }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.effect(|mut state| {
            state.names.remove(path);
            Ok(())
        })
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.effect(|mut state| {
            state.durable = state.names.clone();
            Ok(())
        })
    }

    fn try_lock(&self, _path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.effect(|_| Ok(Some(Box::new(NoLock) as Box<dyn Lock>)))
    }
}

struct NoLock;

impl Lock for NoLock {}

struct MemoryFile {
    disk: MemoryDisk,
    file: usize,
}

impl Temporary for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.effect(|mut state| {
            state.files[self.file] = (bytes.to_vec(), Synced::No);
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.effect(|mut state| {
            state.files[self.file].1 = Synced::Yes;
            Ok(())
        })
    }

    fn name_new(self: Box<Self>, path: &Path) -> io::Result<()> {
        self.disk.effect(|mut state| {
            if state.names.contains_key(path) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            state.names.insert(path.to_owned(), self.file);
            Ok(())
        })
    }

    fn name_instead(self: Box<Self>, path: &Path) -> io::Result<()> {
        self.disk.effect(|mut state| {
            state.names.insert(path.to_owned(), self.file);
            Ok(())
        })
    }
}
