//! Keys in a real PKCS #11 token: SoftHSM 2, which `./test` installs. Without it these tests fail.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use affineur_signer::key_file::Passphrase;
use affineur_signer::keys::{KeyFolder, KeyName, KeysError, Pin, Private, Secrets, StoredKey, TokenError, TokenReference};
use affineur_tuf::key::Scheme;
use jiff::Timestamp;
use tempfile::TempDir;

/// Says to a test that it is the inner one, and where its tokens are.
const WORLD: &str = "AFFINEUR_TEST_TOKENS";
const CONFIGURATION: &str = "SOFTHSM2_CONF";

/// A folder with tokens and keys. SoftHSM is told by a variable where its tokens are, which a running program cannot set for
/// itself: so each test runs itself once more in a process that has it.
struct World {
    root: PathBuf,
    keys: KeyFolder,
}

fn with_token(test: &str, body: impl FnOnce(&World)) {
    if let Some(root) = std::env::var_os(WORLD) {
        let root = PathBuf::from(root);
        return body(&World { keys: KeyFolder::new(root.join("keys")), root });
    }
    let home = TempDir::new().unwrap();
    let configuration = home.path().join("softhsm2.conf");
    std::fs::create_dir(home.path().join("tokens")).unwrap();
    let tokens = home.path().join("tokens");
    std::fs::write(&configuration, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    softhsm(&configuration, &["--init-token", "--free", "--label", "card", "--pin", "123456", "--so-pin", "87654321"]);
    let inner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WORLD, home.path())
        .env(CONFIGURATION, &configuration)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&inner.stdout);
    assert!(inner.status.success(), "{told}{}", String::from_utf8_lossy(&inner.stderr));
    assert!(told.contains("1 passed"), "no test of this name: {told}");
}

