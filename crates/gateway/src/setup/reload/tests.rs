use std::path::PathBuf;

use affineur_trust::WrittenBy;
use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;

use super::*;
use crate::engine::Keeps;
use crate::fetch::FetchSettings;
use crate::setup::{POLICY_FILE, Wanted, gateway, trusted_digest};

const URL: &str = "https://index.example/simple/";

/// A user with a home, a folder that they work in, and perhaps a policy that they name.
struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    fn named(&self) -> PathBuf {
        self.root.path().join("company.toml")
    }

    fn local(&self) -> PathBuf {
        self.root.path().join("work").join(POLICY_FILE)
    }

    fn start(&self, wanted: Wanted) -> (Arc<Current>, Reload) {
        let home = self.root.path().join("home");
        let lookup = move |name: &str| (name == "AFFINEUR_HOME").then(|| home.display().to_string());
        let fetch = Some(FetchSettings::default());
        let wanted = Wanted { folder: self.root.path().join("work"), keeps: Keeps::Counters, fetch, ..wanted };
        gateway(wanted, &lookup).unwrap().reloading(lookup)
    }

    /// A service with a policy that its user names.
    fn with_named(&self, text: &str) -> (Arc<Current>, Reload) {
        std::fs::write(self.named(), text).unwrap();
        self.start(Wanted { policy: Some(self.named()), ..Wanted::default() })
    }

    /// A service without one, with an index.
    fn with_upstream(&self) -> (Arc<Current>, Reload) {
        self.start(Wanted { upstreams: vec![URL.parse().unwrap()], ..Wanted::default() })
    }
}

fn policy(more: &str) -> String {
    format!("sources = ['index']\n{more}\n[party.index]\nupstream = '{URL}'\n")
}

const CURATOR: &str = "[party.curator]\nrepository = 'https://curator.example/tuf/'\nroot = 'curator.json'\n";

/// A root that signs itself.
fn root(seed: u8) -> Vec<u8> {
    let signer = |role: u8| vec![Arc::new(KeyPair::from_seed([seed + role; 32]).unwrap()) as SharedSigner];
    let mut repository =
        Repository::new(Signers::of(signer(0), signer(1), signer(2), signer(3)), "2099-01-01T00:00:00Z".parse().unwrap());
    repository.publish().unwrap();
    repository.file("root", Some(1)).unwrap().to_vec()
}

fn minimum_age(current: &Current) -> i64 {
    current.gateway().policy().main().minimum_age.as_secs() / 3_600
}

