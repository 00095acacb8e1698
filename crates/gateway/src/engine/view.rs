//! One project's page, decided: what each file is, what the policy says about it, and how it looks to installers.
//!
//! A view is made once per upstream page and policy state and shared by all requests. Its forms (JSON and HTML, plain,
//! gzip, zstd) are made when first asked for.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use affineur_packaging::page::{
    CoreMetadata, Format, PageFile, ProjectStatus, ServedFile, ServedPage, StatusMarker, Yanked, render,
};
use affineur_packaging::{DistributionKind, ProjectName};
use affineur_trust::{Class, Decision, Mode, Pin, Withheld};
use bytes::Bytes;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::source::Source;
use crate::limits;

/// A project's page after every file was decided.
#[derive(Debug)]
pub(crate) struct ProjectView {
    pub(crate) project: ProjectName,
    pub(crate) source: Source,
    /// Where the page came from: what its files' URLs are measured against.
    pub(crate) page_url: Url,
    pub(crate) files: Vec<DecidedFile>,
    pub(crate) status: ProjectStatus,
    pub(crate) mode: Mode,
    /// When the page was last confirmed by its source.
    pub(crate) confirmed: Timestamp,
    /// When the page has to be confirmed again.
    pub(crate) fresh_until: Timestamp,
    /// When the decisions have to be made again, if time alone changes one.
    pub(crate) decided_until: Option<Timestamp>,
    /// Why the page could not be verified, where it could not.
    pub(crate) unverified: Option<(Class, String)>,
    index: HashMap<String, usize>,
    json: Forms,
    html: Forms,
}

/// One file and what was decided about it.
#[derive(Debug, Clone)]
pub(crate) struct DecidedFile {
    pub(crate) entry: PageFile,
    pub(crate) pin: Option<Pin>,
    pub(crate) decision: Decision,
    /// The time from which the policy counted its age.
    pub(crate) dated: Option<Timestamp>,
    /// Whether it is withheld, and attestations that nobody has asked for could be of use.
    pub(crate) lacks_attestations: bool,
}

/// What the policy's mode makes of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// It passes.
    Let,
    /// The mode lets it pass; the policy would not.
    LetDespite(&'a Withheld),
    /// It does not pass.
    Refuse(&'a Withheld),
}

/// How bytes are encoded for the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// One rendered form of a page.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) body: Bytes,
    pub(crate) etag: HeaderValue,
}

/// The encodings of one format, each made when it is first asked for.
#[derive(Debug, Default)]
struct Forms {
    identity: OnceLock<Form>,
    gzip: OnceLock<Form>,
    zstd: OnceLock<Form>,
}

/// What is known about a project at one source.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    View(Arc<ProjectView>),
    /// The source has no such project; asked again soon.
    Absent {
        until: Timestamp,
    },
}

impl Known {
    pub(crate) fn absent(now: Timestamp) -> Self {
        Self::Absent { until: super::later(now, SignedDuration::from_secs(limits::ABSENT_SECONDS)) }
    }

    /// Whether it can still be used at `now`.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        match self {
            Self::View(view) => view.holds_at(now),
            Self::Absent { until } => now < *until,
        }
    }
}

/// How much memory a view is counted with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weight;

impl<K> quick_cache::Weighter<K, Known> for Weight {
    fn weight(&self, _: &K, known: &Known) -> u64 {
        let files = match known {
            Known::View(view) => view.files.len() as u64,
            Known::Absent { .. } => 0,
        };
        // An entry with its strings, its share of the forms in two formats, and its place in the index.
        limits::VIEW_BYTES + limits::VIEW_FILE_BYTES * files
    }
}

/// Where the files of a served page are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Where the upstream has them: an intercepting proxy sees the request anyway, and lock files stay as they are.
    Upstream,
    /// Below this gateway's own address.
    Own,
}

impl DecidedFile {
    pub(crate) fn verdict(&self, mode: Mode) -> Verdict<'_> {
        match &self.decision {
            Decision::Allow(_) => Verdict::Let,
            Decision::Withhold(withheld) if withheld.class() == Class::Hostile || mode == Mode::Enforce => {
                Verdict::Refuse(withheld)
            }
            Decision::Withhold(withheld) => Verdict::LetDespite(withheld),
        }
    }

    /// The project under which it was decided.
    pub(crate) fn decision_project(&self) -> &ProjectName {
        match &self.decision {
            Decision::Allow(allowed) => &allowed.file().project,
            Decision::Withhold(withheld) => &withheld.file().project,
        }
    }

    /// Whether only its date is missing, which is asked for when the file is.
    pub(crate) fn waits_for_date(&self) -> bool {
        matches!(&self.decision, Decision::Withhold(withheld) if withheld.reasons().iter().any(|reason| matches!(reason, affineur_trust::Reason::AgeNotAsked { .. })))
    }
}

impl DecidedFile {
    /// Whether what is missing is asked for when the file is: until then it is shown as if it passed.
    fn waits(&self) -> bool {
        let undecided = matches!(&self.decision, Decision::Withhold(withheld) if withheld.class() == Class::Undecided);
        self.waits_for_date() || (self.lacks_attestations && undecided)
    }
}

/// The first reason of a withheld file, in words.
pub(crate) fn first_reason(withheld: &Withheld) -> String {
    withheld.reasons().first().map_or_else(|| "withheld".to_owned(), ToString::to_string)
}

