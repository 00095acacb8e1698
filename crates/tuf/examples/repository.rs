//! Writes a small repository: `cargo run -p affineur-tuf --example repository -- FOLDER classic|bins|rotated`.
//!
//! `FOLDER/metadata` and `FOLDER/targets` can be put on any web server; `FOLDER/root.json` is for clients to begin with.
//!
//! * `classic`: the top-level targets delegate `releases/*` to two of two keys, and what is below it to another role.
//! * `bins`: they delegate everything to 16 hash bins (TAP 15).
//! * `rotated`: as `bins`, then root, timestamp and bins get other keys, and a file a new version.
//!
//! The private keys are gone when it ends: nobody can ever publish there again.

#![expect(clippy::disallowed_methods, reason = "the library is pure; whoever uses it has files and a clock")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::{KeyPair, Scheme};
use affineur_tuf::{Expiry, PathPattern, Paths, RoleName, TargetFile, TargetPath, TopRole};
use aws_lc_rs::rand::SystemRandom;
use jiff::{SignedDuration, Timestamp};

type Failure = Box<dyn Error + Send + Sync>;

const NAMES: [&str; 3] = ["releases/tool-1.2.tar.gz", "releases/nightly/tool.tar.gz", "releases/nightly/größe (1)+~.txt"];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, kind] = arguments.as_slice() else { return Err("usage: repository FOLDER classic|bins|rotated".into()) };
    let mut repository = new_repository()?;
    match kind.as_str() {
        "classic" => classic(&mut repository)?,
        "bins" => bins(&mut repository)?,
        "rotated" => rotated(&mut repository)?,
        _ => return Err("a repository is classic, bins or rotated".into()),
    }
    write(Path::new(folder), &repository)
}

fn new_key(scheme: Scheme) -> Result<SharedSigner, Failure> {
    Ok(Arc::new(KeyPair::generate(scheme, &SystemRandom::new())?))
}

/// Two keys of root, one of each of the others, of three algorithms.
fn new_repository() -> Result<Repository, Failure> {
    let signers = Signers::of(
        vec![new_key(Scheme::Ed25519)?, new_key(Scheme::EcdsaP256)?],
        vec![new_key(Scheme::Ed25519)?],
        vec![new_key(Scheme::EcdsaP384)?],
        vec![new_key(Scheme::RsaPssSha256)?],
    );
    let month = SignedDuration::from_hours(30 * 24);
    let mut repository = Repository::new(signers, Expiry::at(Timestamp::now().checked_add(month)?));
    repository.list_digests();
    Ok(repository)
}

fn classic(repository: &mut Repository) -> Result<(), Failure> {
    let (releases, nightly): (RoleName, RoleName) = ("releases".parse()?, "nightly".parse()?);
    let both = vec![new_key(Scheme::Ed25519)?, new_key(Scheme::EcdsaP256)?];
    let patterns = |patterns: &[&str]| Paths::Patterns(patterns.iter().map(|text| PathPattern::new(text)).collect());
    repository.delegate(None, &releases, both, patterns(&["releases/*", "releases/*/*"]));
    let nightly_key = vec![new_key(Scheme::Ed25519)?];
    repository.delegate_terminating(Some(&releases), &nightly, nightly_key, patterns(&["releases/nightly/*"]));
    for name in NAMES {
        let role = if name.contains("nightly") { &nightly } else { &releases };
        repository.role_mut(role).add_target(&name.parse()?, target(name));
    }
    Ok(repository.publish()?)
}

fn bins(repository: &mut Repository) -> Result<(), Failure> {
    repository.delegate_to_bins(None, 4, "bin", &[new_key(Scheme::Ed25519)?]);
    for name in NAMES {
        add_to_bin(repository, &name.parse()?, target(name))?;
    }
    Ok(repository.publish()?)
}

fn add_to_bin(repository: &mut Repository, path: &TargetPath, target: TargetFile) -> Result<(), Failure> {
    let delegations = repository.targets_mut().body().delegations();
    let bins = delegations.and_then(affineur_tuf::Delegations::succinct).ok_or("there are no bins")?;
    let bin = bins.name_of(bins.bin_of(path)).parse()?;
    repository.role_mut(&bin).add_target(path, target);
    Ok(())
}

fn rotated(repository: &mut Repository) -> Result<(), Failure> {
    bins(repository)?;
    repository.rotate(TopRole::Root, vec![new_key(Scheme::EcdsaP384)?, new_key(Scheme::Ed25519)?]);
    repository.publish()?;
    repository.rotate(TopRole::Timestamp, vec![new_key(Scheme::EcdsaP256)?]);
    repository.publish()?;
    bins(repository)
}

fn target(name: &str) -> TargetFile {
    TargetFile::of(content(name).as_bytes()).with_custom(serde_json::json!({ "said of it": name }))
}

fn content(name: &str) -> String {
    format!("this is {name}\n")
}

fn write(folder: &Path, repository: &Repository) -> Result<(), Failure> {
    let (metadata, targets) = (folder.join("metadata"), folder.join("targets"));
    fs::create_dir_all(&metadata)?;
    for (name, bytes) in repository.files() {
        fs::write(metadata.join(name), bytes)?;
    }
    fs::write(folder.join("root.json"), repository.file("root", Some(1)).ok_or("there is no root")?)?;
    for name in NAMES {
        // As consistent snapshots name it; a server decodes what a client encodes.
        let (below, file) = name.rsplit_once('/').ok_or("a target is in a folder")?;
        let digest = target(name).hashes().preferred().ok_or("a target has a digest")?.to_owned();
        fs::create_dir_all(targets.join(below))?;
        fs::write(targets.join(below).join(format!("{digest}.{file}")), content(name))?;
    }
    Ok(())
}
