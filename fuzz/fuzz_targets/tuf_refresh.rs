//! A file of somebody else's in place of one file of an honest repository. The first byte says which. Whoever reaches a view
//! has read what the honest repository signed, in whatever spelling.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{
    Error, Lookup, PathPattern, Paths, Progress, ReferenceTime, RoleName, Roots, Search, TargetFile, TopRole, View,
};
use serde_json::Value;

const TARGET: &str = "cheese/brie.txt";

type Files = BTreeMap<String, Vec<u8>>;

/// Root has two versions. The keys are not those of `vectors/tuf`: nothing in the corpus is signed by them but these files.
static HONEST: LazyLock<Files> = LazyLock::new(|| {
    let key = |seed: u8| -> Vec<SharedSigner> { vec![Arc::new(KeyPair::from_seed([seed; 32]).expect("a key"))] };
    let expires = "2030-01-01T00:00:00Z".parse().expect("a time");
    let mut repository = Repository::new(Signers::of(key(101), key(102), key(103), key(104)), expires);
    let role: RoleName = "a".parse().expect("a name");
    repository.delegate(None, &role, key(105), Paths::Patterns(vec![PathPattern::new("cheese/*")]));
    repository.role_mut(&role).add_target(&TARGET.parse().expect("a path"), TargetFile::of(b"brie"));
    repository.publish().expect("keys sign");
    repository.rotate(TopRole::Root, key(111));
    repository.publish().expect("keys sign");
    repository.files().clone()
});

/// Which file the first byte means.
fn place(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'r' => "1.root.json",
        b'n' => "2.root.json",
        b't' => "timestamp.json",
        b's' => "2.snapshot.json",
        b'g' => "1.targets.json",
        b'a' => "1.a.json",
        _ => return None,
    })
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((place, bytes)) = input.split_first().and_then(|(byte, bytes)| Some((place(*byte)?, bytes))) else { return };
    let mut files = HONEST.clone();
    files.insert(place.to_owned(), bytes.to_vec());
    for local in [None, Some(bytes)] {
        let Ok(found) = update(&files, local) else { continue };
        assert!(matches!(found, Lookup::Found(found) if found.target == TargetFile::of(b"brie")), "found something else");
        // The first root is what the client begins with: it is believed if it names the keys that signed the rest.
        if place != "1.root.json" {
            assert_eq!(signed(bytes), signed(&HONEST[place]), "a view of something that was not signed");
        }
    }
    // In the local copy it does no harm whatever it is, unless it was signed.
    let found = update(&HONEST, Some(bytes)).expect("nothing local can stop an honest update");
    assert!(matches!(found, Lookup::Found(found) if found.target == TargetFile::of(b"brie")));
});

fn signed(file: &[u8]) -> Value {
    serde_json::from_slice::<Value>(file).expect("JSON was accepted")["signed"].take()
}

/// An update and a search of a client that has these bytes as every file of its local copy.
fn update(files: &Files, local: Option<&[u8]>) -> Result<Lookup<affineur_tuf::Found>, Error> {
    let now: ReferenceTime = "2029-01-01T00:00:00Z".parse().expect("a time");
    let mut roots = Roots::start(&files["1.root.json"], now)?;
    while let Some(bytes) = roots.wanted().and_then(|wanted| files.get(&wanted.path)) {
        roots = roots.accept(bytes)?;
    }
    let mut timestamps = roots.finish()?;
    let _ = local.map(|local| timestamps.remember(local, None));
    let mut snapshots = timestamps.accept(&files["timestamp.json"])?;
    let _ = local.map(|local| snapshots.remember(local, None));
    let mut targets = match snapshots.keep() {
        Ok(targets) => targets,
        Err(snapshots) => snapshots.accept(&files["2.snapshot.json"])?,
    };
    let _ = local.map(|local| targets.remember(local, None));
    let view = match targets.keep() {
        Ok(view) => view,
        Err(targets) => targets.accept(&files["1.targets.json"])?.0,
    };
    search(view, files, local, now)
}

fn search(
    mut view: View,
    files: &Files,
    local: Option<&[u8]>,
    now: ReferenceTime,
) -> Result<Lookup<affineur_tuf::Found>, Error> {
    let mut search = Search::new(TARGET.parse().expect("a path"));
    loop {
        match search.advance(&view.live(now)?)? {
            Progress::Ended(end) => return Ok(end),
            Progress::Needs(edge) => {
                if local.is_none_or(|local| view.recall(&edge, local, None, now).is_err()) {
                    view.accept(&edge, &files["1.a.json"], now)?;
                }
            }
        }
    }
}
