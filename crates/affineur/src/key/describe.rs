//! Keys, as a person and as a program reads of them.

use std::io::{self, Write};

use affineur_signer::keys::{KeyName, KeysError, Private, PublicPart, StoredKey};
use serde_json::{Value, json};

use crate::colours::{BOLD, DIM, PLAIN, RED};

/// A key that was just made.
pub(super) fn new(out: &mut impl Write, key: &StoredKey, public: &PublicPart) -> io::Result<()> {
    writeln!(out, "{BOLD}affineur:{PLAIN} made the key {BOLD}{}{PLAIN} ({})", key.name(), public.scheme())?;
    writeln!(out, "  key id       {}", public.id())?;
    writeln!(out, "  fingerprint  {}", grouped(&public.fingerprint()))?;
    writeln!(out, "  file         {}", key.path().display())?;
    match key.private() {
        Private::Sealed(_) => Ok(()),
        Private::Derived(derivation) => writeln!(out, "  derived for  {}", derivation.identity),
        Private::Token(token) => {
            let module = token.module.display();
            writeln!(out, "  token        {:?}, serial number {:?}, through {module}", token.label, token.serial)
        }
    }
}

/// One line about a key, and one for its comment.
pub(super) fn line(out: &mut impl Write, key: &StoredKey) -> io::Result<()> {
    let place = match key.private() {
        Private::Sealed(_) => "file".to_owned(),
        Private::Token(token) => format!("token {:?}", token.label),
        Private::Derived(_) => "derived".to_owned(),
    };
    let (scheme, id) = match key.public() {
        Ok(public) => (public.scheme().to_string(), public.id().to_string()),
        Err(_) => ("?".to_owned(), "its public key is known when it is opened".to_owned()),
    };
    let created = key.created().map_or_else(|| "?".to_owned(), |created| created.strftime("%Y-%m-%d").to_string());
    writeln!(out, "{BOLD}{:<16}{PLAIN}  {scheme:<19}  {place:<16}  {created:<10}  {id}", key.name().as_str())?;
    key.comment().map_or(Ok(()), |comment| writeln!(out, "{:<16}  {DIM}{comment}{PLAIN}", ""))
}

/// A file that is no key.
pub(super) fn problem(out: &mut impl Write, name: &KeyName, error: &KeysError) -> io::Result<()> {
    writeln!(out, "{BOLD}{:<16}{PLAIN}  {RED}{error}{PLAIN}", name.as_str())
}

/// The same for programs.
pub(super) fn json(key: &StoredKey) -> Value {
    let public = key.public().ok();
    let (private, token, identity) = match key.private() {
        Private::Sealed(_) => ("file", None, None),
        Private::Token(token) => ("token", Some(token), None),
        Private::Derived(derivation) => ("derived", None, Some(derivation.identity)),
    };
    json!({
        "name": key.name().as_str(),
        "scheme": public.as_ref().map(|public| public.scheme().as_str()),
        "key-id": public.as_ref().map(|public| public.id().as_str().to_owned()),
        "fingerprint": public.as_ref().map(PublicPart::fingerprint),
        "key": public.as_ref().map(PublicPart::key),
        "created": key.created(),
        "comment": key.comment(),
        "file": key.path().display().to_string(),
        "private": private,
        "token": token,
        "identity": identity,
    })
}

/// What is wrong with a file, for programs.
pub(super) fn problem_json(name: &KeyName, error: &KeysError) -> Value {
    json!({ "name": name.as_str(), "problem": error.to_string() })
}

/// In groups of four digits, to be read aloud.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 5 / 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
