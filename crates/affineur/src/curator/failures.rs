//! What went wrong with a curator: whose fault it is, and what to do.

use affineur_signer::curator::CuratorError;

use crate::failure::Failure;

impl From<CuratorError> for Failure {
    fn from(error: CuratorError) -> Self {
        let (cause, hint) = (error.to_string(), hint(&error));
        match error {
            CuratorError::Busy { .. } | CuratorError::Disk { .. } | CuratorError::Randomness => Self::cannot_tell(cause, hint),
            CuratorError::Unpublished(_)
            | CuratorError::Unsound { .. }
            | CuratorError::Refused(_)
            | CuratorError::Stale { .. } => Self::refused(cause, hint),
            CuratorError::Sign(_) => Self::bug(cause),
            _ => Self::usage(cause, hint),
        }
    }
}

const fn hint(error: &CuratorError) -> &'static str {
    match error {
        CuratorError::Exists { .. } => "name another folder; a curator is never made over another one",
        CuratorError::Missing { .. } => "name the folder that `affineur curator init` made",
        CuratorError::Busy { .. } => "try again when it is done",
        CuratorError::Disk { .. } => "look at the folder, its permissions and its room",
        CuratorError::Damaged { .. } | CuratorError::Shape { .. } => {
            "take your copy of this file, and ask who else can write there"
        }
        CuratorError::Days => "see `affineur curator init --help`",
        CuratorError::Threshold { .. } => "name as many keys with --key as --threshold wants",
        CuratorError::SharedKey { .. } => "give objections a key of its own",
        CuratorError::Unpublished(_) => {
            "let the holders of its keys sign: `affineur curator sign DIR` says who, `publish` completes it"
        }
        CuratorError::Stale { .. } => {
            "something else was published meanwhile: drop the draft with `affineur curator discard`, and make it again"
        }
        CuratorError::NothingToSign { .. } => "`affineur curator sign DIR` says which keys are waited for",
        CuratorError::Unsound { .. } => {
            "do not sign it: ask who put that there, drop it with `affineur curator discard`, and take in again what people sent"
        }
        CuratorError::NoRenewalKey { .. } => {
            "publish where DIR/renewal-*.key is; if it is lost: `affineur curator rotate DIR renewal`"
        }
        CuratorError::Refused(_) => "nothing was published; what is served is as it was",
        CuratorError::People(_) | CuratorError::Delegates(_) => "nothing was changed",
        CuratorError::NotThere { .. } => "`affineur curator status DIR` and `sign DIR` say what there is",
        CuratorError::Statement { .. } => "nothing was changed",
        CuratorError::Randomness => "try again on a machine that does",
        CuratorError::Sign(_) => "this is a bug: please report it",
    }
}
