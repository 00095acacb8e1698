//! A disk in memory that knows what is durable and what is not. Each effect can fail, undone or done; the power can go.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::local::disk::{Disk, Entry, Lock, Temporary, absent_is_fine};
use crate::local::{LocalCopy, LocalError};

/// What goes wrong at one effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and nothing has happened. Later ones work: a full disk, for example.
    FailsUndone,
    /// It happens, but says that it failed. Later ones work.
    FailsDone,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it.
    DiesAfter,
}

/// What becomes of that which was not synced when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsynced {
    /// Nothing of it is left.
    Lost,
    /// Names are there, of the contents the first half.
    NamesAndHalves,
    /// Names are there, the contents are zeros.
    NamesAndZeros,
    /// All of it is there.
    There,
}

#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    files: Vec<Contents>,
    names: Names,
    durable: Names,
    effects: usize,
    fault: Option<(usize, Fault)>,
    dead: bool,
}

#[derive(Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    synced: bool,
}

#[derive(Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
}

impl MemoryDisk {
    pub(crate) fn new(folder: &Path) -> Self {
        let disk = Self::default();
        disk.state().names.folders.insert(folder.to_owned());
        disk.state().durable.folders.insert(folder.to_owned());
        disk
    }

    /// Another disk that is as this one is now.
    pub(crate) fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.state().clone())))
    }

    pub(crate) fn initialise(&self, folder: &Path, root: &[u8]) -> Result<LocalCopy, LocalError> {
        LocalCopy::initialise_on(Arc::new(self.clone()), folder, root)
    }

    pub(crate) fn open(&self, folder: &Path) -> Result<LocalCopy, LocalError> {
        LocalCopy::open_on(Arc::new(self.clone()), folder)
    }

    /// Lets the nth effect from now on, counted from 0, go wrong.
    pub(crate) fn plan(&self, at: usize, fault: Fault) {
        let mut state = self.state();
        state.effects = 0;
        state.fault = Some((at, fault));
    }

    /// A new process: nothing goes wrong any more. Whether the planned fault happened.
    pub(crate) fn restart(&self) -> bool {
        let mut state = self.state();
        state.dead = false;
        state.fault.take().is_some_and(|(at, _)| at < state.effects)
    }

    /// How many effects there were since the plan was made.
    pub(crate) fn effects(&self) -> usize {
        self.state().effects
    }

    /// The files that have the names that they were made for, in one text.
    pub(crate) fn contents(&self) -> Vec<u8> {
        let state = self.state();
        let named = state.names.files.iter().filter(|(path, _)| !path.parent().unwrap().ends_with("tmp"));
        let line = |(path, file): (&PathBuf, &usize)| format!("{}: {:?}\n", path.display(), state.files[*file].bytes);
        named.map(line).collect::<String>().into_bytes()
    }

    /// Somebody removes the files in a folder.
    pub(crate) fn empty(&self, folder: &Path) {
        self.state().names.files.retain(|path, _| path.parent() != Some(folder));
    }

    pub(crate) fn lose_power(&self, unsynced: Unsynced) {
        let mut state = self.state();
        if unsynced == Unsynced::There {
            return;
        }
        if unsynced == Unsynced::Lost {
            state.names = state.durable.clone();
        }
        let folders = state.names.folders.clone();
        state.names.files.retain(|path, _| folders.contains(path.parent().unwrap()));
        for file in state.files.iter_mut().filter(|file| !file.synced) {
            match unsynced {
                Unsynced::Lost => file.bytes.clear(),
                Unsynced::NamesAndHalves => file.bytes.truncate(file.bytes.len() / 2),
                Unsynced::NamesAndZeros => file.bytes.fill(0),
                Unsynced::There => {}
            }
            file.synced = true;
        }
        state.durable = state.names.clone();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn effect<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state();
        let failed = || io::Error::other("planned");
        if state.dead {
            return Err(failed());
        }
        let fault = state.fault.filter(|(at, _)| *at == state.effects).map(|(_, fault)| fault);
        state.effects += 1;
        state.dead = matches!(fault, Some(Fault::DiesBefore | Fault::DiesAfter));
        match fault {
            None => act(&mut state),
            Some(Fault::FailsUndone | Fault::DiesBefore) => Err(failed()),
            Some(Fault::FailsDone | Fault::DiesAfter) => act(&mut state).and(Err(failed())),
        }
    }
}

impl State {
    fn in_folder(&self, path: &Path) -> io::Result<()> {
        let known = self.names.folders.contains(path.parent().unwrap());
        if known { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }
}

impl Disk for MemoryDisk {
    fn read(&self, path: &Path, at_most: u64) -> io::Result<Option<Vec<u8>>> {
        let at_most = usize::try_from(at_most).unwrap();
        let read = |state: &mut State| state.names.files.get(path).map(|&file| state.files[file].bytes.clone());
        self.effect(|state| Ok(read(state).map(|bytes| bytes[..bytes.len().min(at_most)].to_vec())))
    }

    fn holds(&self, path: &Path) -> io::Result<bool> {
        self.effect(|state| Ok(state.names.files.contains_key(path)))
    }

    fn create_temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>> {
        self.effect(|state| {
            let file = state.files.len();
            let path = folder.join(format!("{file}"));
            state.in_folder(&path)?;
            state.files.push(Contents::default());
            state.names.files.insert(path.clone(), file);
            Ok(Box::new(MemoryFile { disk: self.clone(), path, file }) as Box<dyn Temporary>)
        })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.effect(|state| {
            let State { names, durable, .. } = state;
            let within = |path: &Path| path.parent() == Some(folder);
            durable.files.retain(|path, _| !within(path));
            durable.files.extend(names.files.iter().filter(|(path, _)| within(path)).map(|(path, file)| (path.clone(), *file)));
            durable.folders.extend(names.folders.iter().filter(|path| within(path)).cloned());
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = |state: &mut State| state.names.files.remove(path).map(drop).ok_or(ErrorKind::NotFound.into());
        self.effect(|state| absent_is_fine(removed(state)))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.effect(|state| {
            state.in_folder(folder)?;
            state.names.folders.insert(folder.to_owned());
            Ok(())
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entry = |path: &Path| Entry {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            bytes: 1,
            unused_for: Duration::ZERO,
        };
        let within = |path: &&PathBuf| path.parent() == Some(folder);
        self.effect(|state| Ok(state.names.files.keys().filter(within).map(|path| entry(path)).collect()))
    }

    fn touch(&self, _path: &Path, _unless_within: Duration) -> io::Result<()> {
        self.effect(|_| Ok(()))
    }

    fn try_lock(&self, _path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.effect(|_| Ok(Some(Box::new(Unlocked) as Box<dyn Lock>)))
    }
}

/// Locks of real processes are tested with real ones.
struct Unlocked;

impl Lock for Unlocked {}

struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
    file: usize,
}

impl Temporary for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.effect(|state| {
            state.files[self.file].bytes.extend(bytes);
            state.files[self.file].synced = false;
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.effect(|state| {
            state.files[self.file].synced = true;
            Ok(())
        })
    }

    fn rename(self: Box<Self>, to: &Path) -> io::Result<()> {
        self.disk.effect(|state| {
            state.in_folder(to)?;
            let file = state.names.files.remove(&self.path).unwrap();
            state.names.files.insert(to.to_owned(), file);
            Ok(())
        })
    }
}
