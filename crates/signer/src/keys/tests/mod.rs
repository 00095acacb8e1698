//! What a folder of keys promises.

mod durability;

use std::path::{Path, PathBuf};

use affineur_tuf::key::{KeyPair, Signer as _};
use jiff::Timestamp;
use tempfile::TempDir;

use super::document::{Description, Document};
use super::{
    Comment, GeneratedPassphrase, Identity, KeyFolder, KeyName, KeysError, Listed, NotGenerated, Pin, Private, Secrets,
    StoredKey, TokenError, TokenReference,
};
use crate::key_file::{self, KeyFileError, Passphrase};
use crate::limits;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn pair(seed: u8) -> KeyPair {
    KeyPair::from_seed([seed; 32]).unwrap()
}

/// A document for the public key of one seed with the private key of another. Little work, since most tests would take seconds.
fn document(public: u8, private: u8, words: &str) -> Document {
    let sealed = key_file::seal_with(&pair(private), &passphrase(words), 2).unwrap();
    let key = pair(public).key().clone();
    Document::described(Description::new(key, Private::Sealed(sealed), Timestamp::UNIX_EPOCH, "mine".parse().ok()))
}

/// Answers what it is told to, whoever asks.
struct Fixed(&'static str);

impl Secrets for Fixed {
    type Error = KeysError;

    fn passphrase(&self, _key: &KeyName) -> Result<Passphrase, KeysError> {
        Ok(passphrase(self.0))
    }

    fn pin(&self, _key: &KeyName, _token: &TokenReference) -> Result<Pin, KeysError> {
        Ok(Pin::new(self.0))
    }
}

fn folder() -> (TempDir, KeyFolder) {
    let home = TempDir::new().unwrap();
    let path = home.path().join("a/keys");
    (home, KeyFolder::new(path))
}

#[test]
fn a_new_key_is_listed_opened_and_signs() {
    let (_home, keys) = folder();
    assert_eq!(keys.list().unwrap(), [], "a folder that is not there has no keys");
    let made = keys.create(&name("laptop"), &passphrase("correct horse"), "mine".parse().ok(), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(keys.list().unwrap(), [Listed { name: name("laptop"), key: Ok(made.clone()) }]);
    assert_eq!(StoredKey::read(made.path()).as_ref(), Ok(&made));
    assert_eq!(made.comment().map(ToString::to_string).as_deref(), Some("mine"));
    let signer = keys.open(&name("laptop"), &Fixed("correct horse")).unwrap();
    let public = made.public().unwrap();
    assert_eq!((signer.key(), signer.key_id()), (public.key(), &public.id()));
    let signature = signer.sign(b"message").unwrap();
    assert!(signer.key().public().unwrap().verifies(b"message", &signature));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(keys.path()), mode(made.path())), (0o700, 0o600));
    }
}

#[test]
fn two_new_keys_are_never_the_same() {
    let made = [(); 2].map(|()| super::folder::random_pair().unwrap());
    assert_ne!(made[0].key(), made[1].key());
}

#[test]
fn a_key_is_never_overwritten() {
    let (_home, keys) = folder();
    let first = keys.add(&name("laptop"), document(1, 1, "correct horse")).unwrap();
    let exists = KeysError::Exists { name: name("laptop"), folder: keys.path().to_owned() };
    assert_eq!(keys.must_be_free(&name("laptop")), Err(exists.clone()));
    assert_eq!(keys.add(&name("laptop"), document(2, 2, "correct horse")), Err(exists));
    assert_eq!(keys.load(&name("laptop")), Ok(first));
    // What is damaged may still be somebody's only copy.
    std::fs::write(keys.path().join("other.key"), "").unwrap();
    assert!(matches!(keys.must_be_free(&name("other")), Err(KeysError::Exists { .. })));
    assert!(matches!(keys.add(&name("other"), document(2, 2, "correct horse")), Err(KeysError::Exists { .. })));
}

#[test]
fn a_changed_passphrase_opens_the_same_key_and_the_old_one_nothing() {
    let (_home, keys) = folder();
    let before = keys.add(&name("laptop"), document(1, 1, "correct horse")).unwrap();
    let (old, new) = (passphrase("correct horse"), passphrase("battery staple"));
    let wrong = KeysError::Sealed { path: before.path().to_owned(), problem: KeyFileError::WrongPassphrase };
    assert_eq!(keys.change_passphrase(&name("laptop"), &new, &old), Err(wrong.clone()));
    assert_eq!(keys.load(&name("laptop")).as_ref(), Ok(&before), "a wrong passphrase changes nothing");
    let after = keys.change_passphrase(&name("laptop"), &old, &new).unwrap();
    assert_eq!(after.public(), before.public());
    assert_eq!((after.comment(), after.created()), (before.comment(), before.created()));
    assert_eq!(keys.open(&name("laptop"), &Fixed("battery staple")).unwrap().key(), pair(1).key());
    assert_eq!(keys.open(&name("laptop"), &Fixed("correct horse")).err(), Some(wrong));
}