fn said(looked: Looked) -> String {
    match looked {
        Looked::Loaded(changes) => changes.join("; "),
        Looked::Refused(problem) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_holds_once_two_looks_in_a_row_saw_it() {
    let world = World::new();
    let (current, mut reload) = world.with_named(&policy("minimum-age = '2h'"));
    assert_eq!(reload.look(Look::Again), Looked::Unchanged);
    std::fs::write(world.named(), policy("minimum-age = '1h'")).unwrap();
    assert_eq!((reload.look(Look::Again), minimum_age(&current)), (Looked::Unsettled, 2));
    std::fs::write(world.named(), policy("minimum-age = '5h'")).unwrap();
    assert_eq!((reload.look(Look::Again), minimum_age(&current)), (Looked::Unsettled, 2));
    assert_eq!(said(reload.look(Look::Again)), "withholds more, minimum-age");
    assert_eq!((reload.look(Look::Again), minimum_age(&current)), (Looked::Unchanged, 5));
}

#[tokio::test]
async fn what_somebody_says_is_complete_holds_at_once() {
    let world = World::new();
    let (current, mut reload) = world.with_named(&policy("minimum-age = '2h'"));
    assert_eq!(reload.look(Look::Now), Looked::InForce);
    std::fs::write(world.named(), policy("minimum-age = '1h'")).unwrap();
    assert_eq!(said(reload.look(Look::Now)), "may let more through, minimum-age");
    assert_eq!(minimum_age(&current), 1);
}

#[tokio::test]
async fn who_has_begun_under_one_policy_ends_under_it() {
    let world = World::new();
    let (current, mut reload) = world.with_named(&policy("minimum-age = '2h'"));
    let begun = current.gateway();
    std::fs::write(world.named(), policy("minimum-age = '1h'\nmode = 'observe'")).unwrap();
    said(reload.look(Look::Now));
    assert_eq!((begun.policy().main().minimum_age.as_secs(), begun.enforces_a_policy()), (7_200, true));
    assert_eq!((minimum_age(&current), current.gateway().enforces_a_policy()), (1, false));
}

#[tokio::test]
async fn of_a_file_that_is_being_written_no_beginning_is_ever_loaded() {
    let world = World::new();
    let (current, mut reload) = world.with_named(&policy("minimum-age = '2h'"));
    let next = policy("minimum-age = '90d'\nmode = 'warn'");
    for length in 0..next.len() {
        std::fs::write(world.named(), &next[..length]).unwrap();
        assert_eq!(reload.look(Look::Again), Looked::Unsettled, "{length}");
        assert_eq!(minimum_age(&current), 2);
    }
    std::fs::write(world.named(), &next).unwrap();
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    said(reload.look(Look::Again));
    assert_eq!(minimum_age(&current), 90 * 24);
}

#[tokio::test]
async fn a_wrong_policy_is_refused_with_its_place_once_and_the_one_before_stays() {
    let world = World::new();
    let good = policy("minimum-age = '2h'");
    let (current, mut reload) = world.with_named(&good);
    std::fs::write(world.named(), policy("minimum-age = 'soon'")).unwrap();
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    let problem = said(reload.look(Look::Again));
    assert!(problem.contains("company.toml: line 2, column 15: "), "{problem}");
    assert_eq!((reload.look(Look::Again), minimum_age(&current)), (Looked::Unchanged, 2));
    assert_eq!(current.status().refused, Some(problem.clone()));
    assert_eq!(said(reload.look(Look::Now)), problem, "who asks is told again");
    std::fs::write(world.named(), good).unwrap();
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    assert_eq!((reload.look(Look::Again), current.status().refused), (Looked::InForce, None));
}

#[tokio::test]
async fn a_root_that_is_missing_is_named_and_the_policy_loaded_when_it_is_there() {
    let world = World::new();
    let (current, mut reload) = world.with_named(&policy("minimum-age = '2h'"));
    std::fs::write(world.named(), policy("minimum-age = '1h'\nveto = ['curator']") + CURATOR).unwrap();
    let problem = said(reload.look(Look::Now));
    assert!(problem.contains("party curator: the root ") && problem.contains("curator.json"), "{problem}");
    std::fs::write(world.root.path().join("curator.json"), "{}").unwrap();
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    assert!(said(reload.look(Look::Again)).contains("it is no root that signs itself"));
    assert_eq!(minimum_age(&current), 2);
    std::fs::write(world.root.path().join("curator.json"), root(1)).unwrap();
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    said(reload.look(Look::Again));
    assert_eq!(minimum_age(&current), 1);
}

#[tokio::test]
async fn a_policy_that_is_gone_never_means_the_built_in_rules() {
    let world = World::new();
    let (current, mut reload) = world.with_named(&policy("minimum-age = '2h'"));
    std::fs::remove_file(world.named()).unwrap();
    assert!(said(reload.look(Look::Now)).contains("company.toml: the policy cannot be read"));
    assert_eq!(minimum_age(&current), 2);
    // The same without `--policy`: then it lies in the user's home.
    let world = World::new();
    let home = world.root.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(POLICY_FILE), policy("minimum-age = '2h'")).unwrap();
    let (current, mut reload) = world.start(Wanted::default());
    std::fs::remove_file(home.join(POLICY_FILE)).unwrap();
    assert!(said(reload.look(Look::Now)).contains("affineur.toml: the policy is gone"));
    assert_eq!((minimum_age(&current), current.gateway().policy().main().written_by()), (2, WrittenBy::User));
}

#[tokio::test]
async fn a_service_is_never_left_without_a_source() {
    let world = World::new();
    let (_, mut reload) = world.with_named(&policy(""));
    std::fs::write(world.named(), "minimum-age = '1h'").unwrap();
    assert!(said(reload.look(Look::Now)).contains("a gateway of its own needs a source"));
}

#[tokio::test]
async fn a_policy_of_the_working_directory_that_comes_changes_or_goes_is_added_only() {
    let world = World::new();
    let (current, mut reload) = world.with_upstream();
    std::fs::write(world.local(), "minimum-age = '9d'").unwrap();
    assert!(said(reload.look(Look::Now)).contains("a policy of the working directory is added"));
    assert!(current.gateway().policy().has_added());
    for wanted in [policy(""), "mode = 'observe'".to_owned(), "pass = ['a.example']".to_owned()] {
        std::fs::write(world.local(), wanted).unwrap();
        assert!(said(reload.look(Look::Now)).contains("affineur policy trust"));
        assert!(current.gateway().policy().has_added());
        assert_eq!(current.gateway().policy().main().written_by(), WrittenBy::BuiltIn);
    }
    std::fs::remove_file(world.local()).unwrap();
    assert!(said(reload.look(Look::Now)).contains("the policy of the working directory is gone"));
}

#[tokio::test]
async fn a_trusted_policy_of_the_working_directory_holds_only_as_it_was_trusted() {
    let world = World::new();
    let (current, mut reload) = world.with_upstream();
    let state = current.gateway().state().clone();
    let trust = async || state.trust_policy(trusted_digest(&world.local()).unwrap(), &world.local()).await.unwrap();
    let text = policy("minimum-age = '9h'");
    std::fs::write(world.local(), &text).unwrap();
    assert!(said(reload.look(Look::Now)).contains("affineur policy trust"));
    trust().await;
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    said(reload.look(Look::Again));
    assert_eq!(minimum_age(&current), 9);
    // A change takes effect neither as the user's policy nor as one that is added to weaker rules.
    for changed in [policy("minimum-age = '1h'"), policy("minimum-age = '90h'"), "minimum-age = '1h'".to_owned()] {
        std::fs::write(world.local(), &changed).unwrap();
        assert!(said(reload.look(Look::Now)).contains("it was changed since it was trusted"), "{changed}");
        assert_eq!((minimum_age(&current), current.gateway().policy().has_added()), (9, false));
    }
    std::fs::remove_file(world.local()).unwrap();
    assert!(said(reload.look(Look::Now)).contains("the policy is gone"));
    std::fs::write(world.local(), policy("minimum-age = '5h'")).unwrap();
    trust().await;
    said(reload.look(Look::Now));
    assert_eq!(minimum_age(&current), 5);
}

#[tokio::test]
async fn another_root_of_a_trusted_policy_is_another_policy() {
    let world = World::new();
    let (current, mut reload) = world.with_upstream();
    let file = world.root.path().join("work").join("curator.json");
    std::fs::write(&file, root(1)).unwrap();
    std::fs::write(world.local(), policy("minimum-age = '9h'\nveto = ['curator']") + CURATOR).unwrap();
    let digest = trusted_digest(&world.local()).unwrap();
    current.gateway().state().trust_policy(digest, &world.local()).await.unwrap();
    said(reload.look(Look::Now));
    let before = current.status();
    std::fs::write(&file, root(100)).unwrap();
    assert_eq!(reload.look(Look::Again), Looked::Unsettled);
    assert!(said(reload.look(Look::Again)).contains("it was changed since it was trusted"));
    assert_eq!((current.status().sha256, minimum_age(&current)), (before.sha256, 9));
    std::fs::write(&file, root(1)).unwrap();
    assert_eq!(reload.look(Look::Now), Looked::InForce);
}
