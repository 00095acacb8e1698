//! Pages in JSON (PEPs 691, 700, 714, 740, 792).

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::collect::{Collector, Entry, Label, check_api_version, status};
use super::{CoreMetadata, PageError, ProjectPage, Yanked};
use crate::{ProjectName, limits, text::printable};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    meta: Meta,
    name: Option<String>,
    #[serde(borrow)]
    files: Files<'a>,
    #[serde(rename = "project-status")]
    project_status: Option<Status>,
}

#[derive(Deserialize, Default)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    /// The text of PEP 792 once says `state` where its example and the living specification say `status`.
    Object {
        status: Option<String>,
        state: Option<String>,
        reason: Option<String>,
    },
    Word(String),
}

/// At most [`limits::PAGE_FILES`] files; what follows is not even kept in memory.
struct Files<'a> {
    list: Vec<File<'a>>,
    /// Entries that have another shape: one of them must not hide a project's other files.
    misshapen: u32,
    more: bool,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(default)]
    hashes: Hashes,
    /// A size or a time that cannot be read counts as not said, hence any value is taken.
    #[serde(default)]
    size: Value,
    #[serde(default, rename = "upload-time")]
    upload_time: Value,
    #[serde(rename = "requires-python")]
    requires_python: Option<String>,
    #[serde(rename = "core-metadata")]
    core_metadata: Option<Metadata>,
    #[serde(rename = "data-dist-info-metadata")]
    data_dist_info_metadata: Option<Metadata>,
    #[serde(rename = "dist-info-metadata")]
    dist_info_metadata: Option<Metadata>,
    yanked: Option<Yank>,
    provenance: Option<String>,
}

#[derive(Deserialize, Default)]
struct Hashes {
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Metadata {
    Offered(bool),
    Hashes(Hashes),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yank {
    Marked(bool),
    Reason(String),
}

pub(super) fn read(text: &str, mut collector: Collector<'_>) -> Result<ProjectPage, PageError> {
    let page: Page<'_> = serde_json::from_str(text).map_err(|error| {
        // The message can repeat a piece of the page.
        PageError::Json(printable(&error.to_string(), limits::QUOTED_BYTES))
    })?;
    check_api_version(page.meta.api_version.as_deref().unwrap_or("1.0"))?;
    if let (Some(said), Some(asked)) = (&page.name, collector.project())
        && said.parse::<ProjectName>().as_ref() != Ok(asked)
    {
        return Err(PageError::OtherProject);
    }
    if page.files.more {
        return Err(PageError::TooManyFiles);
    }
    collector.drop_unreadable(page.files.misshapen);
    page.files.list.iter().for_each(|file| collector.push(file.entry()));
    Ok(collector.finish(match &page.project_status {
        None => status(None, None),
        Some(Status::Word(word)) => status(Some(word), None),
        Some(Status::Object { status: word, state, reason }) => status(word.as_deref().or(state.as_deref()), reason.as_deref()),
    }))
}

impl File<'_> {
    fn entry(&self) -> Entry<'_> {
        let metadata = &self.core_metadata;
        let metadata = metadata.as_ref().or(self.data_dist_info_metadata.as_ref()).or(self.dist_info_metadata.as_ref());
        Entry {
            label: Label::FileName(&self.filename),
            url: &self.url,
            sha256: self.hashes.sha256.as_deref().map(Cow::Borrowed),
            size: self.size.as_u64(),
            upload_time: self.upload_time.as_str().and_then(|time| time.parse().ok()),
            requires_python: self.requires_python.clone(),
            core_metadata: metadata.map_or(CoreMetadata::Absent, Metadata::read),
            yanked: match &self.yanked {
                Some(Yank::Marked(true)) => Yanked::Yes(String::new()),
                // PEP 691: yanked when "truthy", so an empty reason is none.
                Some(Yank::Reason(reason)) if !reason.is_empty() => Yanked::Yes(reason.clone()),
                _ => Yanked::No,
            },
            provenance: self.provenance.as_deref().map(Cow::Borrowed),
        }
    }
}

impl Metadata {
    /// A digest that cannot be read is as good as none: whoever serves the metadata has to compute it.
    fn read(&self) -> CoreMetadata {
        match self {
            Self::Offered(false) => CoreMetadata::Absent,
            Self::Offered(true) => CoreMetadata::Offered,
            Self::Hashes(hashes) => {
                let digest = hashes.sha256.as_deref().and_then(|digest| digest.parse().ok());
                digest.map_or(CoreMetadata::Offered, CoreMetadata::Digest)
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Files<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;

        impl<'de> Visitor<'de> for Bounded {
            type Value = Files<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of files")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut files: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                let mut misshapen = 0;
                while list.len() + misshapen as usize <= limits::PAGE_FILES {
                    let Some(file) = files.next_element::<&'de RawValue>()? else {
                        let more = list.len() + misshapen as usize > limits::PAGE_FILES;
                        return Ok(Files { list, misshapen, more });
                    };
                    match serde_json::from_str(file.get()) {
                        Ok(file) => list.push(file),
                        Err(_) => misshapen += 1,
                    }
                }
                while files.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Files { list, misshapen, more: true })
            }
        }

        deserializer.deserialize_seq(Bounded)
    }
}
