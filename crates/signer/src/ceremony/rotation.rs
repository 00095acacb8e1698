//! New versions of root, targets and bins: renewed, or with other keys. From a draft to files that the index takes.

use std::collections::{BTreeMap, BTreeSet};

use affineur_trust::listing::BINS;
use affineur_tuf::edit::{Draft, NamedKey, Signed, signers};
use affineur_tuf::key::{KeyId, KeyPair, Signer};
use affineur_tuf::{Delegations, Expiry, Role, Root, Targets, Threshold, TopRole, metadata_path};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::changes::{changes_of_root, changes_of_targets};
use super::initial::expiry;
use super::{By, Demand, OfflineRole, RotationError, Seat, SignedFile, Step, Voice};
use crate::limits;

/// What an index publishes of its offline roles, as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The newest root.
    pub root: Vec<u8>,
    /// The top-level targets.
    pub targets: Vec<u8>,
    /// The role bins.
    pub bins: Vec<u8>,
}

/// What is to be signed anew.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Roles that are to hold longer. What gets another key is renewed in any case.
    pub renew: BTreeSet<OfflineRole>,
    /// Which keys give way to which.
    pub replace: Vec<(Replaced, NamedKey)>,
    /// For how long what is signed is valid, in days.
    pub valid_days: u32,
    /// When the ceremony is held.
    pub now: Timestamp,
}

/// A key that gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replaced {
    /// One that is kept offline.
    Seat(Seat),
    /// The one that the index signs with.
    Online,
}

/// A ceremony under way: what is published, and what is to follow, with the signatures that it has by now.
#[derive(Debug)]
pub struct Ceremony {
    before: Files,
    after: Files,
}

type Files = BTreeMap<String, Box<RawValue>>;

/// As it is written into a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "affineur-ceremony")]
    format: u32,
    before: Files,
    after: Files,
}

/// The format of the file.
const FORMAT: u32 = 1;

impl Ceremony {
    /// Drafts what follows on what is published. Nothing is signed yet.
    ///
    /// # Errors
    /// See [`RotationError`].
    pub fn draft(published: Published, plan: &Plan) -> Result<Self, RotationError> {
        let before = [published.root, published.targets, published.bins];
        let before = OfflineRole::ALL.into_iter().zip(before).map(|(role, file)| {
            let raw = String::from_utf8(file).map_err(|error| shape(role, error)).map(RawValue::from_string)?;
            Ok((role.as_str().to_owned(), raw.map_err(|error| shape(role, error))?))
        });
        let mut ceremony = Self { before: before.collect::<Result<_, RotationError>>()?, after: Files::new() };
        ceremony.hangs_together()?;
        let expires = expiry(plan.now, plan.valid_days)?;
        let replaced: BTreeSet<Replaced> = plan.replace.iter().map(|(replaced, _)| *replaced).collect();
        let new: BTreeSet<&KeyId> = plan.replace.iter().map(|(_, (id, _))| id).collect();
        if replaced.len() != plan.replace.len() || new.len() != plan.replace.len() {
            return Err(RotationError::Twice);
        }
        let mut root = ceremony.opened::<Root>(OfflineRole::Root)?.next().map_err(|fault| shape(OfflineRole::Root, fault))?;
        let mut targets = ceremony.next_targets(OfflineRole::Targets)?;
        let mut bins = ceremony.next_targets(OfflineRole::Bins)?;
        let mut touched = plan.renew.clone();
        for (replaced, key) in &plan.replace {
            touched.extend(replaced.roles());
            match replaced {
                Replaced::Online => {
                    let online = online(root.body())?;
                    root.replace_key(TopRole::Timestamp, &online, key.clone());
                    root.replace_key(TopRole::Snapshot, &online, key.clone());
                    bins.replace_key(&online, key.clone());
                }
                Replaced::Seat(seat) => {
                    let old = ceremony.holder(*seat)?;
                    match seat.role {
                        OfflineRole::Root => drop(root.replace_key(TopRole::Root, &old, key.clone())),
                        OfflineRole::Targets => drop(root.replace_key(TopRole::Targets, &old, key.clone())),
                        OfflineRole::Bins => drop(targets.replace_key(&old, key.clone())),
                    }
                }
            }
        }
        if touched.is_empty() {
            return Err(RotationError::Nothing);
        }
        for role in touched {
            match role {
                OfflineRole::Root => ceremony.put(role, &mut root, expires)?,
                OfflineRole::Targets => ceremony.put(role, &mut targets, expires)?,
                OfflineRole::Bins => ceremony.put(role, &mut bins, expires)?,
            }
        }
        Ok(ceremony)
    }

