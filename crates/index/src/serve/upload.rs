//! `POST /legacy/`: uploads as twine, uv, flit, hatch and poetry send them. Each refusal is in the reason phrase, which twine
//! prints, and in a problem document, which uv prints.

use std::pin::pin;
use std::sync::Arc;

use affineur_packaging::ProjectName;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::ext::ReasonPhrase;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Shared, answer};
use crate::limits;
use crate::store::{AcceptError, Scope, Stage, StageError, Staged, Store, StoreError, TicketState, Token};
use crate::token::digest_of;
use crate::upload::{
    AttestationError, Facts, NoRoom, PaceError, ReadError, Reserve, Sink, UploadError, Watch, accept, paced, read,
};

/// Why an upload is refused, in words for whoever uploads.
struct Refusal {
    status: StatusCode,
    words: String,
}

impl Refusal {
    fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into() }
    }

    /// What kind of reason it is, for counting.
    fn class(&self) -> &'static str {
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "token",
            StatusCode::CONFLICT => "name-taken",
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            StatusCode::REQUEST_TIMEOUT => "too-slow",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => "busy",
            status if status.is_server_error() => "broken",
            _ => "content",
        }
    }

    fn into_response(self) -> Response {
        let mut response = answer::problem(self.status, &self.words);
        let phrase: String = self.words.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
        let cut = phrase.get(..phrase.len().min(limits::REASON_BYTES)).unwrap_or_default().to_owned();
        if let Ok(phrase) = ReasonPhrase::try_from(Bytes::from(cut)) {
            response.extensions_mut().insert(phrase);
        }
        let (name, value) = match self.status {
            StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"upload\"")),
            StatusCode::SERVICE_UNAVAILABLE => (header::RETRY_AFTER, limits::RETRY_AFTER_SECONDS.into()),
            StatusCode::REQUEST_TIMEOUT => (header::CONNECTION, HeaderValue::from_static("close")),
            _ => return response,
        };
        response.headers_mut().insert(name, value);
        response
    }
}

pub(super) async fn upload<S: Store>(State(shared): State<Arc<Shared<S>>>, request: Request) -> Response {
    match taken(&shared, request).await {
        Ok(words) => {
            metrics::counter!("affineur_index_uploads_total", "outcome" => "accepted").increment(1);
            Response::new(Body::from(words))
        }
        Err(refusal) => {
            let reason = refusal.class();
            metrics::counter!("affineur_index_uploads_total", "outcome" => "refused", "reason" => reason).increment(1);
            tracing::info!(status = refusal.status.as_u16(), reason = %refusal.words, "an upload was refused");
            refusal.into_response()
        }
    }
}

async fn taken<S: Store>(shared: &Shared<S>, request: Request) -> Result<String, Refusal> {
    let (now, store) = (Timestamp::now(), &shared.store);
    let (head, body) = request.into_parts();
    let token = authorized(store, &head.headers, now).await?;
    let place = shared.admission.place(token.id).await;
    let place = place.map_err(|busy| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, busy.to_string()))?;
    let mut staging = Staging::new(store, &token, shared.settings.limits.reserve.as_ref());
    staging.expect(&head.headers)?;
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = pin!(paced(body.into_data_stream(), shared.settings.limits.pace));
    let form = read(content_type, body, &mut staging, limits::DISTRIBUTION_BYTES).await;
    let form = form.map_err(|error| match error {
        ReadError::Fault(fault) => Refusal::new(fault.status(), fault.to_string()),
        ReadError::Body(PaceError::Body(_)) => Refusal::new(StatusCode::BAD_REQUEST, "the upload broke off before its end"),
        ReadError::Body(slow) => Refusal::new(StatusCode::REQUEST_TIMEOUT, slow.to_string()),
        ReadError::Sink(refusal) => refusal,
    })?;
    may_write(&token, &form.project)?;
    let (verifier, by) = (&shared.settings.attestations, token.publisher.as_ref());
    let attestations = verifier.of_upload(store, form.attestations, &form.file, form.sha256, by).await;
    let attestations = attestations.map_err(|error| refused(&error))?;
    let staged = staging.finish()?;
    let file = form.file.clone();
    let facts = Facts { file: form.file, attestations, uploader: format!("token {}", token.id.number()), now };
    let accepted = accept(store, staged, facts).await.map_err(|error| refused(&error))?;
    drop(place);
    tracing::info!(%file, token = token.id.number(), ticket = accepted.ticket().number(), "an upload was accepted");
    let day = now.to_zoned(TimeZone::UTC).date();
    if let Err(error) = store.token_used(token.id, day).await {
        tracing::warn!(%error, "the use of a token was not remembered");
    }
    // It is durable by now. Most tools install right after: wait until it is signed.
    match tokio::time::timeout(limits::PUBLICATION_WAIT, store.wait(accepted.ticket())).await {
        Ok(Ok(TicketState::Refused(reason))) => Err(Refusal::new(StatusCode::BAD_REQUEST, reason)),
        Ok(Ok(TicketState::Published(_))) => Ok(format!("{file} is published\n")),
        _ => Ok(format!("{file} is accepted, and will be published\n")),
    }
}