fn softhsm(configuration: &Path, arguments: &[&str]) {
    let run = Command::new("softhsm2-util").args(arguments).env(CONFIGURATION, configuration).output();
    let run = run.expect("softhsm2-util is missing: ./test installs it (Debian: softhsm2)");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

impl World {
    fn create(&self, key: &str, label: &str, pin: &str) -> Result<StoredKey, KeysError> {
        self.keys.create_in_token(&name(key), (&module(), label), &Pin::new(pin), None, Timestamp::UNIX_EPOCH)
    }

    /// Goes on in another process: a module notices new tokens in a new one only.
    fn later(&self, test: &str) {
        std::fs::write(self.root.join("later"), "").unwrap();
        let next = Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).output().unwrap();
        assert!(next.status.success(), "{}", String::from_utf8_lossy(&next.stdout));
    }

    fn is_later(&self) -> bool {
        self.root.join("later").exists()
    }

    fn softhsm(&self, arguments: &[&str]) {
        softhsm(&self.root.join("softhsm2.conf"), arguments);
    }

    /// The file of a key, with something in it replaced.
    fn edit(&self, key: &str, from: &str, to: &str) {
        let file = self.keys.path().join(format!("{key}.key"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(file, text.replace(from, to)).unwrap();
    }

    fn failure(&self, key: &str, pin: &'static str) -> TokenError {
        match self.keys.open(&name(key), &PinIs(pin)).map(|_| ()) {
            Err(KeysError::Token { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }
}

struct PinIs(&'static str);

impl Secrets for PinIs {
    type Error = KeysError;

    fn passphrase(&self, key: &KeyName) -> Result<Passphrase, KeysError> {
        panic!("{key} is in a token")
    }

    fn pin(&self, _key: &KeyName, _token: &TokenReference) -> Result<Pin, KeysError> {
        Ok(Pin::new(self.0))
    }
}

fn module() -> PathBuf {
    let places =
        ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"];
    let found = places.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("libsofthsm2.so is missing: ./test installs it (Debian: softhsm2)")
}

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn reference(key: &StoredKey) -> TokenReference {
    match key.private() {
        Private::Token(reference) => reference,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_in_a_token_signs_what_its_public_key_verifies() {
    with_token("a_key_in_a_token_signs_what_its_public_key_verifies", |world| {
        let made = world.create("release", "card", "123456").unwrap();
        let public = made.public().unwrap();
        assert_eq!(public.scheme(), Scheme::Ed25519);
        assert!(!std::fs::read_to_string(made.path()).unwrap().contains("123456"));
        let signer = world.keys.open(&name("release"), &PinIs("123456\n")).unwrap();
        assert_eq!((signer.key(), signer.key_id()), (public.key(), &public.id()));
        for message in [&b""[..], b"message", &[7; 100_000]] {
            let signature = signer.sign(message).unwrap();
            assert!(public.key().public().unwrap().verifies(message, &signature));
        }
        // A second key of the same token, while the first one is open; and from several threads.
        let other = world.create("other", "card", "123456").unwrap();
        assert_ne!(other.public().unwrap().id(), public.id());
        let second = world.keys.open(&name("other"), &PinIs("123456")).unwrap();
        std::thread::scope(|scope| {
            for signer in [&signer, &signer, &second] {
                scope.spawn(move || (0..50).for_each(|_| drop(signer.sign(b"message").unwrap())));
            }
        });
        drop(signer);
        assert!(second.sign(b"message").is_ok(), "closing one leaves the other open");
    });
}

#[test]
fn a_token_without_ed25519_gets_a_key_on_p256() {
    with_token("a_token_without_ed25519_gets_a_key_on_p256", |world| {
        // SoftHSM can be told what it cannot do, in a process that has not asked it yet.
        let configuration = world.root.join("softhsm2.conf");
        let text = std::fs::read_to_string(&configuration).unwrap();
        std::fs::write(&configuration, text + "slots.mechanisms = -CKM_EC_EDWARDS_KEY_PAIR_GEN,CKM_EDDSA\n").unwrap();
        let made = world.create("release", "card", "123456").unwrap();
        assert_eq!(made.public().unwrap().scheme(), Scheme::EcdsaP256);
        let signer = world.keys.open(&name("release"), &PinIs("123456")).unwrap();
        let key = signer.key().public().unwrap();
        // Numbers that begin with zeros come up once in 128.
        for number in 0..600_u32 {
            let message = number.to_be_bytes();
            assert!(key.verifies(&message, &signer.sign(&message).unwrap()), "{number}");
        }
    });
}

#[test]
fn what_is_wrong_with_a_token_is_said() {
    with_token("what_is_wrong_with_a_token_is_said", |world| {
        let problem = |made: Result<StoredKey, KeysError>| match made {
            Err(KeysError::Token { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
        let label = || "card".to_owned();
        assert_eq!(problem(world.create("k", "card", "654321")), TokenError::WrongPin { label: label() });
        assert_eq!(problem(world.create("k", "card", "1")), TokenError::WrongPin { label: label() });
        assert_eq!(
            problem(world.create("k", "purse", "123456")),
            TokenError::NoToken { label: "purse".to_owned(), serial: None }
        );
        assert!(world.keys.list().unwrap().is_empty(), "nothing was made");

        let made = world.create("k", "card", "123456").unwrap();
        let TokenReference { serial, object, .. } = reference(&made);
        assert_eq!(world.failure("k", "654321"), TokenError::WrongPin { label: label() });
        let exists = KeysError::Exists { name: name("k"), folder: world.keys.path().to_owned() };
        assert_eq!(world.create("k", "card", "123456"), Err(exists));

        world.edit("k", &object, &"0".repeat(32));
        let absent = TokenError::NotOneKey { label: label(), object: "0".repeat(32), number: 0 };
        assert_eq!(world.failure("k", "123456"), absent);
        world.edit("k", &"0".repeat(32), "nonsense");
        assert_eq!(world.failure("k", "123456"), TokenError::Object);
        world.edit("k", "nonsense", &object);

        world.edit("k", &serial, "0123456789abcdef");
        let other = TokenError::NoToken { label: label(), serial: Some("0123456789abcdef".to_owned()) };
        assert_eq!(world.failure("k", "123456"), other);
        world.edit("k", "0123456789abcdef", &serial);
        assert!(world.keys.open(&name("k"), &PinIs("123456")).is_ok());
    });
}

#[test]
fn what_is_no_module_is_said() {
    with_token("what_is_no_module_is_said", |world| {
        world.create("k", "card", "123456").unwrap();
        let path = module().display().to_string();
        let text = world.root.join("text.so");
        std::fs::write(&text, "text").unwrap();
        let library = "/lib/x86_64-linux-gnu/libc.so.6";
        for other in ["/nowhere/lib.so", text.to_str().unwrap(), library] {
            world.edit("k", &path, other);
            let failure = world.failure("k", "123456");
            assert!(matches!(&failure, TokenError::Module { module, .. } if module == Path::new(other)), "{failure:?}");
            world.edit("k", other, &path);
        }
        world.edit("k", &path, "libsofthsm2.so");
        assert_eq!(world.failure("k", "123456"), TokenError::RelativeModule { module: "libsofthsm2.so".into() });
    });
}

#[test]
fn a_public_key_that_is_not_that_of_the_key_in_the_token_is_noticed() {
    with_token("a_public_key_that_is_not_that_of_the_key_in_the_token_is_noticed", |world| {
        let hex = |key: &StoredKey| key.public().unwrap().key().keyval.public.clone();
        let (first, second) = (world.create("a", "card", "123456").unwrap(), world.create("b", "card", "123456").unwrap());
        world.edit("a", &hex(&first), &hex(&second));
        assert_eq!(world.failure("a", "123456"), TokenError::ForeignKey { label: "card".to_owned() });
    });
}

#[test]
fn of_two_tokens_with_one_label_none_is_guessed_and_the_right_one_is_found_by_its_serial_number() {
    let test = "of_two_tokens_with_one_label_none_is_guessed_and_the_right_one_is_found_by_its_serial_number";
    with_token(test, |world| {
        if world.is_later() {
            let ambiguous = TokenError::Ambiguous { label: "card".to_owned(), number: 2 };
            let made = world.create("other", "card", "123456");
            assert_eq!(made, Err(KeysError::Token { name: name("other"), problem: ambiguous }));
            assert!(world.keys.open(&name("k"), &PinIs("123456")).is_ok());
        } else {
            world.create("k", "card", "123456").unwrap();
            world.softhsm(&["--init-token", "--free", "--label", "card", "--pin", "222222", "--so-pin", "87654321"]);
            world.later(test);
        }
    });
}

#[test]
fn another_token_of_the_same_label_is_not_taken_for_the_one_that_is_gone() {
    let test = "another_token_of_the_same_label_is_not_taken_for_the_one_that_is_gone";
    with_token(test, |world| {
        if world.is_later() {
            let TokenReference { label, serial, .. } = reference(&world.keys.load(&name("k")).unwrap());
            assert_eq!(world.failure("k", "123456"), TokenError::NoToken { label, serial: Some(serial) });
        } else {
            let made = world.create("k", "card", "123456").unwrap();
            world.softhsm(&["--delete-token", "--serial", &reference(&made).serial]);
            world.softhsm(&["--init-token", "--free", "--label", "card", "--pin", "123456", "--so-pin", "87654321"]);
            world.later(test);
        }
    });
}
