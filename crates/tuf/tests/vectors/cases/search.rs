//! The order of the search, and how it ends (§5.6.7).

use affineur_tuf::edit::Repository;
use affineur_tuf::{Paths, RoleName, TargetFile};
use serde_json::json;

use super::Case;
use crate::file::{Expected, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("search_first_of_two", first_of_two),
    ("search_depth_first", depth_first),
    ("search_terminating", terminating),
    ("search_terminating_ends_what_is_above", terminating_ends_above),
    ("search_not_terminating", not_terminating),
    ("search_terminating_for_other_paths", terminating_for_other_paths),
    ("search_absent", absent),
    ("search_cycle", cycle),
    ("search_32_roles", roles_32),
    ("search_33_roles", roles_33),
    ("search_star_does_not_cross_a_slash", star),
    ("search_question_mark", question_mark),
    ("search_bracket_is_itself", bracket),
    ("search_hash_prefix", hash_prefix),
    ("search_other_hash_prefix", other_hash_prefix),
    ("search_hash_bins", bins),
    ("search_path_not_delegated_to_the_role_that_lists_it", not_delegated),
    ("search_path_leaves_the_folder", leaves_the_folder),
    ("search_path_is_absolute", absolute),
    ("search_path_with_backslash", backslash),
];

const CHEESE: &[&str] = &["cheese/*"];

