//! `affineur key new`.

use std::io::Write as _;

use affineur_signer::keys::{KeyFolder, Private, StoredKey};
use jiff::{Timestamp, Unit};

use super::arguments::NewOptions;
use super::{describe, folder};
use crate::colours::{BOLD, PLAIN};
use crate::failure::Failure;
use crate::secrets;
use crate::tuf::print_json;

pub(super) fn new(options: &NewOptions) -> Result<(), Failure> {
    let keys = folder(&options.place)?;
    // Before somebody thinks of a passphrase.
    keys.must_be_free(&options.name)?;
    let made = make(&keys, options)?;
    let public = made.public()?;
    if options.json {
        print_json(&describe::json(&made));
        return Ok(());
    }
    let mut out = anstream::stdout();
    let told = describe::new(&mut out, &made, &public).and_then(|()| {
        writeln!(out, "{BOLD}What to do now:{PLAIN}")?;
        match made.private() {
            Private::Sealed(_) => {
                writeln!(out, "  keep a copy of that file, and the passphrase elsewhere: who loses either has lost the key")?;
            }
            Private::Derived(derivation) => {
                writeln!(out, "  keep the passphrase, away from this machine; with it this makes the key again, anywhere:")?;
                writeln!(out, "    affineur key new {} --derive '{}'", made.name(), derivation.identity)?;
            }
            Private::Token(_) => {
                writeln!(out, "  the key cannot be copied: have a second one, for the day that the token is lost")?;
            }
        }
        writeln!(out, "  give the public part to those who are to trust it: affineur key export {}", made.name())?;
        writeln!(out, "  and let them compare the fingerprint over another way")
    });
    let _ = told; // whoever closes the pipe has read enough
    Ok(())
}

fn make(keys: &KeyFolder, options: &NewOptions) -> Result<StoredKey, Failure> {
    let (name, comment) = (&options.name, options.comment.clone());
    let now = Timestamp::now();
    let now = now.round(Unit::Second).unwrap_or(now);
    if let Some(identity) = &options.derive {
        let passphrase = secrets::generated(options.passphrase_file.as_deref(), &format!("the key {name}"))?;
        return Ok(keys.create_derived(name, identity.clone(), &passphrase, comment, now)?);
    }
    let (Some(module), Some(label)) = (&options.pkcs11, &options.token) else {
        let passphrase = secrets::of_new_keys(options.passphrase_file.as_deref(), &format!("the key {name}"))?;
        return Ok(keys.create(name, &passphrase, comment, now)?);
    };
    let pin = secrets::pin(options.pin_file.as_deref(), label, module)?;
    Ok(keys.create_in_token(name, (module, label), &pin, comment, now)?)
}
