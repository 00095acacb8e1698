//! Pages in HTML (PEPs 503, 592, 629, 658, 714, 740, 792).
//!
//! Only tokens are read, no tree is built: an anchor is an anchor wherever it stands.

use std::borrow::Cow;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use super::collect::{Collector, Entry, Label, REFERENCE_BYTES, check_api_version, status};
use super::{CoreMetadata, PageError, ProjectPage, Yanked};
use crate::limits;

/// The attributes that mean something here, of all elements together.
#[derive(Default)]
struct Attributes {
    href: Option<String>,
    requires_python: Option<String>,
    core_metadata: Option<String>,
    dist_info_metadata: Option<String>,
    yanked: Option<String>,
    provenance: Option<String>,
    name: Option<String>,
    content: Option<String>,
}

#[derive(Clone, Copy)]
enum Element {
    Anchor,
    Base,
    Meta,
}

struct Anchor {
    attributes: Attributes,
    text: String,
}

/// What has been seen so far.
#[derive(Default)]
struct Reader {
    /// The start tag that is being read.
    open: Option<(Element, Attributes)>,
    /// The attribute whose value comes next.
    attribute: Option<&'static str>,
    /// The anchor whose text is being read.
    anchor: Option<Anchor>,
    anchors: Vec<Anchor>,
    too_many: bool,
    base: Option<String>,
    api_version: Option<String>,
    status: Option<String>,
    status_reason: Option<String>,
}

pub(super) fn read(text: &str, mut collector: Collector<'_>) -> Result<ProjectPage, PageError> {
    let mut reader = Reader::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| reader.event(&event));
    // Anchors in scripts, styles and the like are text.
    emitter.naively_switch_states(true);
    // The tokenizer itself never fails on a string, and an item is the wish to stop.
    let _ = Tokenizer::new_with_emitter(text, emitter).next();
    reader.finish_anchor();
    if reader.too_many {
        return Err(PageError::TooManyFiles);
    }
    check_api_version(reader.api_version.as_deref().unwrap_or("1.0").trim())?;
    if let Some(base) = &reader.base {
        collector.rebase(base);
    }
    reader.anchors.iter().filter_map(Anchor::entry).for_each(|entry| collector.push(entry));
    Ok(collector.finish(status(reader.status.as_deref().map(str::trim), reader.status_reason.as_deref())))
}

impl Reader {
    /// Takes one event; returns something when the rest does not matter any more.
    fn event(&mut self, event: &CallbackEvent<'_>) -> Option<()> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                let element = match *name {
                    b"a" => Some(Element::Anchor),
                    b"base" => Some(Element::Base),
                    b"meta" => Some(Element::Meta),
                    _ => None,
                };
                self.attribute = None;
                self.open = element.map(|element| (element, Attributes::default()));
            }
            CallbackEvent::AttributeName { name } => self.attribute_name(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { .. } => self.close_start_tag(),
            CallbackEvent::EndTag { name: b"a" } => self.finish_anchor(),
            CallbackEvent::String { value } => {
                if let Some(anchor) = &mut self.anchor {
                    push_limited(&mut anchor.text, value, limits::FILE_NAME_BYTES);
                }
            }
            _ => {}
        }
        self.too_many.then_some(())
    }

    /// Attributes without a value have no value event, so the name alone already sets an empty one. The first of several
    /// with one name counts, as in HTML.
    fn attribute_name(&mut self, name: &[u8]) {
        let slot = self.open.as_mut().and_then(|(_, attributes)| attributes.slot(name));
        self.attribute = slot.and_then(|(known, slot)| {
            let is_first = slot.is_none();
            slot.get_or_insert_default();
            is_first.then_some(known)
        });
    }

    fn attribute_value(&mut self, value: &[u8]) {
        let name = self.attribute.take();
        if let (Some(name), Some((_, attributes))) = (name, &mut self.open)
            && let Some((_, Some(slot))) = attributes.slot(name.as_bytes())
        {
            push_limited(slot, value, REFERENCE_BYTES);
        }
    }

    fn close_start_tag(&mut self) {
        self.attribute = None;
        match self.open.take() {
            Some((Element::Anchor, attributes)) => {
                self.finish_anchor();
                self.anchor = Some(Anchor { attributes, text: String::new() });
            }
            Some((Element::Base, attributes)) if self.base.is_none() => self.base = attributes.href,
            Some((Element::Meta, Attributes { name: Some(name), content, .. })) => {
                let slot = match name.to_ascii_lowercase().as_str() {
                    "pypi:repository-version" => &mut self.api_version,
                    "pypi:project-status" => &mut self.status,
                    "pypi:project-status-reason" => &mut self.status_reason,
                    _ => return,
                };
                *slot = slot.take().or(content);
            }
            _ => {}
        }
    }

    fn finish_anchor(&mut self) {
        let Some(anchor) = self.anchor.take().filter(|anchor| anchor.attributes.href.is_some()) else { return };
        if self.anchors.len() < limits::PAGE_FILES {
            self.anchors.push(anchor);
        } else {
            self.too_many = true;
        }
    }
}

impl Attributes {
    fn slot(&mut self, name: &[u8]) -> Option<(&'static str, &mut Option<String>)> {
        Some(match name {
            b"href" => ("href", &mut self.href),
            b"data-requires-python" => ("data-requires-python", &mut self.requires_python),
            b"data-core-metadata" => ("data-core-metadata", &mut self.core_metadata),
            b"data-dist-info-metadata" => ("data-dist-info-metadata", &mut self.dist_info_metadata),
            b"data-yanked" => ("data-yanked", &mut self.yanked),
            b"data-provenance" => ("data-provenance", &mut self.provenance),
            b"name" => ("name", &mut self.name),
            b"content" => ("content", &mut self.content),
            _ => return None,
        })
    }
}

impl Anchor {
    fn entry(&self) -> Option<Entry<'_>> {
        let said = &self.attributes;
        let metadata = said.core_metadata.as_deref().or(said.dist_info_metadata.as_deref());
        Some(Entry {
            label: Label::Text(self.text.trim()),
            url: said.href.as_deref()?,
            sha256: None,
            size: None,
            upload_time: None,
            requires_python: said.requires_python.clone(),
            core_metadata: metadata.map_or(CoreMetadata::Absent, read_metadata),
            yanked: said.yanked.clone().map_or(Yanked::No, Yanked::Yes),
            provenance: said.provenance.as_deref().map(Cow::Borrowed),
        })
    }
}

/// `true`, or `sha256=` and the digest (PEP 658). Another algorithm offers it too, without a digest that is used here.
fn read_metadata(value: &str) -> CoreMetadata {
    match value.trim() {
        "" | "false" => CoreMetadata::Absent,
        value => {
            let digest = value.strip_prefix("sha256=").and_then(|digest| digest.parse().ok());
            digest.map_or(CoreMetadata::Offered, CoreMetadata::Digest)
        }
    }
}

/// Appends until the text is just over the limit, so that too long stays too long. The tokenizer hands out whole characters,
/// so nothing else is lost.
fn push_limited(text: &mut String, more: &[u8], limit: usize) {
    let more = String::from_utf8_lossy(more.get(..limit.saturating_mul(2)).unwrap_or(more));
    for character in more.chars() {
        if text.len() > limit {
            break;
        }
        text.push(character);
    }
}