/// One delegation: delegator (`targets` for the top), role, patterns.
type Line<'a> = (&'a str, &'a str, &'a [&'a str]);

/// Delegations in order; a role that ends with `!` is terminating. The roles after them list the target.
fn tree(lines: &[Line<'_>], listing: &[&str]) -> Repository {
    let mut repository = without_targets();
    for (delegator, name, paths) in lines {
        delegate(&mut repository, delegator, name, patterns(paths));
    }
    for name in listing {
        repository.role_mut(&role(name)).add_target(&path(TARGET), TargetFile::of(BRIE));
    }
    repository
}

fn delegate(repository: &mut Repository, delegator: &str, name: &str, paths: Paths) {
    let delegator: Option<RoleName> = delegator.parse().ok();
    match name.strip_suffix('!') {
        Some(name) => repository.delegate_terminating(delegator.as_ref(), &role(name), shared(&[5]), paths),
        None => repository.delegate(delegator.as_ref(), &role(name), shared(&[5]), paths),
    }
}

fn vector(explanation: &str, mut repository: Repository, asked: &[&str], end: Expected) -> Vector {
    let asked: Vec<(&str, u64)> = asked.iter().map(|role| (*role, 1)).collect();
    Vector::new(explanation, published(&mut repository), &[ALL, &asked].concat(), end)
}

fn first_of_two() -> Vector {
    let repository = tree(&[("targets", "a", CHEESE), ("targets", "b", CHEESE)], &["a", "b"]);
    vector("Two roles list the target: the first one is believed.", repository, &["a"], finds(&["targets", "a"]))
}

fn depth_first() -> Vector {
    let lines: [Line<'_>; 3] = [("targets", "a", CHEESE), ("targets", "b", CHEESE), ("a", "c", CHEESE)];
    let explanation = "The first role's delegate has priority over the second role.";
    vector(explanation, tree(&lines, &["b", "c"]), &["a", "c"], finds(&["targets", "a", "c"]))
}

fn terminating() -> Vector {
    let repository = tree(&[("targets", "a!", CHEESE), ("targets", "b", CHEESE)], &["b"]);
    vector("A terminating role says nothing: no later one is asked.", repository, &["a"], Expected::Absent(1))
}

fn terminating_ends_above() -> Vector {
    let lines: [Line<'_>; 4] = [("targets", "a", CHEESE), ("targets", "b", CHEESE), ("a", "c", CHEESE), ("a", "d!", CHEESE)];
    let explanation = "A terminating role below the first role ends the search for the second role too, after its own \
                       predecessors were asked.";
    vector(explanation, tree(&lines, &["b"]), &["a", "c", "d"], Expected::Absent(3))
}

fn not_terminating() -> Vector {
    let repository = tree(&[("targets", "a", CHEESE), ("targets", "b", CHEESE)], &["b"]);
    vector("A role says nothing: the next one is asked.", repository, &["a", "b"], finds(&["targets", "b"]))
}

fn terminating_for_other_paths() -> Vector {
    let repository = tree(&[("targets", "a!", &["wine/*"]), ("targets", "b", CHEESE)], &["b"]);
    let explanation = "A delegation of other paths terminates nothing.";
    vector(explanation, repository, &["b"], finds(&["targets", "b"]))
}

fn absent() -> Vector {
    let repository = tree(&[("targets", "a", CHEESE), ("targets", "b", CHEESE)], &[]);
    vector("No role lists the target.", repository, &["a", "b"], Expected::Absent(2))
}

fn cycle() -> Vector {
    let lines: [Line<'_>; 3] = [("targets", "a", CHEESE), ("a", "b", CHEESE), ("b", "a", CHEESE)];
    vector("Two roles delegate to each other: each is asked once.", tree(&lines, &[]), &["a", "b"], Expected::Absent(2))
}

/// So many roles in a row, of which the last one lists the target.
fn row(roles: usize) -> (Repository, Vec<String>) {
    let names: Vec<String> = (1..=roles).map(|number| format!("r{number}")).collect();
    let lines: Vec<Line<'_>> = names.iter().map(|name| ("targets", name.as_str(), CHEESE)).collect();
    (tree(&lines, &[&names[roles - 1]]), names)
}

fn roles_32() -> Vector {
    let (repository, names) = row(32);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    vector("The last of 32 roles lists the target.", repository, &names, finds(&["targets", "r32"]))
}

fn roles_33() -> Vector {
    let (repository, names) = row(33);
    let names: Vec<&str> = names.iter().take(32).map(String::as_str).collect();
    let explanation = "The last of 33 roles lists the target. Whoever asks no more than 32 must not say that there is none.";
    vector(explanation, repository, &names, Expected::GaveUp(32))
}

fn star() -> Vector {
    let lines: [Line<'_>; 2] = [("targets", "a", &["*"]), ("targets", "b", &["*/br*.txt"])];
    vector("A star stands for no slash.", tree(&lines, &["a", "b"]), &["b"], finds(&["targets", "b"]))
}

fn question_mark() -> Vector {
    let lines: [Line<'_>; 2] = [("targets", "a", &["cheese?brie.txt"]), ("targets", "b", &["cheese/bri?.txt"])];
    vector("A question mark is one character, and no slash.", tree(&lines, &["a", "b"]), &["b"], finds(&["targets", "b"]))
}

fn bracket() -> Vector {
    let lines: [Line<'_>; 2] = [("targets", "a", &["cheese/[a-c]rie.txt"]), ("targets", "b", CHEESE)];
    vector("Brackets in a pattern are themselves.", tree(&lines, &["a", "b"]), &["b"], finds(&["targets", "b"]))
}

/// The target's digest begins so.
fn digest() -> String {
    path(TARGET).digest().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn by_prefixes(prefixes: &[&str]) -> Repository {
    let mut repository = without_targets();
    delegate(&mut repository, "targets", "a", Paths::HashPrefixes(prefixes.iter().map(|prefix| (*prefix).into()).collect()));
    repository.role_mut(&role("a")).add_target(&path(TARGET), TargetFile::of(BRIE));
    repository
}

fn hash_prefix() -> Vector {
    let repository = by_prefixes(&["0000", &digest()[..3]]);
    let explanation = "The SHA-256 of the path begins with one of the prefixes that are delegated.";
    vector(explanation, repository, &["a"], finds(&["targets", "a"]))
}

fn other_hash_prefix() -> Vector {
    let repository = by_prefixes(&["0000", &digest()[1..4]]);
    let explanation = "The SHA-256 of the path contains one of the prefixes that are delegated, and begins with none.";
    vector(explanation, repository, &[], Expected::Absent(0))
}

fn bins() -> Vector {
    let mut repository = without_targets();
    repository.delegate_to_bins(None, 5, "bin", &shared(&[5]));
    let bins = repository.targets_mut().body().delegations().unwrap().succinct().unwrap().clone();
    let name = bins.name_of(bins.bin_of(&path(TARGET)));
    repository.role_mut(&role(&name)).add_target(&path(TARGET), TargetFile::of(BRIE));
    let explanation = "One of 32 hash bins lists the target; its number is the first five bits of the path's SHA-256.";
    vector(explanation, repository, &[&name], finds(&["targets", &name]))
}

fn not_delegated() -> Vector {
    let repository = tree(&[("targets", "a", &["wine/*"])], &["a"]);
    vector("A role lists a target of which nothing was delegated to it.", repository, &[], Expected::Absent(0))
}

/// The targets list a path that no client may ask for.
fn refused(path: &str, error: &str, explanation: &str) -> Vector {
    let mut files = published(&mut repository());
    resign(files.get_mut("1.targets.json").unwrap(), &[TARGETS], |signed| {
        signed["targets"][path] = json!({"length": 4, "hashes": {"sha256": "00"}});
    });
    Vector::new(explanation, files, ALL, fails("lookup", path, error)).looking_up(path).twin("root_honest")
}

fn leaves_the_folder() -> Vector {
    refused("cheese/../../brie.txt", "TargetPath.Segment", "A target's path leads out of the folder it is to be stored in.")
}

fn absolute() -> Vector {
    refused("/cheese/brie.txt", "TargetPath.Segment", "A target's path is absolute.")
}

fn backslash() -> Vector {
    refused("..\\brie.txt", "TargetPath.Character", "A target's path has a backslash, which separates folders on some systems.")
}
