//! Keys for root, targets and bins, and the first metadata of these three.

use affineur_trust::listing::{BINS, bin_prefix};
use affineur_tuf::edit::{Draft, NamedKey, SignError};
use affineur_tuf::key::{Key, KeyId, KeyPair, KeyPairError, Signer};
use affineur_tuf::{
    Expiry, ParseRoleNameError, PathPattern, Paths, Role, RoleName, Root, Succinct, Targets, Threshold, TopRole,
};
use jiff::{Timestamp, ToSpan as _};
use zeroize::Zeroizing;

use crate::limits;

/// How the hash bins of branch 4 are delegated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bins {
    /// TAP 15: one entry for all of them.
    Succinct,
    /// One entry with hash prefixes for each: for clients without TAP 15.
    Classic,
}

/// What the ceremony is to make.
#[derive(Debug, Clone)]
pub struct Settings {
    /// 2 to the power of this is the number of hash bins; 14 are PEP 458's 16 384.
    pub bit_length: u8,
    /// How they are delegated to.
    pub bins: Bins,
    /// For how long root, targets and bins are valid, in days; PEP 458 says a year.
    pub valid_days: u32,
    /// The identifier and public key that the index signs with: timestamp, snapshot and each bin.
    pub online: (KeyId, Key),
    /// When the ceremony is held.
    pub now: Timestamp,
}

/// A key that the ceremony made.
pub struct NewKey {
    /// `root-1`, `targets-2`, …
    pub name: String,
    /// The key.
    pub pair: KeyPair,
}

/// A metadata file that the ceremony signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// Its path below the metadata URL.
    pub path: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// One step, for the record of the ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key was made.
    Key {
        /// Its name.
        name: String,
        /// Its identifier.
        id: KeyId,
    },
    /// A file was signed.
    Signed {
        /// Its path.
        path: String,
        /// SHA-256 of the whole file, in hexadecimal digits.
        sha256: String,
        /// The names of the keys that signed it.
        by: Vec<String>,
        /// How many of them clients demand.
        threshold: u32,
        /// Until when it is valid.
        expires: Expiry,
    },
}