/// Who uploads: `__token__` and a token, or a bearer token.
async fn authorized<S: Store>(store: &S, headers: &HeaderMap, now: Timestamp) -> Result<Token, Refusal> {
    let unauthorized = |words: &str| Refusal::new(StatusCode::UNAUTHORIZED, words);
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let header = header.ok_or_else(|| unauthorized("uploads need a token: user name __token__, the token as password"))?;
    let secret =
        secret(header).ok_or_else(|| unauthorized("the user name is __token__, the password is a token of this index"))?;
    let token = store.token_by_hash(&digest_of(&secret)).await.map_err(|error| broken(&error))?;
    let token = token.ok_or_else(|| unauthorized("this index does not know this token"))?;
    if !token.is_good(now) {
        return Err(unauthorized("this token has expired or was revoked"));
    }
    Ok(token)
}

fn secret(header: &str) -> Option<String> {
    let (scheme, value) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    (user == "__token__").then(|| password.to_owned())
}

fn may_write(token: &Token, project: &ProjectName) -> Result<(), Refusal> {
    match &token.scope {
        Scope::Index => Ok(()),
        Scope::Project(own) if own == project => Ok(()),
        Scope::Project(own) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, format!("this token may upload to {own} only, not to {project}")))
        }
    }
}

fn refused(error: &UploadError) -> Refusal {
    let status = match error {
        UploadError::Accept(AcceptError::NameTaken { .. } | AcceptError::Deleted { .. }) => StatusCode::CONFLICT,
        UploadError::Accept(AcceptError::QueueFull) => StatusCode::SERVICE_UNAVAILABLE,
        UploadError::Attestations(AttestationError::Lost) => return broken(error),
        UploadError::Attestations(AttestationError::Missing { .. } | AttestationError::OtherPublisher { .. }) => {
            StatusCode::FORBIDDEN
        }
        UploadError::Attestations(AttestationError::Late(_)) => StatusCode::CONFLICT,
        UploadError::Attestations(AttestationError::Fault { .. }) => StatusCode::BAD_REQUEST,
        UploadError::Name { .. } | UploadError::Archive { .. } | UploadError::Accept(AcceptError::TooLarge) => {
            StatusCode::BAD_REQUEST
        }
        UploadError::Store(StoreError::Full { .. })
        | UploadError::Accept(AcceptError::Store(StoreError::Full { .. }))
        | UploadError::Stage(StageError::Store(StoreError::Full { .. })) => return full(error),
        _ => return broken(error),
    };
    Refusal::new(status, error.to_string())
}

/// There is no room: the operator's matter.
fn full(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "there is no room for an upload");
    Refusal::new(StatusCode::INSUFFICIENT_STORAGE, NoRoom.to_string())
}

/// Our fault. What exactly is for the log.
fn broken(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "an upload could not be kept");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the index could not keep this upload; its log says why")
}

/// Writes the file into the store's staging as it comes, if it is the token's project's and there is room for it.
struct Staging<'a, S> {
    store: &'a S,
    token: &'a Token,
    reserve: Option<&'a Reserve>,
    watch: Option<Watch<'a>>,
    stage: Option<Stage>,
}

impl<'a, S: Store> Staging<'a, S> {
    fn new(store: &'a S, token: &'a Token, reserve: Option<&'a Reserve>) -> Self {
        Self { store, token, reserve, watch: reserve.map(Reserve::watch), stage: None }
    }

    /// Refuses what is too long by its own word, before any of it came.
    fn expect(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        if length > limits::DISTRIBUTION_BYTES + limits::FORM_BYTES as u64 {
            return Err(too_large(limits::DISTRIBUTION_BYTES));
        }
        self.reserve.map_or(Ok(()), |reserve| reserve.check(length)).map_err(|error| full(&error))
    }

    fn finish(self) -> Result<Staged, Refusal> {
        let none = || Refusal::new(StatusCode::BAD_REQUEST, "there is no file in the form");
        self.stage.ok_or_else(none)?.finish().map_err(|error| not_staged(&error))
    }
}

impl<S: Store> Sink for Staging<'_, S> {
    type Error = Refusal;

    fn begin(&mut self, project: Option<&ProjectName>) -> Result<(), Refusal> {
        match (project, &self.token.scope) {
            (Some(project), _) => may_write(self.token, project)?,
            (None, Scope::Index) => {}
            (None, Scope::Project(own)) => {
                let words = format!("this token may upload to {own} only: send the field name before the file");
                return Err(Refusal::new(StatusCode::FORBIDDEN, words));
            }
        }
        let stage = self.store.stage(limits::DISTRIBUTION_BYTES);
        self.stage = Some(stage.map_err(|error| not_staged(&error.into()))?);
        Ok(())
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        if let Some(watch) = &mut self.watch {
            watch.coming(bytes.len()).map_err(|error| full(&error))?;
        }
        self.stage.as_mut().map_or(Ok(()), |stage| stage.write(&bytes)).map_err(|error| not_staged(&error))
    }
}

fn too_large(most: u64) -> Refusal {
    let words = format!("the file has more than {most} bytes, which is the most that this index takes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, words)
}

fn not_staged(error: &StageError) -> Refusal {
    match error {
        StageError::TooLarge { limit } => too_large(*limit),
        StageError::Store(StoreError::Full { .. }) => full(error),
        StageError::Store(_) => broken(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_as_tools_send_them() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(secret(&basic("__token__:affineur-ab:c")).as_deref(), Some("affineur-ab:c"));
        assert_eq!(secret("bearer affineur-ab").as_deref(), Some("affineur-ab"));
        for bad in [basic("me:affineur-ab"), "Basic ???".to_owned(), "Digest x".to_owned(), "Basic".to_owned()] {
            assert_eq!(secret(&bad), None, "{bad}");
        }
    }
}