#[test]
fn the_file_of_a_ceremony_keeps_its_form_and_has_no_public_key_until_it_is_opened() {
    let (_home, keys) = folder();
    let sealed = key_file::seal_with(&pair(1), &passphrase("correct horse"), 2).unwrap();
    let bare = keys.add(&name("root-1"), Document::Bare(sealed)).unwrap();
    assert_eq!(bare.public(), Err(KeysError::NoPublicKey { path: bare.path().to_owned() }));
    keys.change_passphrase(&name("root-1"), &passphrase("correct horse"), &passphrase("battery staple")).unwrap();
    let file = std::fs::read(bare.path()).unwrap();
    assert_eq!(key_file::open(&file, &passphrase("battery staple")).unwrap().key(), pair(1).key());
    assert_eq!(keys.open(&name("root-1"), &Fixed("battery staple")).unwrap().key(), pair(1).key());
}

#[test]
fn a_public_key_that_somebody_put_into_the_file_is_noticed() {
    let (_home, keys) = folder();
    let forged = keys.add(&name("laptop"), document(2, 1, "correct horse")).unwrap();
    let foreign = KeysError::ForeignPublicKey { path: forged.path().to_owned() };
    assert_eq!(keys.open(&name("laptop"), &Fixed("correct horse")).err(), Some(foreign.clone()));
    let (old, new) = (passphrase("correct horse"), passphrase("battery staple"));
    assert_eq!(keys.change_passphrase(&name("laptop"), &old, &new), Err(foreign));
    assert_eq!(keys.load(&name("laptop")), Ok(forged));
}

