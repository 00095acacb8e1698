//! Lock files that a person names on the command line.

use std::io::{self, Read as _, Write};
use std::path::Path;

use affineur_packaging::limits::LOCK_BYTES;
use affineur_packaging::lock::{Lock, LockFormat};

use crate::colours::{DIM, PLAIN, YELLOW};
use crate::failure::Failure;

/// Reads a lock. Its format is known by its name.
pub(crate) fn read_lock(file: &Path) -> Result<Lock, Failure> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let format = LockFormat::of_file_name(name).ok_or_else(|| {
        Failure::usage(
            format!("{}: its name is not that of a lock that can be read", file.display()),
            "name a uv.lock, a pylock.toml (pylock.NAME.toml), or requirements with pinned versions (NAME.txt)",
        )
    })?;
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).and_then(|file| file.take(LOCK_BYTES as u64 + 1).read_to_end(&mut bytes));
    opened.map_err(|problem| {
        Failure::usage(format!("{}: the lock cannot be read: {problem}", file.display()), "check the path and the permissions")
    })?;
    Lock::parse(format, &bytes).map_err(|error| {
        Failure::usage(format!("{}: {error}", file.display()), "make the lock anew, with the tool that wrote it")
    })
}

/// Says what of a lock nobody decides about.
pub(crate) fn write_elsewhere(lock: &Lock, out: &mut impl Write) -> io::Result<()> {
    for entry in &lock.elsewhere {
        let name = if entry.name.is_empty() { "an entry" } else { &entry.name };
        writeln!(out, "{YELLOW}!{PLAIN} not decided: {name} {DIM}(line {}: from {}){PLAIN}", entry.line, entry.from)?;
    }
    Ok(())
}