/// What the ceremony made.
pub struct Initial {
    /// The keys, to be stored offline.
    pub keys: Vec<NewKey>,
    /// Root, targets and bins, to be published.
    pub files: Vec<SignedFile>,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

/// The ceremony cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The number of bins is not possible.
    #[error("a number of bins is 2 to the power of 1 to {most}, asked for 2 to the power of {asked}", most = limits::BIN_BITS)]
    BitLength {
        /// What was asked for.
        asked: u8,
    },
    /// The time of validity is not possible.
    #[error("root, targets and bins are valid for 1 to {most} days, asked for {asked}", most = limits::VALID_DAYS)]
    ValidDays {
        /// What was asked for.
        asked: u32,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    Randomness(#[from] getrandom::Error),
    /// A key cannot be made.
    #[error("a key cannot be made")]
    Key(#[from] KeyPairError),
    /// Metadata cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A role's name is not possible.
    #[error(transparent)]
    Name(#[from] ParseRoleNameError),
}

/// Keys of root, of which two must sign.
const ROOT_KEYS: u32 = 3;
/// Keys of targets and of bins, all of which must sign.
const PAIR: u32 = 2;

/// Makes the keys (root 2 of 3, targets 2 of 2, bins 2 of 2) and signs the first root, targets and bins.
///
/// # Errors
/// See [`CeremonyError`].
pub fn initial(settings: &Settings) -> Result<Initial, CeremonyError> {
    if !(1..=limits::BIN_BITS).contains(&settings.bit_length) {
        return Err(CeremonyError::BitLength { asked: settings.bit_length });
    }
    let expires = expiry(settings.now, settings.valid_days)?;
    let (root, targets, bins) = (keys("root", ROOT_KEYS)?, keys("targets", PAIR)?, keys("bins", PAIR)?);
    let two = Threshold::new(PAIR).unwrap_or(Threshold::ONE);
    let mut record = Record { files: Vec::new(), steps: [&root, &targets, &bins].into_iter().flatten().map(made).collect() };

    let mut draft = Draft::<Root>::new(expires);
    draft.set_role(TopRole::Root, root.iter().map(named), two);
    draft.set_role(TopRole::Targets, targets.iter().map(named), two);
    draft.set_role(TopRole::Timestamp, [settings.online.clone()], Threshold::ONE);
    draft.set_role(TopRole::Snapshot, [settings.online.clone()], Threshold::ONE);
    record.sign(TopRole::Root.as_str(), &draft, &root, expires)?;

    let bins_role: RoleName = BINS.parse()?;
    let mut draft = Draft::<Targets>::new(expires);
    let everything = ["*/*/*/*", "_status/*"].map(PathPattern::new).to_vec();
    draft.delegate(bins_role.clone(), bins.iter().map(named), two, Paths::Patterns(everything));
    record.sign(TopRole::Targets.as_str(), &draft, &targets, expires)?;

    let draft = bins_draft(settings, expires)?;
    record.sign(bins_role.as_str(), &draft, &bins, expires)?;
    Ok(Initial { keys: [root, targets, bins].into_iter().flatten().collect(), files: record.files, steps: record.steps })
}

/// When what is signed now expires.
pub(super) fn expiry(now: Timestamp, valid_days: u32) -> Result<Expiry, CeremonyError> {
    if !(1..=limits::VALID_DAYS).contains(&valid_days) {
        return Err(CeremonyError::ValidDays { asked: valid_days });
    }
    Ok(Expiry::at(now + (i64::from(valid_days) * 24).hours()))
}

fn bins_draft(settings: &Settings, expires: Expiry) -> Result<Draft<Targets>, CeremonyError> {
    let mut draft = Draft::<Targets>::new(expires);
    draft.delegate_to_bins(settings.bit_length, &bin_prefix(settings.bit_length), [settings.online.clone()], Threshold::ONE);
    if settings.bins == Bins::Succinct {
        return Ok(draft);
    }
    let succinct = draft.body().delegations().and_then(|delegations| delegations.succinct().cloned());
    let Some(succinct) = succinct else { return Ok(draft) };
    let each = |bin| Ok((succinct.name_of(bin).parse()?, Paths::HashPrefixes(prefixes(&succinct, bin))));
    let delegated = (0..succinct.bins()).map(each).collect::<Result<Vec<(RoleName, Paths)>, ParseRoleNameError>>()?;
    let mut draft = Draft::<Targets>::new(expires);
    draft.delegate_each([settings.online.clone()], Threshold::ONE, delegated);
    Ok(draft)
}

/// The hash prefixes of a bin: as many hexadecimal digits as its bits need, each value of the bits that are left over.
fn prefixes(bins: &Succinct, bin: u64) -> Vec<Box<str>> {
    let digits = usize::from(bins.bit_length()).div_ceil(4);
    let left_over = digits * 4 - usize::from(bins.bit_length());
    (0..1_u64 << left_over).map(|low| format!("{:0digits$x}", (bin << left_over) | low).into()).collect()
}

fn keys(role: &str, number: u32) -> Result<Vec<NewKey>, CeremonyError> {
    (1..=number).map(|at| new_key(format!("{role}-{at}"))).collect()
}

/// Makes one key.
///
/// # Errors
/// [`CeremonyError::Randomness`], [`CeremonyError::Key`].
pub fn new_key(name: String) -> Result<NewKey, CeremonyError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut())?;
    Ok(NewKey { name, pair: KeyPair::from_seed(*seed)? })
}

fn named(key: &NewKey) -> NamedKey {
    key.named()
}

impl NewKey {
    /// Its public part.
    #[must_use]
    pub fn named(&self) -> NamedKey {
        (self.pair.key_id().clone(), self.pair.key().clone())
    }
}

fn made(key: &NewKey) -> Step {
    Step::Key { name: key.name.clone(), id: key.pair.key_id().clone() }
}

struct Record {
    files: Vec<SignedFile>,
    steps: Vec<Step>,
}

impl Record {
    fn sign<R: Role>(&mut self, role: &str, draft: &Draft<R>, keys: &[NewKey], expires: Expiry) -> Result<(), CeremonyError> {
        let signed = draft.sign(keys.iter().map(|key| &key.pair as &dyn Signer))?;
        let path = affineur_tuf::metadata_path(role, Some(signed.version()));
        self.steps.push(Step::Signed {
            path: path.clone(),
            sha256: signed.hashes().digest("sha256").unwrap_or_default().to_owned(),
            by: keys.iter().map(|key| key.name.clone()).collect(),
            threshold: PAIR,
            expires,
        });
        self.files.push(SignedFile { path, bytes: signed.into_bytes() });
        Ok(())
    }
}
