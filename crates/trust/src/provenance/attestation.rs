//! Attestations as they come (PEP 740, "Attestation objects"): read into types that have a place for what the format has and for
//! nothing else, and printed from these again.

use affineur_packaging::text::printable;
use affineur_tuf::json::canonical;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::ProvenanceFault;
use super::note::Note;
use crate::limits;

/// The attestations of one file, read and not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestations(Vec<Attestation>);

/// One attestation, read and not verified. Members in the order in which they are printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    pub(super) envelope: Envelope,
    pub(super) verification_material: Material,
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    pub(super) signature: Base64,
    pub(super) statement: Base64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Material {
    pub(super) certificate: Base64,
    pub(super) transparency_entries: Vec<Entry>,
}

/// An entry of a transparency log, in the JSON form of Sigstore's protocol buffers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Entry {
    canonicalized_body: Base64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inclusion_promise: Option<Promise>,
    inclusion_proof: Proof,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integrated_time: Option<Number>,
    kind_version: KindVersion,
    log_id: LogId,
    log_index: Number,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Promise {
    signed_entry_timestamp: Base64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Proof {
    checkpoint: Checkpoint,
    hashes: Vec<Base64>,
    log_index: Number,
    root_hash: Base64,
    tree_size: Number,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    envelope: Note,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindVersion {
    kind: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LogId {
    key_id: Base64,
}

/// Bytes that were written in the one way that RFC 4648 calls canonical: with padding, without line breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| D::Error::custom("a text is not base64"))
    }
}

/// A number in a text, as protocol buffers have 64 bits in JSON: digits without anything before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number(u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        number.map(Self).ok_or_else(|| D::Error::custom("a text is not a number"))
    }
}

impl Attestations {
    /// Reads a JSON list of attestations, as uploads have them.
    ///
    /// # Errors
    /// See [`ProvenanceFault`]. A name twice in an object, an unknown one, and whatever else two readers could read differently is
    /// [`ProvenanceFault::Format`].
    pub fn parse(list: &[u8]) -> Result<Self, ProvenanceFault> {
        check_text(list)?;
        Self::read(serde_json::from_slice(list).map_err(|error| format(&error))?)
    }

    /// Reads a provenance object, as indexes serve them. What it says of publishers is not read: the certificates say it.
    ///
    /// # Errors
    /// See [`ProvenanceFault`].
    pub fn parse_provenance(object: &[u8]) -> Result<Self, ProvenanceFault> {
        #[derive(Deserialize)]
        struct Provenance<'a> {
            #[serde(borrow)]
            attestation_bundles: Vec<Bundle<'a>>,
            version: u64,
        }
        #[derive(Deserialize)]
        struct Bundle<'a> {
            #[serde(borrow)]
            attestations: Vec<&'a RawValue>,
        }
        check_text(object)?;
        let object: Provenance<'_> = serde_json::from_slice(object).map_err(|error| format(&error))?;
        if object.version != 1 {
            return Err(ProvenanceFault::Version(object.version));
        }
        Self::read(object.attestation_bundles.into_iter().flat_map(|bundle| bundle.attestations).collect())
    }

    fn read(list: Vec<&RawValue>) -> Result<Self, ProvenanceFault> {
        if list.is_empty() {
            return Err(ProvenanceFault::Empty);
        }
        if list.len() > limits::ATTESTATIONS {
            return Err(ProvenanceFault::TooMany);
        }
        list.into_iter().map(|one| Attestation::parse(one.get().as_bytes())).collect::<Result<_, _>>().map(Self)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Attestation> {
        self.0.iter()
    }
}

impl Attestation {
    /// Reads one attestation, as files beside distributions have it (`*.publish.attestation`).
    ///
    /// # Errors
    /// See [`ProvenanceFault`].
    pub fn parse(text: &[u8]) -> Result<Self, ProvenanceFault> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let read = check_text(text)?;
        // First of all: another version may have everything else in other places.
        let Versioned { version } = serde_json::from_slice(text).map_err(|error| format(&error))?;
        if version != 1 {
            return Err(ProvenanceFault::Version(version));
        }
        let attestation: Self = serde_json::from_slice(text).map_err(|error| format(&error))?;
        let entries = attestation.verification_material.transparency_entries.len();
        if entries == 0 || entries > limits::TRANSPARENCY_ENTRIES {
            let most = limits::TRANSPARENCY_ENTRIES;
            return Err(ProvenanceFault::Format(format!("{entries} transparency entries; expected are 1 to {most}")));
        }
        // Whatever would be left out or written in another way, such as a list in place of an object.
        match canonical(attestation.to_json().as_bytes()) {
            Ok(printed) if printed == read => Ok(attestation),
            _ => Err(ProvenanceFault::Format("it has something that the format has no place for".to_owned())),
        }
    }

    /// It as a JSON text without white space, from which it reads the same.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts, numbers and lists always can be printed.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Checks what holds of the text as a whole: its length, its depth, and that all readers read the same.
fn check_text(text: &[u8]) -> Result<Vec<u8>, ProvenanceFault> {
    if text.len() > limits::ATTESTATIONS_BYTES {
        return Err(ProvenanceFault::TooLong);
    }
    canonical(text).map(std::borrow::Cow::into_owned).map_err(|error| format(&error))
}

/// A fault of the format in words. They may quote what was read.
pub(super) fn format(error: &dyn std::error::Error) -> ProvenanceFault {
    ProvenanceFault::Format(printable(&error.to_string(), limits::PROBLEM_CHARACTERS))
}