    /// Reads a ceremony that somebody else began. What is published must hang together, and what follows be the next version
    /// of it; what it changes is said by [`changes`](Self::changes).
    ///
    /// # Errors
    /// See [`RotationError`].
    pub fn parse(file: &[u8]) -> Result<Self, RotationError> {
        if file.len() > limits::CEREMONY_BYTES {
            return Err(RotationError::NotACeremony(format!("it has more than {} bytes", limits::CEREMONY_BYTES)));
        }
        let written: Written = serde_json::from_slice(file).map_err(|error| RotationError::NotACeremony(error.to_string()))?;
        if written.format != FORMAT {
            let problem = format!("it has the format {}, this program knows {FORMAT}", written.format);
            return Err(RotationError::NotACeremony(problem));
        }
        let ceremony = Self { before: written.before, after: written.after };
        let known = |name: &String| OfflineRole::ALL.iter().any(|role| role.as_str() == name);
        if let Some(unknown) = ceremony.before.keys().chain(ceremony.after.keys()).find(|name| !known(name)) {
            return Err(RotationError::NotACeremony(format!("it has a role {}", unknown.escape_debug())));
        }
        if ceremony.after.is_empty() {
            return Err(RotationError::Nothing);
        }
        ceremony.hangs_together()?;
        for role in ceremony.roles() {
            match role {
                OfflineRole::Root => ceremony.follows::<Root>(role)?,
                OfflineRole::Targets | OfflineRole::Bins => ceremony.follows::<Targets>(role)?,
            }
        }
        Ok(ceremony)
    }

    /// The file to carry around.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let written = Written { format: FORMAT, before: self.before.clone(), after: self.after.clone() };
        // Texts that were parsed before print.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// The roles that are signed anew.
    #[must_use]
    pub fn roles(&self) -> Vec<OfflineRole> {
        OfflineRole::ALL.into_iter().filter(|role| self.after.contains_key(role.as_str())).collect()
    }

    /// SHA-256 of the root that is published, to be compared with the record of the last ceremony.
    ///
    /// # Errors
    /// [`RotationError::Shape`].
    pub fn root_before(&self) -> Result<(affineur_tuf::Version, String), RotationError> {
        let file = self.file(OfflineRole::Root, By::Before)?;
        let digest = affineur_tuf::Hashes::sha256_of(file).digest("sha256").unwrap_or_default().to_owned();
        Ok((self.opened::<Root>(OfflineRole::Root)?.version(), digest))
    }

    /// Everything that what follows says otherwise than what is published, in words.
    ///
    /// # Errors
    /// [`RotationError::Shape`].
    pub fn changes(&self) -> Result<Vec<String>, RotationError> {
        let mut words = Vec::new();
        for role in self.roles() {
            words.extend(match role {
                OfflineRole::Root => changes_of_root(&self.opened(role)?, &self.following(role)?),
                OfflineRole::Targets | OfflineRole::Bins => {
                    changes_of_targets(role, &self.opened(role)?, &self.following(role)?)
                }
            });
        }
        Ok(words)
    }

    /// Adds the signatures of a key to everything that it has a say in.
    ///
    /// # Errors
    /// [`RotationError::NoVoice`]; see [`RotationError`].
    pub fn sign(&mut self, pair: &KeyPair) -> Result<Vec<OfflineRole>, RotationError> {
        let demands = self.demands()?;
        let mut signed = Vec::new();
        for role in self.roles() {
            let mut voices = demands.iter().filter(|demand| demand.role == role).flat_map(|demand| &demand.voices);
            if voices.all(|voice| voice.id != *pair.key_id()) {
                continue;
            }
            let file = match role {
                OfflineRole::Root => self.signed_also::<Root>(role, pair)?,
                OfflineRole::Targets | OfflineRole::Bins => self.signed_also::<Targets>(role, pair)?,
            };
            self.after.insert(role.as_str().to_owned(), file);
            signed.push(role);
        }
        if signed.is_empty() { Err(RotationError::NoVoice(pair.key_id().clone())) } else { Ok(signed) }
    }

    /// Who must sign what, and who did.
    ///
    /// # Errors
    /// [`RotationError::Shape`].
    pub fn demands(&self) -> Result<Vec<Demand>, RotationError> {
        let mut demands = Vec::new();
        if self.after.contains_key(OfflineRole::Root.as_str()) {
            demands.push(self.demand(OfflineRole::Root, By::Before, By::After)?);
        }
        for role in OfflineRole::ALL {
            demands.push(self.demand(role, By::After, By::After)?);
        }
        Ok(demands)
    }

