//! Makes a repository of any size in hash bins, and publishes releases into it: what `bench/run core` measures with.
//!
//! ```text
//! generate FOLDER --targets NUMBER [--bins NUMBER] [--classic]   first signing, only one bin in memory at a time
//! generate FOLDER --release COUNT [--bins NUMBER] [--bin NUMBER] so many releases after one another, each of one new target
//! ```
//!
//! The files are those of a consistent snapshot (§6.2): root, targets, `bins`, `bin-0000` and so on, a snapshot of versions
//! alone, timestamp. `bins` delegates succinctly (TAP 15), or with `--classic` to each bin by `path_hash_prefixes`. Everything
//! follows from the numbers, the keys too: never use them for anything else. Prints the CPU seconds of each phase as JSON.
#![expect(clippy::disallowed_methods, reason = "an example beside the crate, which itself stays pure")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use affineur_tuf::edit::{Draft, Edits, Signed, Text};
use affineur_tuf::key::{KeyPair, Signer};
use affineur_tuf::{
    Expiry, Hashes, Listed, PathPattern, Paths, Role, Root, Snapshot, TargetFile, TargetPath, Targets, Threshold, Timestamp,
    TopRole, Version, metadata_path,
};
use aws_lc_rs::digest::{SHA256, digest};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().ok_or("a number is missing")?.parse::<u64>().map_err(Box::<dyn Error>::from);
        match word.as_str() {
            "--targets" => arguments.targets = number()?,
            "--bins" => arguments.bins = number()?.try_into()?,
            "--release" => arguments.releases = number()?,
            "--bin" => arguments.bin = Some(number()?.try_into()?),
            "--classic" => arguments.delegation = Delegation::Classic,
            folder => arguments.folder = folder.into(),
        }
    }
    if !arguments.bins.is_power_of_two() || !(16..=65_536).contains(&arguments.bins) {
        return Err("--bins is a power of two from 16 to 65536".into());
    }
    let mut repository = Repository { folder: arguments.folder, bins: arguments.bins, meter: Meter::default() };
    match arguments.releases {
        0 => repository.first_signing(arguments.targets, arguments.delegation)?,
        releases => (0..releases).try_for_each(|_| repository.release(arguments.bin))?,
    }
    println!("{}", serde_json::to_string(&repository.meter.phases)?);
    Ok(())
}

struct Arguments {
    folder: PathBuf,
    targets: u64,
    bins: u32,
    delegation: Delegation,
    releases: u64,
    bin: Option<u32>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { folder: PathBuf::new(), targets: 0, bins: 16_384, delegation: Delegation::Succinct, releases: 0, bin: None }
    }
}

#[derive(Clone, Copy)]
enum Delegation {
    Succinct,
    Classic,
}

struct Repository {
    folder: PathBuf,
    bins: u32,
    meter: Meter,
}

impl Repository {
    fn first_signing(&mut self, targets: u64, delegation: Delegation) -> Outcome<()> {
        fs::create_dir_all(&self.folder)?;
        let expires = expires()?;
        let mut snapshot = Draft::<Snapshot>::new(expires);
        let mut numbers = (0..targets)
            .map(|number| Ok((self.bin_of(&made_up(number).path.parse()?), number)))
            .collect::<Outcome<Vec<(u32, u64)>>>()?;
        numbers.sort_unstable();
        let mut numbers = numbers.into_iter().peekable();
        self.meter.lap("names");
        let (key, empty) = (key_of("bin")?, Text::of(&Draft::<Targets>::new(expires))?);
        for bin in 0..self.bins {
            let members = std::iter::from_fn(|| numbers.next_if(|(of, _)| *of == bin)).map(|(_, number)| {
                let member = made_up(number);
                Ok((member.path.parse()?, member))
            });
            let members = members.collect::<Outcome<Vec<(TargetPath, MadeUp)>>>()?;
            self.meter.lap("names");
            let mut edits = Edits::default();
            for (path, member) in &members {
                edits.add_target(path, member.file());
            }
            let bin_of_these = empty.edited(&edits)?;
            drop(edits);
            self.meter.lap("texts");
            let name = self.name_of(bin);
            let signed = bin_of_these.sign([&key as &dyn Signer])?;
            snapshot.list(&name, self.write(&name, &signed)?);
        }
        let bins = self.delegate_to_bins(delegation)?;
        snapshot.list("bins", self.publish("bins", &bins, "bins")?);
        let mut top = Draft::<Targets>::new(expires);
        let everything = Paths::Patterns(vec![PathPattern::new("packages/*/*/*/*")]);
        top.delegate("bins".parse()?, [named_key("bins")?], Threshold::ONE, everything);
        snapshot.list("targets", self.publish("targets", &top, "targets")?);
        let listed = self.publish("snapshot", &snapshot, "snapshot")?;
        self.publish("timestamp", &Draft::<Timestamp>::new(expires, listed), "timestamp")?;
        let mut root = Draft::<Root>::new(expires);
        for role in TopRole::ALL {
            root.set_role(role, [named_key(role.as_str())?], Threshold::ONE);
        }
        self.publish("root", &root, "root")?;
        Ok(())
    }

    fn delegate_to_bins(&self, delegation: Delegation) -> Outcome<Draft<Targets>> {
        let mut draft = Draft::<Targets>::new(expires()?);
        match delegation {
            Delegation::Succinct => {
                draft.delegate_to_bins(u8::try_from(self.bins.ilog2())?, "bin", [named_key("bin")?], Threshold::ONE);
            }
            Delegation::Classic => {
                let digits = usize::try_from(self.bins.ilog2().div_ceil(4))?;
                let of_each = 16_u32.pow(u32::try_from(digits)?) / self.bins;
                let mut delegated = Vec::new();
                for bin in 0..self.bins {
                    let prefixes = (0..of_each).map(|at| format!("{:0digits$x}", bin * of_each + at).into()).collect();
                    delegated.push((self.name_of(bin).parse()?, Paths::HashPrefixes(prefixes)));
                }
                draft.delegate_each([named_key("bin")?], Threshold::ONE, delegated);
            }
        }
        Ok(draft)
    }

