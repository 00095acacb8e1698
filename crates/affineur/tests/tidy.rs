//! Keeps the repository tidy. Each rule is a function from text to complaints, and is itself tried on a text that
//! breaks it, since a check that cannot fail is worth nothing.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "clippy does not see that helpers of tests are tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest source file: whoever needs more has a second idea in it.
const FILE_LINES: usize = 500;
/// Folders that are made by tools.
const NOT_OURS: [&str; 7] = [".git", ".tools", ".venv", "target", "__pycache__", "corpus", "artifacts"];
/// Files whose text is read.
const TEXT: [&str; 11] = ["rs", "py", "toml", "md", "sh", "ini", "txt", "yml", "yaml", "conf", "service"];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn is(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|found| found == extension)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every text file of ours, with its path from the root of the repository.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), &mut found);
    for source in &mut found {
        source.path = source.path.strip_prefix(root()).unwrap().to_path_buf();
    }
    assert!(found.len() > 20, "only {} files found: is this the repository?", found.len());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if path.is_file() {
            let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
            if extension.is_none_or(|e| TEXT.contains(&e.as_str())) {
                // A file that is not UTF-8 is not a text.
                if let Ok(text) = fs::read_to_string(&path) {
                    found.push(Source { path, text });
                }
            }
        }
    }
}

/// Applies a rule to the chosen sources and shows every complaint at once.
fn check(chosen: impl Fn(&Source) -> bool, rule: impl Fn(&Source) -> Vec<String>) {
    let chosen: Vec<Source> = sources().into_iter().filter(chosen).collect();
    assert!(!chosen.is_empty(), "the rule has nothing to look at");
    let complaints: Vec<String> =
        chosen.iter().flat_map(|source| rule(source).into_iter().map(|c| format!("{}: {c}", source.path.display()))).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// A source for trying a rule.
fn sample(path: &str, text: &str) -> Source {
    Source { path: PathBuf::from(path), text: text.to_owned() }
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines > FILE_LINES { vec![format!("{lines} lines, at most {FILE_LINES}")] } else { Vec::new() }
}

#[test]
fn source_files_are_short() {
    check(|source| source.is("rs") || source.is("py"), too_long);
    assert_eq!(too_long(&sample("a.rs", &"\n".repeat(FILE_LINES + 1))).len(), 1);
}

fn undocumented_limits(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim_start).collect();
    let documented =
        |at: usize| lines[..at].iter().rev().find(|line| !line.starts_with("#[")).is_some_and(|line| line.starts_with("///"));
    (0..lines.len())
        .filter(|&at| is_constant(lines[at]) && !documented(at))
        .map(|at| format!("line {}: no reason for `{}`", at + 1, lines[at]))
        .collect()
}

fn is_constant(line: &str) -> bool {
    ["pub const ", "pub(crate) const ", "const "].iter().any(|start| line.starts_with(start)) && !line.contains(" fn ")
}

#[test]
fn every_limit_has_its_reason() {
    check(|source| source.path.ends_with("limits.rs"), undocumented_limits);
    let text = "/// Why.\n#[doc(hidden)]\npub const A: u8 = 1;\n\npub const B: u8 = 2;\n";
    assert_eq!(undocumented_limits(&sample("limits.rs", text)).len(), 1);
}

/// Host names of public registries and paths of our machines, written so that this file does not contain them.
fn forbidden_names() -> Vec<String> {
    let hosts = [("pyp", "i.org"), ("python", "hosted.org"), ("regi", "stry.npmjs"), ("crat", "es.io"), ("pyp", "i.python")];
    let paths = [("/wor", "k/"), ("/roo", "t/"), ("/hom", "e/")];
    hosts.iter().chain(&paths).map(|(start, end)| format!("{start}{end}")).collect()
}