    /// The files for the index, if enough keys signed, and what to write into the record.
    ///
    /// # Errors
    /// [`RotationError::Unsigned`] says who is missing.
    pub fn finish(&self) -> Result<(Vec<SignedFile>, Vec<Step>), RotationError> {
        let demands = self.demands()?;
        let unmet: Vec<Demand> = demands.iter().filter(|demand| !demand.is_met()).cloned().collect();
        if !unmet.is_empty() {
            return Err(RotationError::Unsigned(unmet));
        }
        let (mut files, mut steps) = (Vec::new(), Vec::new());
        for role in self.roles() {
            let bytes = self.file(role, By::After)?.to_vec();
            let (version, expires) = match role {
                OfflineRole::Root => version_and_expiry(&self.following::<Root>(role)?),
                OfflineRole::Targets | OfflineRole::Bins => version_and_expiry(&self.following::<Targets>(role)?),
            };
            let path = metadata_path(role.as_str(), Some(version));
            let of_role = demands.iter().filter(|demand| demand.role == role);
            let voices: BTreeSet<(Seat, &KeyId)> = of_role
                .flat_map(|demand| &demand.voices)
                .filter(|voice| voice.signed)
                .map(|voice| (voice.seat, &voice.id))
                .collect();
            steps.push(Step::Signed {
                path: path.clone(),
                sha256: affineur_tuf::Hashes::sha256_of(&bytes).digest("sha256").unwrap_or_default().to_owned(),
                by: voices.into_iter().map(|(seat, _)| seat.to_string()).collect(),
                threshold: demands
                    .iter()
                    .filter(|demand| demand.role == role)
                    .map(|demand| demand.threshold)
                    .max()
                    .unwrap_or(0),
                expires,
            });
            files.push(SignedFile { path, bytes });
        }
        Ok((files, steps))
    }
}

impl Replaced {
    /// Those who must sign that it gives way: who names it, and who it is that the key signs.
    fn roles(self) -> [OfflineRole; 2] {
        match self {
            Self::Online => [OfflineRole::Root, OfflineRole::Bins],
            Self::Seat(Seat { role: OfflineRole::Root, .. }) => [OfflineRole::Root; 2],
            Self::Seat(Seat { role: OfflineRole::Targets, .. }) => [OfflineRole::Root, OfflineRole::Targets],
            Self::Seat(Seat { role: OfflineRole::Bins, .. }) => [OfflineRole::Targets, OfflineRole::Bins],
        }
    }
}

impl Ceremony {
    fn file(&self, role: OfflineRole, by: By) -> Result<&[u8], RotationError> {
        let after = if by == By::After { self.after.get(role.as_str()) } else { None };
        let file = after.or_else(|| self.before.get(role.as_str()));
        file.map(|file| file.get().as_bytes()).ok_or_else(|| shape(role, "it is missing"))
    }

    fn opened<R: Role>(&self, role: OfflineRole) -> Result<Draft<R>, RotationError> {
        Draft::reopen(self.file(role, By::Before)?).map_err(|fault| shape(role, fault))
    }

    /// What follows, or stays.
    fn following<R: Role>(&self, role: OfflineRole) -> Result<Draft<R>, RotationError> {
        Draft::reopen(self.file(role, By::After)?).map_err(|fault| shape(role, fault))
    }

    fn next_targets(&self, role: OfflineRole) -> Result<Draft<Targets>, RotationError> {
        self.opened::<Targets>(role)?.next().map_err(|fault| shape(role, fault))
    }

    fn put<R: Role>(&mut self, role: OfflineRole, draft: &mut Draft<R>, expires: Expiry) -> Result<(), RotationError> {
        let unsigned = draft.set_expires(expires).sign([])?.into_bytes();
        self.after.insert(role.as_str().to_owned(), raw(role, unsigned)?);
        Ok(())
    }

    fn signed_also<R: Role>(&self, role: OfflineRole, pair: &KeyPair) -> Result<Box<RawValue>, RotationError> {
        let file = Signed::<R>::reopen(self.file(role, By::After)?).map_err(|fault| shape(role, fault))?;
        raw(role, file.also_signed_by([pair as &dyn Signer])?.into_bytes())
    }

