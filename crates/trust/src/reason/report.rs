//! Reasons for reports.

use affineur_packaging::text::printable;
use affineur_tuf::Chain;
use jiff::{SignedDuration, Timestamp};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Missing, Reason, contradiction_code};
use crate::policy::WrittenBy;
use crate::text::thousandths;
use crate::{Account, Clock, Contradiction, Explanation, PartySays, Says, Statement, limits};

/// For reports: `code`, `class`, `text`, and the reason's own fields. Durations are in seconds.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        map.serialize_entry("class", &self.class())?;
        match self {
            Self::OldEnough { time, clock, age, minimum, policy } => {
                wait_fields(&mut map, time, *clock, *age, *minimum, *policy)?;
            }
            Self::TooYoung { time, clock, age, minimum, eligible, policy } => {
                wait_fields(&mut map, time, *clock, *age, *minimum, *policy)?;
                map.serialize_entry("eligible", eligible)?;
            }
            Self::NoWait { policy } => map.serialize_entry("policy", policy)?,
            Self::Exception { project, minimum, until, reason } => {
                map.serialize_entry("project", project.as_str())?;
                map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
                map.serialize_entry("until", until)?;
                map.serialize_entry("reason", &printable(reason, limits::EXCEPTION_REASON_CHARACTERS))?;
            }
            Self::AgeUnknown { source, first_seen, minimum, eligible, policy } => {
                map.serialize_entry("source", source)?;
                map.serialize_entry("first_seen", first_seen)?;
                map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
                map.serialize_entry("eligible", eligible)?;
                map.serialize_entry("policy", policy)?;
            }
            Self::AgeUnknownAllowed { source }
            | Self::AgeNotAsked { source }
            | Self::NoDigest { source }
            | Self::NotListed { source } => map.serialize_entry("source", source)?,
            Self::NotItsSource { source, expected } => {
                map.serialize_entry("source", source)?;
                map.serialize_entry("expected", expected)?;
            }
            Self::Unavailable { source, problem } => {
                map.serialize_entry("source", source)?;
                map.serialize_entry("problem", &printable(problem, limits::PROBLEM_CHARACTERS))?;
            }
            Self::NotVouched { party, .. } | Self::OtherNotVouched { party, .. } => map.serialize_entry("party", party)?,
            Self::Vouched { party, worth, chain } => {
                map.serialize_entry("party", party)?;
                map.serialize_entry("tier", &worth.to_string())?;
                map.serialize_entry("chain", &Roles(chain))?;
            }
            Self::Contradicted { party, what, .. } | Self::OtherContradicts { party, what } => {
                map.serialize_entry("party", party)?;
                contradiction_fields(&mut map, what)?;
            }
            _ => demand_fields(&mut map, self)?,
        }
        map.serialize_entry("text", &self.to_string())?;
        map.end()
    }
}

/// The fields of reasons that are about demands.
fn demand_fields<M: SerializeMap>(map: &mut M, reason: &Reason) -> Result<(), M::Error> {
    match reason {
        Reason::Urgent { by, minimum } => {
            map.serialize_entry("by", by)?;
            map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
        }
        Reason::DemandMet(met) => map.serialize_entry("coalition", &met.coalition())?,
        Reason::NotAttested { source, could } => {
            map.serialize_entry("source", source)?;
            map.serialize_entry("could", could)?;
        }
        Reason::RequiredMissing { party, standing, .. } | Reason::VetoUnheard { party, standing } => {
            map.serialize_entry("party", party)?;
            map.serialize_entry("standing", standing.code())?;
        }
        Reason::RuleMissing { rule, missing } => {
            map.serialize_entry("rule", rule)?;
            map.serialize_entry("missing", &Absent(missing))?;
        }
        Reason::ScoreMissing { score, minimum, missing } => {
            map.serialize_entry("score", &thousandths(*score))?;
            map.serialize_entry("minimum", &thousandths(minimum.thousandths().into()))?;
            map.serialize_entry("missing", &Absent(missing))?;
        }
        Reason::Vetoed { party, reason, expires } => {
            map.serialize_entry("party", party)?;
            map.serialize_entry("reason", &printable(reason, limits::EXCEPTION_REASON_CHARACTERS))?;
            map.serialize_entry("expires", expires)?;
        }
        Reason::NotStable { source } => map.serialize_entry("source", source)?,
        Reason::OtherObjects { party, reason } => {
            map.serialize_entry("party", party)?;
            map.serialize_entry("reason", &printable(reason, limits::EXCEPTION_REASON_CHARACTERS))?;
        }
        _ => {}
    }
    Ok(())
}

