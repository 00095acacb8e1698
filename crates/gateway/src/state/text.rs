//! The state in text form: one JSON object a line, as `docs/formats/state.md` describes it. Pure.
//!
//! Must never accept a line that it would not have written itself: one state has one text.

use std::fmt::Display;
use std::str::FromStr;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::PartyName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::contradiction::{Stored, Time};
use super::rows::is_server;
use crate::limits;

/// The version of the text form.
pub(super) const VERSION: i64 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Header {
    affineur_state: i64,
}

/// One line. The variants are in the order in which their lines stand, which is that of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    Binding(Binding),
    Evidence(Box<Evidence>),
    File(Box<File>),
    Host(Host),
    Hostile(Hostile),
    Page(Page),
    RevocationEpoch(u64),
    Source(Source),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    pub(super) project: ProjectName,
    #[serde(with = "printed")]
    pub(super) source: PartyName,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Evidence {
    #[serde(with = "printed")]
    pub(super) source: PartyName,
    pub(super) project: ProjectName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    pub(super) time: Time,
    pub(super) id: Sha256,
    pub(super) contradiction: Stored,
    pub(super) left: Side,
    pub(super) right: Side,
}

/// One side of a piece of evidence. Written as text only where no character of it can do anything to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Side {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The full length, where it was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut_from: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    #[serde(with = "printed")]
    pub(super) source: PartyName,
    pub(super) project: ProjectName,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<Sha256>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    #[serde(with = "printed")]
    pub(super) url: Url,
    pub(super) first_seen: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) absent_until: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) upload_time: Option<Time>,
    /// Not there: not asked for. `null`: asked for, and the upstream does not say.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) last_modified: Option<Option<Time>>,
    /// The last page does not list it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unlisted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) host: String,
    #[serde(with = "printed")]
    pub(super) source: PartyName,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hostile {
    #[serde(with = "printed")]
    pub(super) source: PartyName,
    pub(super) project: ProjectName,
    pub(super) file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<Sha256>,
    pub(super) contradiction: Stored,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(with = "printed")]
    pub(super) source: PartyName,
    pub(super) project: ProjectName,
    pub(super) time: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    #[serde(with = "printed")]
    pub(super) name: PartyName,
    #[serde(with = "printed")]
    pub(super) url: Url,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// A later version of this program wrote it.
    Newer(i64),
    /// A line is wrong.
    Line(usize, String),
}

/// Reads a text. Each record comes with its line's number.
pub(super) fn parse(text: &str) -> Result<Vec<(usize, Record)>, Problem> {
    let Some(text) = text.strip_suffix('\n') else {
        return Err(Problem::Line(text.lines().count().max(1), "the file ends within a line".to_owned()));
    };
    let mut lines = text.split('\n').enumerate().map(|(index, line)| (index + 1, line));
    let (_, first) = lines.next().unwrap_or((1, ""));
    check_header(first)?;
    let mut previous = "";
    let mut records = Vec::new();
    for (number, line) in lines {
        let wrong = |problem: &str| Problem::Line(number, problem.to_owned());
        let record: Record =
            serde_json::from_str(line).map_err(|error| wrong(&format!("cannot be read: {}", place(&error))))?;
        if print_line(&record).as_deref() != Ok(line) {
            return Err(wrong(
                "not as affineur writes it: expected JSON without spaces, keys in their order, normal forms only",
            ));
        }
        if line <= previous {
            return Err(wrong("not in order: expected lines sorted by their bytes, each once"));
        }
        check(&record).map_err(wrong)?;
        previous = line;
        records.push((number, record));
    }
    Ok(records)
}

/// Where in a line and which kind of mistake. The parser's own words may quote what is there.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "not a record of this version",
        _ => "not JSON",
    };
    format!("{what} (column {})", error.column())
}

fn check_header(line: &str) -> Result<(), Problem> {
    let wrong = || Problem::Line(1, format!(r#"expected {{"affineur-state":{VERSION}}}"#));
    let header: Header = serde_json::from_str(line).map_err(|_| wrong())?;
    if header.affineur_state > VERSION {
        return Err(Problem::Newer(header.affineur_state));
    }
    if line == header_line() { Ok(()) } else { Err(wrong()) }
}

fn header_line() -> String {
    format!(r#"{{"affineur-state":{VERSION}}}"#)
}

/// What one line must say to be possible at all.
fn check(record: &Record) -> Result<(), &'static str> {
    let belongs = |file: &str, project: &ProjectName| match FileName::of_project(file, project) {
        Ok(_) => Ok(()),
        Err(_) => Err("expected the name of a file of this project"),
    };
    match record {
        Record::File(file) if file.absent_until.is_some_and(|absent| absent > file.first_seen) => {
            Err("absent-until is later than first-seen")
        }
        Record::File(file) => belongs(&file.name, &file.project),
        Record::Hostile(hostile) => belongs(&hostile.file, &hostile.project),
        Record::Evidence(evidence) => {
            evidence.file.as_deref().map_or(Ok(()), |file| belongs(file, &evidence.project))?;
            evidence.left.bytes().and(evidence.right.bytes()).map(|_| ()).ok_or("a side of the evidence cannot be read")
        }
        Record::Host(host) if !is_server(&host.host) => Err("expected a host, or host:port"),
        _ => Ok(()),
    }
}

/// Writes records, in any order, as a text.
pub(super) fn print(records: &[Record]) -> Result<String, serde_json::Error> {
    let mut lines = records
        .iter()
        .map(print_line)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|UnprintableTime| <serde_json::Error as serde::ser::Error>::custom("a time is out of range"))?;
    lines.sort_unstable();
    lines.insert(0, header_line());
    lines.push(String::new());
    Ok(lines.join("\n"))
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnprintableTime;

fn print_line(record: &Record) -> Result<String, UnprintableTime> {
    serde_json::to_string(record).map_err(|_| UnprintableTime)
}

impl Side {
    /// A side with its full length.
    pub(super) fn new(bytes: &[u8], size: u64) -> Self {
        let harmless = |byte: &u8| byte.is_ascii() && *byte != 0x7f;
        let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(harmless)).map(str::to_owned);
        let base64 = text.is_none().then(|| BASE64.encode(bytes));
        Self { text, base64, cut_from: Some(size).filter(|&size| size != bytes.len() as u64) }
    }

    /// The bytes and the full length, where it is written as [`Side::new`] does it.
    pub(super) fn bytes(&self) -> Option<(Vec<u8>, u64)> {
        let bytes = match (&self.text, &self.base64) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(base64)) => BASE64.decode(base64).ok()?,
            _ => return None,
        };
        let size = self.cut_from.unwrap_or(bytes.len() as u64);
        let fits = bytes.len() <= limits::EVIDENCE_SIDE_BYTES && size >= bytes.len() as u64;
        (fits && *self == Self::new(&bytes, size)).then_some((bytes, size))
    }
}

/// Tells `null` from a key that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Time>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Values that are written as they print.
mod printed {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| serde::de::Error::custom("malformed"))
    }
}