impl ProjectView {
    #[expect(clippy::too_many_arguments, reason = "each is one fact about the page; a builder would only rename them")]
    pub(crate) fn new(
        project: ProjectName,
        source: Source,
        page_url: Url,
        files: Vec<DecidedFile>,
        status: ProjectStatus,
        mode: Mode,
        confirmed: Timestamp,
        fresh_until: Timestamp,
        decided_until: Option<Timestamp>,
    ) -> Self {
        let index = files.iter().enumerate().map(|(at, file)| (file.entry.name.as_str().to_owned(), at)).collect();
        Self {
            project,
            source,
            page_url,
            files,
            status,
            mode,
            confirmed,
            fresh_until,
            decided_until,
            unverified: None,
            index,
            json: Forms::default(),
            html: Forms::default(),
        }
    }

    /// The file with this name.
    pub(crate) fn file(&self, name: &str) -> Option<&DecidedFile> {
        self.index.get(name).and_then(|at| self.files.get(*at))
    }

    /// Whether `url`'s host is the source's or one that the page names for its files.
    pub(crate) fn names_host_of(&self, url: &Url) -> bool {
        let same =
            |other: &Url| other.host_str() == url.host_str() && other.port_or_known_default() == url.port_or_known_default();
        same(&self.source.url) || same(&self.page_url) || self.files.iter().any(|file| same(&file.entry.url))
    }

    /// Whether the view can still be used at `now`.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        now < self.fresh_until && self.decided_until.is_none_or(|until| now < until) && now >= self.confirmed
    }

    /// Whether that form has been made already.
    pub(crate) fn has_form(&self, format: Format, encoding: Encoding) -> bool {
        self.cell(format, encoding).get().is_some()
    }

    fn cell(&self, format: Format, encoding: Encoding) -> &OnceLock<Form> {
        let forms = match format {
            Format::Json => &self.json,
            Format::Html => &self.html,
        };
        match encoding {
            Encoding::Identity => &forms.identity,
            Encoding::Gzip => &forms.gzip,
            Encoding::Zstd => &forms.zstd,
        }
    }

    /// The page's bytes in one form.
    pub(crate) fn form(&self, format: Format, encoding: Encoding, links: Links) -> &Form {
        self.cell(format, encoding).get_or_init(|| match encoding {
            Encoding::Identity => form(render(format, &self.served(links)), encoding),
            _ => form(compress(&self.form(format, Encoding::Identity, links).body, encoding), encoding),
        })
    }

    /// What installers see. Where something passes, withheld files are marked as yanked with the reason; where nothing does,
    /// they are listed unmarked, since only then installers ask for one and print why they cannot have it.
    fn served(&self, links: Links) -> ServedPage {
        let passes = |file: &DecidedFile| file.waits() || !matches!(file.verdict(self.mode), Verdict::Refuse(_));
        let nothing_passes = !self.files.iter().any(passes);
        let files = self.files.iter().map(|file| self.serve(file, nothing_passes, links)).collect();
        let status = match self.status.marker {
            // PEP 792: a quarantined page offers no files; ours lists them so that the reason can be told.
            StatusMarker::Quarantined => ProjectStatus { marker: StatusMarker::Active, reason: None },
            _ => self.status.clone(),
        };
        ServedPage { project: self.project.clone(), files, status }
    }

    fn serve(&self, file: &DecidedFile, nothing_passes: bool, links: Links) -> ServedFile {
        let mut entry = file.entry.clone();
        let mark = match file.verdict(self.mode) {
            _ if file.waits() => None,
            Verdict::Let => None,
            Verdict::LetDespite(withheld) if self.mode == Mode::Warn => Some(withheld),
            Verdict::LetDespite(_) => None,
            Verdict::Refuse(withheld) => (!nothing_passes).then_some(withheld),
        };
        if nothing_passes {
            entry.yanked = Yanked::No;
        }
        if self.source.signs() {
            entry.provenance = None; // with a digest of ours in its URL
        }
        if let Some(withheld) = mark {
            let see = match links {
                Links::Upstream => String::new(),
                Links::Own => format!("; see /why/{}/{}", self.project, entry.name.version()),
            };
            entry.yanked = Yanked::Yes(format!("[affineur] {}{see}", first_reason(withheld)));
        }
        entry.core_metadata = match (entry.name.kind(), entry.core_metadata) {
            (DistributionKind::Wheel, CoreMetadata::Absent) => CoreMetadata::Offered, // `.metadata` is always served
            (DistributionKind::Wheel, offered) => offered,
            (DistributionKind::Sdist, _) => CoreMetadata::Absent,
        };
        let upstream_upload_time = entry.upload_time;
        entry.upload_time =
            file.dated.or(entry.upload_time).or(file.pin.as_ref().map(|pin| pin.first_seen)).or(Some(self.confirmed));
        ServedFile {
            href: match links {
                Links::Upstream => None,
                Links::Own => Some(format!("../../files/{}/{}", self.project, entry.name)),
            },
            upstream_upload_time,
            first_seen: file.pin.as_ref().map(|pin| pin.first_seen),
            file: entry,
        }
    }
}

fn form(body: Vec<u8>, encoding: Encoding) -> Form {
    let digest = crate::digest::sha256(&body).to_string();
    let suffix = match encoding {
        Encoding::Identity => "",
        Encoding::Gzip => "-gzip",
        Encoding::Zstd => "-zstd",
    };
    let etag = format!("\"{}{suffix}\"", digest.get(..32).unwrap_or(&digest));
    Form { body: body.into(), etag: HeaderValue::from_str(&etag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")) }
}

/// Compression of bytes in memory cannot fail; should a library say so all the same, an empty body is never served as a page:
/// the installer refuses it.
fn compress(body: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Identity => body.to_vec(),
        Encoding::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::new(limits::GZIP_LEVEL));
            encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default()
        }
        Encoding::Zstd => zstd::bulk::compress(body, 3).unwrap_or_default(),
    }
}
