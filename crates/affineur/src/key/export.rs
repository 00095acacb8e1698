//! `affineur key export`.

use std::io::Write as _;

use super::arguments::{ExportOptions, PublicForm};
use super::folder;
use crate::failure::Failure;
use crate::secrets::User;
use crate::tuf::print_json;

pub(super) fn export(options: &ExportOptions) -> Result<(), Failure> {
    let key = folder(&options.place)?.load(&options.name)?;
    let public = key.public()?;
    if options.check {
        key.open(&User { passphrase_file: options.passphrase_file.as_ref(), pin_file: options.pin_file.as_ref() })?;
    }
    let text = match options.format {
        PublicForm::Tuf => {
            let value = serde_json::to_value(public.key()).map_err(|error| Failure::bug(error.to_string()))?;
            print_json(&value);
            return Ok(());
        }
        PublicForm::Pem => public.to_pem(),
        PublicForm::Openssh => public
            .to_openssh(options.name.as_str())
            .ok_or_else(|| Failure::usage(format!("OpenSSH has no form for {} keys", public.scheme()), "take --format pem"))?,
    };
    let _ = write!(anstream::stdout(), "{text}"); // whoever closes the pipe has read enough
    Ok(())
}
