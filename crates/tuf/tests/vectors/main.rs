//! The vectors in `vectors/tuf`: one fault per file. They are read here as any other implementation would read them, and
//! they are exactly what `cases` makes.
//!
//! `UPDATE_VECTORS=1 cargo test -p affineur-tuf --test vectors` writes them anew.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "clippy does not see that helpers of tests are tests; the vectors lie in a folder"
)]

mod cases;
mod file;
mod run;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use file::{Expected, Vector};

/// As many as there are: a vector that disappears is missed.
const VECTORS: usize = 176;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/tuf")
}

/// Every vector, by name. Whatever else lies there is an error, but for the page that describes them.
fn vectors() -> BTreeMap<String, Vector> {
    let mut vectors = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() == "README.md" {
            continue;
        }
        assert_eq!(path.extension().unwrap(), "json", "{}", path.display());
        let vector = serde_json::from_slice(&fs::read(&path).unwrap());
        let vector = vector.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        vectors.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), vector);
    }
    vectors
}

#[test]
fn every_vector_ends_as_it_says() {
    let vectors = vectors();
    assert_eq!(vectors.len(), VECTORS, "how many vectors there are is written above");
    let wrong: Vec<String> = vectors.iter().filter_map(|(name, vector)| run::complaint(name, vector)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_vector_that_is_refused_has_a_twin_that_is_not() {
    let vectors = vectors();
    for (name, vector) in &vectors {
        let Expected::Fails(_) = vector.expect.end else { continue };
        let twin = vectors.get(&vector.twin).unwrap_or_else(|| panic!("{name}: no twin {}", vector.twin));
        assert!(!matches!(twin.expect.end, Expected::Fails(_)), "{name}: its twin {} is refused", vector.twin);
    }
}

#[test]
fn every_stage_fails_in_some_vector() {
    let mut stages: Vec<String> = vectors().into_values().filter_map(|vector| vector.expect.stage()).collect();
    stages.sort();
    stages.dedup();
    assert_eq!(stages, ["delegated", "lookup", "parse", "root", "snapshot", "targets", "timestamp"]);
}

#[test]
fn the_vectors_are_what_the_cases_make() {
    let made = cases::all();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        for name in vectors().into_keys().filter(|name| !made.contains_key(name)) {
            fs::remove_file(folder().join(name + ".json")).unwrap();
        }
        for (name, vector) in &made {
            fs::write(folder().join(format!("{name}.json")), vector.text()).unwrap();
        }
    }
    let there = vectors();
    assert_eq!(made.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    for (name, vector) in &made {
        let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        assert!(text == vector.text(), "{name} is not what the case makes now");
    }
}