fn names_of_elsewhere(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        let line = line.to_lowercase();
        for name in forbidden_names() {
            // A folder of that name inside a longer path is nobody's machine.
            let inside = |at: usize| {
                name.starts_with('/') && line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-})*\"'>".contains(c))
            };
            if line.match_indices(&name).any(|(at, _)| !inside(at)) {
                complaints.push(format!("line {}: names {name}", number + 1));
            }
        }
    }
    complaints
}

#[test]
fn nothing_names_a_public_registry_or_a_machine() {
    check(|source| !source.path.ends_with("Cargo.lock"), names_of_elsewhere);
    for name in forbidden_names() {
        let text = format!("fine\nsee {name}x\n");
        assert_eq!(names_of_elsewhere(&sample("a.md", &text)).len(), 1, "{name}");
    }
}

/// What stands for work that was not done, or a check that does not check.
fn unfinished_words() -> Vec<String> {
    let words = [
        ("tod", "o!("),
        ("unimplemen", "ted!("),
        ("#[ign", "ore"),
        ("TO", "DO"),
        ("FIX", "ME"),
        ("pytest.sk", "ip"),
        ("mark.sk", "ip"),
        ("mark.xf", "ail"),
        ("not yet impl", "emented"),
        ("time.sl", "eep("),
    ];
    words.iter().map(|(start, end)| format!("{start}{end}")).collect()
}

fn unfinished(source: &Source) -> Vec<String> {
    let words = unfinished_words();
    // Measurements wait for programs that are not ours; tests never do.
    let measures = source.path.starts_with("bench");
    let found = words.iter().filter(|word| source.text.contains(word.as_str()) && !(measures && word.starts_with("time.")));
    found.map(|word| format!("contains {word}")).collect()
}

#[test]
fn nothing_is_left_unfinished_and_no_test_is_switched_off() {
    check(|source| source.is("rs") || source.is("py"), unfinished);
    for word in unfinished_words() {
        assert_eq!(unfinished(&sample("e2e/a.py", &format!("x {word} y"))).len(), 1, "{word}");
    }
}

#[test]
fn every_crate_is_in_the_architecture() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut crates = 0;
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(architecture.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name `{name}`");
        crates += 1;
    }
    assert!(crates >= 4, "{crates} crates");
}

#[test]
fn every_fuzz_target_has_a_corpus() {
    let mut targets = 0;
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets")).expect("fuzz/fuzz_targets") {
        let path = entry.unwrap().path();
        let corpus = root().join("fuzz/corpus").join(path.file_stem().unwrap());
        let files = fs::read_dir(&corpus).map_or(0, Iterator::count);
        assert!(files > 0, "{} is missing or empty", corpus.display());
        targets += 1;
    }
    assert!(targets > 0, "no fuzz targets");
}

/// Targets of relative links in a Markdown text, outside of code.
fn relative_links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut links = Vec::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split([')', ' ', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains(':') {
                links.push(target);
            }
        }
    }
    links
}

#[test]
fn links_in_the_documentation_lead_somewhere() {
    check(
        |source| source.is("md"),
        |source| {
            let folder = root().join(source.path.parent().unwrap());
            let broken = relative_links(&source.text).into_iter().filter(|link| !folder.join(link).exists());
            broken.map(|link| format!("{link} is not there")).collect()
        },
    );
    let text = "[a](b.md#c) [d](https://e.example) [f](#g)\n```\n[h](i)\n```\n";
    assert_eq!(relative_links(text), ["b.md"]);
}

/// Words of a text that can only be names of tests: at least four words joined by `_`.
fn named_tests(text: &str) -> Vec<&str> {
    let parts = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    parts.filter(|part| part.matches('_').count() > 2).collect()
}

#[test]
fn the_tests_that_the_architecture_names_exist() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let code: String =
        sources().into_iter().filter(|source| source.is("rs") || source.is("py")).map(|source| source.text).collect();
    let named = named_tests(&architecture);
    assert!(named.len() > 10, "only {} tests are named", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| !code.contains(&format!("fn {name}(")) && !code.contains(&format!("def {name}(")))
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names tests that are not there: {missing:?}");
    assert_eq!(named_tests("see `a_b_c_d`, a-b, `a_b`: x"), ["a_b_c_d"]);
}

