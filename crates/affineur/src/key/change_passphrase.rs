//! `affineur key change-passphrase`.

use anstream::println;

use super::arguments::ChangeOptions;
use super::folder;
use crate::failure::Failure;
use crate::secrets;

pub(super) fn change_passphrase(options: &ChangeOptions) -> Result<(), Failure> {
    let keys = folder(&options.place)?;
    let (name, what) = (&options.name, format!("the key {}", options.name));
    keys.load(name)?.sealed()?;
    let old = secrets::of_old_keys(options.passphrase_file.as_deref(), &what)?;
    let new = secrets::of_new_keys(options.new_passphrase_file.as_deref(), &what)?;
    let changed = keys.change_passphrase(name, &old, &new)?;
    println!(
        "{} opens with the new passphrase now; copies of the old file still open with the old one",
        changed.path().display()
    );
    Ok(())
}
