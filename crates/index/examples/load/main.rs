//! Fills an index and puts load on it: what `bench/run index` measures with. The folder is one that `affineur index init` made.
//!
//! ```text
//! load fill DIR TARGETS                      lists so many made-up targets in the bins, evenly
//! load projects DIR PROJECTS FILES           so many projects of so many files each, accepted and published
//! load page DIR FILES                        one project `large` of so many files
//! load release DIR COUNT                     so many publications of one new file each, one after another
//! load sustained DIR SECONDS PROJECTS        yanks in a closed loop, as many as can be published, each waited for
//! load tokens DIR COUNT                      so many tokens that may upload everything
//! load uploads ADDRESS SECONDS RATE TOKEN…   wheels of 20 kB over HTTP, so many a second, whatever the answers, with these in turn
//! ```
//!
//! Made-up targets are in signed metadata and nowhere else: they have neither rows nor bytes. Everything else is real. Prints what
//! was measured as JSON. Whatever was acknowledged is looked for in what is published at the end, as a client without a local copy
//! verifies it; one that is missing is an error.

mod fill;
mod http;
mod meter;
mod projects;
mod published;
mod release;
mod sustained;
mod uploads;
mod wheel;

use std::error::Error;
use std::path::Path;

use affineur_index::folder::Folder;
use affineur_index::publisher::Online;
use affineur_index::status::newest_root;
use affineur_index::store::{Scope, SqliteStore, Store as _};
use affineur_index::token::Secret;
use jiff::Timestamp;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let measured = match words.as_slice() {
        ["fill", dir, targets] => fill::fill(&open(dir)?, targets.parse()?).await?,
        ["projects", dir, projects, files] => projects::make(&open(dir)?, projects.parse()?, files.parse()?).await?,
        ["page", dir, files] => projects::make_large(&open(dir)?, files.parse()?).await?,
        ["release", dir, count] => release::measure(&open(dir)?, count.parse()?).await?,
        ["sustained", dir, seconds, projects] => sustained::measure(&open(dir)?, seconds.parse()?, projects.parse()?).await?,
        ["tokens", dir, count] => tokens(&open(dir)?, count.parse()?).await?,
        ["uploads", address, seconds, rate, tokens @ ..] if !tokens.is_empty() => {
            let tokens = tokens.iter().map(ToString::to_string).collect();
            uploads::measure(address.parse()?, seconds.parse()?, rate.parse()?, tokens).await?
        }
        _ => return Err("see the beginning of examples/load/main.rs".into()),
    };
    println!("{measured}");
    Ok(())
}

/// The folder of an index, and its store.
struct Index {
    folder: Folder,
    store: SqliteStore,
}

impl Index {
    /// How the online key signs.
    async fn online(&self) -> Outcome<Online> {
        let root = newest_root(&self.store).await?.1;
        Ok(self.folder.online(&root)?)
    }
}

fn open(dir: &str) -> Outcome<Index> {
    let folder = Folder::open(Path::new(dir))?;
    let store = SqliteStore::open(folder.path())?;
    Ok(Index { folder, store })
}

async fn tokens(index: &Index, count: u64) -> Outcome<serde_json::Value> {
    let mut tokens = Vec::new();
    for number in 0..count {
        let secret = Secret::random()?;
        index.store.token_add(secret.token(format!("load {number}"), Scope::Index, Timestamp::now(), None)).await?;
        tokens.push(secret.reveal().to_owned());
    }
    Ok(serde_json::json!({ "tokens": tokens }))
}