#[test]
fn who_changes_a_file_that_another_one_changed_meanwhile_loses() {
    let (_home, keys) = folder();
    let before = keys.add(&name("laptop"), document(1, 1, "correct horse")).unwrap();
    let after = StoredKey { document: document(1, 1, "battery staple"), ..before.clone() };
    let late = StoredKey { document: document(1, 1, "third words"), ..before.clone() };
    keys.replace(&before, &after).unwrap();
    assert_eq!(keys.replace(&before, &late), Err(KeysError::Changed { path: before.path().to_owned() }));
    let lock = std::fs::File::create(keys.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(keys.replace(&after, &late), Err(KeysError::Busy { folder: keys.path().to_owned() }));
    assert_eq!(keys.load(&name("laptop")), Ok(after));
}

#[test]
fn what_is_no_key_file_is_said_and_hides_no_other_key() {
    let (_home, keys) = folder();
    let good = keys.add(&name("good"), document(1, 1, "correct horse")).unwrap();
    let text = std::fs::read_to_string(good.path()).unwrap();
    let public = pair(1).key().keyval.public.clone();
    let cases = [
        ("empty", String::new()),
        ("cut", text[..text.len() / 2].to_owned()),
        ("later", text.replace("affineur-key-1", "affineur-key-2")),
        ("unknown", text.replace("\"format\"", "\"more\": 1,\n  \"format\"")),
        ("twice", text.replace("\"format\"", "\"format\": \"affineur-key-1\",\n  \"format\"")),
        ("nowhere", text.replace("\"sealed\"", "\"plain\"")),
        ("short", text.replace(public.as_str(), "00")),
        ("small", text.replace(public.as_str(), &format!("01{}", "0".repeat(62)))),
        ("field", text.replace("\"scheme\"", "\"more\": 1, \"scheme\"")),
        ("colour", text.replace("mine", "\\u001b[31m")),
        ("long", text.replace("mine", &"x".repeat(limits::COMMENT_CHARACTERS + 1))),
        ("large", text + &" ".repeat(limits::KEY_FILE_BYTES)),
    ];
    for (file, text) in &cases {
        std::fs::write(keys.path().join(format!("{file}.key")), text).unwrap();
    }
    for other in ["No.key", "laptop.pub", ".tmp123", "a.b.key"] {
        std::fs::write(keys.path().join(other), "").unwrap();
    }
    let listed = keys.list().unwrap();
    assert_eq!(listed.len(), cases.len() + 1);
    for Listed { name: listed, key: found } in listed {
        match found {
            Ok(found) => assert_eq!((listed.as_str(), found), ("good", good.clone())),
            Err(error) => assert!(matches!(error, KeysError::Damaged { .. }), "{listed}: {error:?}"),
        }
    }
}

#[test]
fn a_damaged_private_key_is_told_from_a_wrong_passphrase() {
    let (_home, keys) = folder();
    let good = keys.add(&name("good"), document(1, 1, "correct horse")).unwrap();
    let Private::Sealed(sealed) = good.private() else { panic!() };
    let cut: String = sealed.lines().filter(|line| !line.starts_with("-----END")).collect();
    keys.add(&name("cut"), good.document.resealed(cut)).unwrap();
    let opened = keys.open(&name("cut"), &Fixed("correct horse")).err();
    assert_eq!(opened, Some(KeysError::Sealed { path: keys.path().join("cut.key"), problem: KeyFileError::Damaged }));
}

#[test]
fn what_is_not_there_and_what_is_no_path_of_a_key_is_said() {
    let (home, keys) = folder();
    let missing = KeysError::Missing { name: name("laptop"), folder: keys.path().to_owned() };
    assert_eq!(keys.load(&name("laptop")), Err(missing));
    for path in ["laptop", "laptop.pub", "..", "Laptop.key", ".key", "/"] {
        assert_eq!(StoredKey::read(Path::new(path)), Err(KeysError::Path { path: PathBuf::from(path) }));
    }
    assert!(matches!(StoredKey::read(&home.path().join("laptop.key")), Err(KeysError::Disk { .. })));
}

#[test]
fn comments_are_one_visible_line() {
    for good in ["mine", "clé de l'école, 2026", &"x".repeat(limits::COMMENT_CHARACTERS)] {
        assert_eq!(good.parse::<Comment>().unwrap().to_string(), good);
    }
    for bad in ["", "a\nb", "a\tb", "\u{1b}[31m", "\u{202e}live", "\u{200b}", &"x".repeat(limits::COMMENT_CHARACTERS + 1)] {
        assert!(bad.parse::<Comment>().is_err(), "{bad:?}");
    }
}

#[test]
fn a_reference_to_a_token_has_no_passphrase_to_change() {
    let (_home, keys) = folder();
    let reference =
        TokenReference { module: "relative.so".into(), label: "card".into(), serial: "1".into(), object: "00".into() };
    let description = Description::new(pair(1).key().clone(), Private::Token(reference), Timestamp::UNIX_EPOCH, None);
    keys.add(&name("card"), Document::described(description)).unwrap();
    let words = passphrase("correct horse");
    assert_eq!(
        keys.change_passphrase(&name("card"), &words, &words),
        Err(KeysError::NoPassphrase { name: name("card"), why: "it is in a token" })
    );
    let expected = if cfg!(feature = "pkcs11") {
        TokenError::RelativeModule { module: "relative.so".into() }
    } else {
        TokenError::NotBuilt
    };
    let opened = keys.open(&name("card"), &Fixed("1234")).err();
    assert_eq!(opened, Some(KeysError::Token { name: name("card"), problem: expected }));
}

#[test]
fn nothing_secret_is_in_a_file_or_in_what_is_printed_for_debugging() {
    let stored = StoredKey { name: name("k"), path: "k.key".into(), document: document(1, 1, "correct horse") };
    let pkcs8 = pair(1).to_pkcs8().unwrap();
    let seed = "01".repeat(32);
    assert!(pkcs8.as_ref().ends_with(&[1; 32]), "this is what must not be seen");
    for text in [stored.document.to_text(), format!("{stored:?}"), format!("{:?}", Pin::new("1234")), format!("{pkcs8:?}")] {
        assert!(!text.contains(&seed) && !text.contains("1, 1, 1, 1") && !text.contains("horse") && !text.contains("1234"));
    }
    let (_home, keys) = folder();
    keys.add(&name("k"), stored.document).unwrap();
    let error = keys.open(&name("k"), &Fixed("battery staple")).err().unwrap();
    assert!(!format!("{error:?} {error}").contains("staple"));
}

#[test]
fn a_derived_key_stores_nothing_secret_and_comes_back_in_another_folder() {
    let ((_home, here), (_other_home, there)) = (folder(), folder());
    let code = GeneratedPassphrase::random().unwrap().reveal();
    let secret = passphrase(&code);
    let identity: Identity = "alice@example.org".parse().unwrap();
    let make = |keys: &KeyFolder, identity: &Identity| {
        keys.create_derived(&name("alice"), identity.clone(), &secret, None, Timestamp::UNIX_EPOCH)
    };
    let (made, again) = (make(&here, &identity).unwrap(), make(&there, &identity).unwrap());
    assert_eq!(made.document, again.document);
    assert!(!made.document.to_text().contains(&code[..9]));
    let secrets = Fixed(Box::leak(code.to_string().into_boxed_str()));
    let signer = here.open(&name("alice"), &secrets).unwrap();
    let signature = signer.sign(b"message").unwrap();
    assert!(made.public().unwrap().key().public().unwrap().verifies(b"message", &signature));
    // Another passphrase, a chosen one, and one to replace it by.
    let other = Fixed(Box::leak(GeneratedPassphrase::random().unwrap().reveal().to_string().into_boxed_str()));
    let not_this = KeysError::OtherDerivedKey { path: made.path().to_owned() };
    assert_eq!(here.open(&name("alice"), &other).err(), Some(not_this));
    let chosen = |key| KeysError::NotGenerated { name: name(key), problem: NotGenerated };
    assert_eq!(here.open(&name("alice"), &Fixed("correct horse")).err(), Some(chosen("alice")));
    let words = passphrase("correct horse");
    assert_eq!(here.create_derived(&name("bob"), identity, &words, None, Timestamp::UNIX_EPOCH), Err(chosen("bob")));
    let why = "another passphrase is another key";
    assert_eq!(
        here.change_passphrase(&name("alice"), &secret, &words),
        Err(KeysError::NoPassphrase { name: name("alice"), why })
    );
}
