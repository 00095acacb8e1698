//! Writes a static index with a TUF repository:
//! `cargo run -p affineur-gateway --example static_index -- DISTRIBUTIONS FOLDER GENERATION [TIMESTAMP-EXPIRES]`.
//!
//! `FOLDER/tuf` and `FOLDER/files` can be put on any web server; `FOLDER/root.json` is for clients to begin with. The same call
//! with another generation has the same root and so many publications behind it.
//!
//! The keys are known to everybody: for tests only.

#![expect(clippy::unwrap_used, reason = "the helper is shared with tests, and an example may end so")]

mod build;

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use affineur_packaging::{FileName, archive};
use build::StaticIndex;

/// When the index says that it has had every file: long ago, so that no policy waits.
const UPLOADED: &str = "2020-01-01T00:00:00Z";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (distributions, folder, generation, expires) = match arguments.as_slice() {
        [distributions, folder, generation] => (distributions, folder, generation.parse::<u32>()?, None),
        [distributions, folder, generation, expires] => (distributions, folder, generation.parse()?, Some(expires.parse()?)),
        _ => return Err("usage: static_index DISTRIBUTIONS FOLDER GENERATION [TIMESTAMP-EXPIRES]".into()),
    };
    let mut index = StaticIndex::new();
    let mut entries: Vec<_> = fs::read_dir(distributions)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let name: FileName = entry.file_name().to_string_lossy().parse()?;
        let metadata = archive::metadata(File::open(entry.path())?, &name).ok();
        index.add(&name, fs::read(entry.path())?, metadata, UPLOADED.parse()?);
    }
    for _ in 1..generation {
        index.publish();
    }
    if let Some(expires) = expires {
        index.repository.timestamp_mut().set_expires(expires);
    }
    for (path, bytes) in index.publish() {
        write(&Path::new(folder).join(path), &bytes)?;
    }
    write(&Path::new(folder).join("root.json"), index.root())?;
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    fs::write(file, bytes)
}