/// For reports: `holds`; who makes it hold (`coalition`) or would (`enough`, `more`); `parties`.
impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("holds", &self.holds())?;
        match &self.explanation {
            Explanation::NothingAsked => {}
            Explanation::Met { coalition } => {
                let names: Vec<_> = coalition.iter().map(|counted| &counted.party).collect();
                map.serialize_entry("coalition", &names)?;
            }
            Explanation::Missing { sets, more } => {
                map.serialize_entry("enough", sets)?;
                map.serialize_entry("more", more)?;
            }
        }
        map.serialize_entry("parties", &self.parties)?;
        map.end()
    }
}

impl Serialize for PartySays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("party", &self.party)?;
        match &self.says {
            Says::Vouches(statements) => {
                map.serialize_entry("says", "vouches")?;
                map.serialize_entry("statements", statements)?;
            }
            Says::Pinned => map.serialize_entry("says", "pinned")?,
            Says::Nothing(standing) => {
                map.serialize_entry("says", standing.code())?;
                map.serialize_entry("text", &standing.to_string())?;
            }
        }
        map.serialize_entry("weight", &thousandths(self.weight))?;
        map.serialize_entry("at_most", &thousandths(self.heaviest))?;
        if let Some(with) = &self.same_origin_as {
            map.serialize_entry("same_origin_as", with)?;
        }
        map.end()
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { worth, chain, until } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("as", &worth.to_string())?;
        map.serialize_entry("until", until)?;
        map.serialize_entry("chain", &Roles(chain))?;
        map.end()
    }
}

/// Who does not count, by name, and why.
struct Absent<'a>(&'a Missing);

impl Serialize for Absent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.absent.iter().map(|(party, standing)| (party, standing.code())))
    }
}

/// The roles of a chain with their keys, for reports.
struct Roles<'a>(&'a Chain);

impl Serialize for Roles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Role {
            role: String,
            version: u64,
            threshold: u32,
            keys: Vec<String>,
        }
        serializer.collect_seq(self.0.steps().iter().map(|step| Role {
            role: printable(step.role.as_str(), limits::ROLE_CHARACTERS),
            version: step.version.number(),
            threshold: step.threshold.number(),
            keys: step.keyids.iter().map(|key| printable(key.as_str(), limits::ROLE_CHARACTERS)).collect(),
        }))
    }
}

fn wait_fields<M: SerializeMap>(
    map: &mut M,
    time: &Timestamp,
    clock: Clock,
    age: SignedDuration,
    minimum: SignedDuration,
    policy: WrittenBy,
) -> Result<(), M::Error> {
    map.serialize_entry("time", time)?;
    map.serialize_entry("clock", &clock)?;
    map.serialize_entry("age_seconds", &age.as_secs())?;
    map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
    map.serialize_entry("policy", &policy)
}

fn contradiction_fields<M: SerializeMap>(map: &mut M, what: &Contradiction) -> Result<(), M::Error> {
    map.serialize_entry("contradiction", contradiction_code(what))?;
    match what {
        Contradiction::Digest { pinned, got, since } => {
            map.serialize_entry("expected", pinned)?;
            map.serialize_entry("got", got)?;
            map.serialize_entry("since", since)
        }
        Contradiction::Bytes { expected, got } => {
            map.serialize_entry("expected", expected)?;
            map.serialize_entry("got", got)
        }
        Contradiction::OtherBytes { vouched } => map.serialize_entry("expected", vouched),
        Contradiction::Metadata | Contradiction::Vanished | Contradiction::ListedTwice => Ok(()),
    }
}