    /// Publishes one new target, reading what changes from the disk; it belongs to `bin` if one is given.
    fn release(&mut self, bin: Option<u32>) -> Outcome<()> {
        self.meter.lap("start");
        let mut timestamp = Draft::<Timestamp>::reopen(&self.read("timestamp", None)?)?.next()?;
        let version = timestamp.body().snapshot().version();
        let mut snapshot = Draft::<Snapshot>::reopen(&self.read("snapshot", Some(version))?)?.next()?;
        self.meter.lap("reading");
        let (path, file, bin) = self.new_target(version, bin)?;
        self.meter.lap("names");
        let name = self.name_of(bin);
        let version = snapshot.body().role(&name).ok_or("the snapshot does not list the bin")?.version();
        let text = Text::<Targets>::reopen(&self.read(&name, Some(version))?)?;
        self.meter.lap("reading");
        let mut edits = Edits::default();
        edits.add_target(&path, file);
        let signed = text.edited(&edits)?.next()?.sign([&key_of("bin")? as &dyn Signer])?;
        snapshot.list(&name, self.write(&name, &signed)?);
        timestamp.set_snapshot(self.publish("snapshot", &snapshot, "snapshot")?);
        self.publish("timestamp", &timestamp, "timestamp")?;
        Ok(())
    }

    /// A target that no release before this snapshot had.
    fn new_target(&self, snapshot: Version, bin: Option<u32>) -> Outcome<(TargetPath, TargetFile, u32)> {
        let mut number = snapshot.number() * 1_000_000_000;
        loop {
            let made_up = made_up(number);
            let path: TargetPath = made_up.path.parse()?;
            let belongs = self.bin_of(&path);
            if bin.is_none_or(|bin| bin == belongs) {
                return Ok((path, made_up.file(), belongs));
            }
            number += 1;
        }
    }

    fn bin_of(&self, path: &TargetPath) -> u32 {
        let [a, b, c, d, ..] = *path.digest();
        u32::from_be_bytes([a, b, c, d]) >> (32 - self.bins.ilog2())
    }

    fn name_of(&self, bin: u32) -> String {
        let digits = self.bins.ilog2().div_ceil(4) as usize;
        format!("bin-{bin:0digits$x}")
    }

    fn read(&self, role: &str, version: Option<Version>) -> std::io::Result<Vec<u8>> {
        fs::read(self.folder.join(metadata_path(role, version)))
    }

    /// Signs and writes a role's file; says how the snapshot or the timestamp is to list it.
    fn publish<R: Role>(&mut self, role: &str, draft: &Draft<R>, key: &str) -> Outcome<Listed> {
        self.meter.lap("drafts");
        let key = key_of(key)?;
        let signed = draft.sign([&key as &dyn Signer])?;
        self.write(role, &signed)
    }

    fn write<R: Role>(&mut self, role: &str, signed: &Signed<R>) -> Outcome<Listed> {
        self.meter.lap("signing");
        let version = (R::KIND != TopRole::Timestamp).then(|| signed.version());
        fs::write(self.folder.join(metadata_path(role, version)), signed.bytes())?;
        self.meter.lap("writing");
        Ok(signed.listed_by_version())
    }
}

/// What a repository is told about a target.
struct MadeUp {
    path: String,
    length: u64,
    sha256: String,
}

/// A target whose content is its number; the path has the content's digest, as the index's paths have.
fn made_up(number: u64) -> MadeUp {
    let content = number.to_string();
    let sha256 = Hashes::sha256_of(content.as_bytes()).digest("sha256").unwrap_or_default().to_owned();
    let (a, rest) = sha256.split_at(2);
    let (b, rest) = rest.split_at(2);
    let path = format!("packages/{a}/{b}/{rest}/package{number}-1.0.0-py3-none-any.whl");
    MadeUp { path, length: content.len() as u64, sha256 }
}

impl MadeUp {
    fn file(&self) -> TargetFile {
        TargetFile::new(self.length, Hashes::default().with("sha256", &self.sha256))
    }
}

/// The key of a role, which everybody can make.
fn key_of(role: &str) -> Outcome<KeyPair> {
    Ok(KeyPair::from_seed(digest(&SHA256, role.as_bytes()).as_ref().try_into()?)?)
}

fn named_key(role: &str) -> Outcome<(affineur_tuf::key::KeyId, affineur_tuf::key::Key)> {
    let key = key_of(role)?;
    Ok((key.key_id().clone(), key.key().clone()))
}

fn expires() -> Outcome<Expiry> {
    Ok("2040-01-01T00:00:00Z".parse()?)
}

/// CPU seconds by phase.
#[derive(Default)]
struct Meter {
    phases: BTreeMap<&'static str, f64>,
    last: f64,
}

impl Meter {
    /// What was spent since the last call belongs to this phase.
    fn lap(&mut self, phase: &'static str) {
        let now = cpu_seconds();
        *self.phases.entry(phase).or_default() += now - self.last;
        self.last = now;
    }
}

#[cfg(unix)]
fn cpu_seconds() -> f64 {
    use rustix::time::{ClockId, clock_gettime};
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

#[cfg(not(unix))]
fn cpu_seconds() -> f64 {
    0.0
}