    fn follows<R: Role>(&self, role: OfflineRole) -> Result<(), RotationError> {
        let expected = self.opened::<R>(role)?.next().map_err(|fault| shape(role, fault))?.version();
        let found = self.following::<R>(role)?.version();
        if expected == found { Ok(()) } else { Err(RotationError::Version { role, expected, found }) }
    }

    /// What is published is signed as it says itself.
    fn hangs_together(&self) -> Result<(), RotationError> {
        for role in OfflineRole::ALL {
            let demand = self.demand(role, By::Before, By::Before)?;
            if !demand.is_met() {
                let found = demand.voices.iter().filter(|voice| voice.signed).count();
                return Err(RotationError::Published { role, threshold: demand.threshold, found });
            }
        }
        Ok(())
    }

    /// The key of a seat, as it is published.
    fn holder(&self, seat: Seat) -> Result<KeyId, RotationError> {
        let (keys, _) = self.keys(seat.role, By::Before)?;
        let at = usize::try_from(seat.number).ok().and_then(|number| number.checked_sub(1));
        let holder = at.and_then(|at| keys.get(at)).map(|(id, _)| id.clone());
        holder.ok_or(RotationError::NoSeat { seat, found: keys.len() })
    }

    /// Whether the file of a role, before or after, is signed as the roles above it say.
    fn demand(&self, role: OfflineRole, by: By, of: By) -> Result<Demand, RotationError> {
        let (keys, threshold) = self.keys(role, by)?;
        let file = self.file(role, of)?;
        let signed = match role {
            OfflineRole::Root => signers::<Root>(file, &keys),
            OfflineRole::Targets | OfflineRole::Bins => signers::<Targets>(file, &keys),
        };
        let signed = signed.map_err(|fault| shape(role, fault))?;
        let voice =
            |(number, (id, _)): (u32, NamedKey)| Voice { seat: Seat { role, number }, signed: signed.contains(&id), id };
        Ok(Demand { role, voices: (1..).zip(keys).map(voice).collect(), threshold: threshold.number(), by })
    }

    /// Who may sign a role.
    fn keys(&self, role: OfflineRole, by: By) -> Result<(Vec<NamedKey>, Threshold), RotationError> {
        let open_root = || -> Result<Draft<Root>, RotationError> {
            Draft::reopen(self.file(OfflineRole::Root, by)?).map_err(|fault| shape(OfflineRole::Root, fault))
        };
        let top = |top: TopRole| {
            let root = open_root()?;
            let keys = root.body().role(top).ok_or_else(|| shape(OfflineRole::Root, "a role is missing"))?;
            Ok((named(keys.keyids(), root.body().keys()), keys.threshold()))
        };
        match role {
            OfflineRole::Root => top(TopRole::Root),
            OfflineRole::Targets => top(TopRole::Targets),
            OfflineRole::Bins => {
                let targets: Draft<Targets> =
                    Draft::reopen(self.file(OfflineRole::Targets, by)?).map_err(|fault| shape(OfflineRole::Targets, fault))?;
                let absent = || shape(OfflineRole::Targets, "it does not delegate to bins");
                let delegations: &Delegations = targets.body().delegations().ok_or_else(absent)?;
                let bins = delegations.roles().iter().find(|role| role.name().as_str() == BINS).ok_or_else(absent)?;
                Ok((named(bins.keyids(), delegations.keys()), bins.threshold()))
            }
        }
    }
}

fn named(ids: &[KeyId], keys: &BTreeMap<KeyId, affineur_tuf::key::Key>) -> Vec<NamedKey> {
    ids.iter().filter_map(|id| Some((id.clone(), keys.get(id)?.clone()))).collect()
}

/// The key that the index signs with: the one of timestamp.
fn online(root: &Root) -> Result<KeyId, RotationError> {
    let keys = root.role(TopRole::Timestamp).map(affineur_tuf::RoleKeys::keyids).unwrap_or_default();
    match keys {
        [only] => Ok(only.clone()),
        _ => Err(shape(OfflineRole::Root, format!("timestamp has {} keys, expected one", keys.len()))),
    }
}

fn version_and_expiry<R: Role>(draft: &Draft<R>) -> (affineur_tuf::Version, Expiry) {
    (draft.version(), draft.body().expires())
}

fn raw(role: OfflineRole, file: Vec<u8>) -> Result<Box<RawValue>, RotationError> {
    let text = String::from_utf8(file).map_err(|error| shape(role, error))?;
    RawValue::from_string(text).map_err(|error| shape(role, error))
}

fn shape(role: OfflineRole, problem: impl std::fmt::Display) -> RotationError {
    RotationError::Shape { role, problem: problem.to_string() }
}