/// Dependencies of a workspace's Cargo.toml that a text does not name, ours left out.
fn unexplained_dependencies(manifest: &str, text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).collect();
    let lines = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let names = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" =")).map(|(name, _)| name);
    names.filter(|name| !name.starts_with("affineur-") && !words.contains(name)).map(str::to_owned).collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let missing = unexplained_dependencies(&read("Cargo.toml"), &read("docs/decisions/0002-dependencies.md"));
    assert!(missing.is_empty(), "docs/decisions/0002-dependencies.md has no reason for {missing:?}");
    let manifest =
        "[workspace.dependencies]\naffineur-x = {}\nbytes = \"1\"\nbase64 = \"0\"\n\n[workspace.lints.rust]\nd = 1\n";
    assert_eq!(unexplained_dependencies(manifest, "| bytes |"), ["base64"]);
}

/// Constants that the first cells of a text's tables name.
fn constants_in_tables(text: &str) -> Vec<&str> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|row| row.split(" |").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.filter(|name| name.len() > 3 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect()
}

#[test]
fn the_limits_that_operators_read_of_exist() {
    let limits: String =
        sources().into_iter().filter(|source| source.path.ends_with("limits.rs")).map(|source| source.text).collect();
    for page in ["docs/operate/gateway.md", "docs/operate/index.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let limits_section = text.split("## Limits").nth(1).expect("a section of limits");
        let named = constants_in_tables(limits_section);
        assert!(named.len() > 10, "only {} limits are named in {page}", named.len());
        let missing: Vec<_> = named.into_iter().filter(|name| !limits.contains(&format!("const {name}:"))).collect();
        assert!(missing.is_empty(), "{page} names limits that are not there: {missing:?}");
    }
    assert_eq!(constants_in_tables("| `A_BC`, `x` | `D_EF` |\n`G_HI`\n"), ["A_BC"]);
}

/// What Cargo would build of a package, with features, one a line.
fn tree(package: &str, edges: &str) -> String {
    let arguments = ["tree", "--offline", "--locked", "--package", package, "--edges", edges, "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_gateway_built_alone_has_nothing_that_signs() {
    const SIGNING: &str = "affineur-tuf feature \"signing\"";
    assert!(tree("affineur-gateway", "features,no-dev").contains("affineur-tuf feature"), "it verifies");
    assert!(!tree("affineur-gateway", "features,no-dev").contains(SIGNING));
    assert!(tree("affineur-gateway", "features").contains(SIGNING), "its tests sign, so the check can fail");
}

#[test]
fn the_index_built_alone_has_nothing_that_opens_offline_keys() {
    assert!(!tree("affineur-index", "no-dev").contains("affineur-signer"));
    assert!(tree("affineur", "no-dev").contains("affineur-signer"), "the program has it, so the check can fail");
}

/// Whether a tree has vouches that nobody made.
fn has_made_up_vouches(tree: &str) -> bool {
    tree.lines().any(|line| line.starts_with("affineur-trust feature \"testing\""))
}

#[test]
fn no_program_has_vouches_that_nobody_made() {
    for package in ["affineur", "affineur-gateway", "affineur-index", "affineur-signer"] {
        let tree = tree(package, "features,no-dev");
        assert!(tree.contains("affineur-trust feature \"default\""), "{package} has the crate");
        assert!(!has_made_up_vouches(&tree), "{package}");
    }
    assert!(has_made_up_vouches("affineur-trust feature \"default\"\naffineur-trust feature \"testing\"\n"));
    let manifests = sources().into_iter().filter(|source| source.path.ends_with("Cargo.toml"));
    let asking = manifests
        .filter(|source| source.text.lines().any(|line| line.starts_with("affineur-trust") && line.contains("testing")));
    assert_eq!(asking.map(|source| source.path).collect::<Vec<_>>(), Vec::<PathBuf>::new(), "only the crate's own examples");
}
