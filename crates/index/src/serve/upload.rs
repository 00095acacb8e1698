//! `POST /legacy/`: uploads as twine, uv, flit, hatch and poetry send them. Each refusal is in the reason phrase, which twine
//! prints, and in a problem document, which uv prints.

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
use crate::store::{AcceptError, Scope, Stage, StageError, Store, TicketState, Token};
use crate::token::digest_of;
use crate::upload::{Facts, ReadError, Sink, UploadError, accept, read};

/// Why an upload is refused, in words for whoever uploads.
struct Refusal {
    status: StatusCode,
    words: String,
}

impl Refusal {
    fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into() }
    }

    fn into_response(self) -> Response {
        let mut response = answer::problem(self.status, &self.words);
        let phrase: String = self.words.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
        let cut = phrase.get(..phrase.len().min(limits::REASON_BYTES)).unwrap_or_default().to_owned();
        if let Ok(phrase) = ReasonPhrase::try_from(Bytes::from(cut)) {
            response.extensions_mut().insert(phrase);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let demand = HeaderValue::from_static("Basic realm=\"upload\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, demand);
        }
        response
    }
}

pub(super) async fn upload<S: Store>(State(shared): State<Arc<Shared<S>>>, request: Request) -> Response {
    match taken(&shared.store, request).await {
        Ok(words) => Response::new(Body::from(words)),
        Err(refusal) => {
            tracing::info!(status = refusal.status.as_u16(), reason = %refusal.words, "an upload was refused");
            refusal.into_response()
        }
    }
}

async fn taken<S: Store>(store: &S, request: Request) -> Result<String, Refusal> {
    let now = Timestamp::now();
    let (head, body) = request.into_parts();
    let token = authorized(store, &head.headers, now).await?;
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let stage = store.stage(limits::DISTRIBUTION_BYTES).map_err(|error| broken(&error))?;
    let mut staging = Staging(stage);
    let form = read(content_type, body.into_data_stream(), &mut staging, limits::DISTRIBUTION_BYTES).await;
    let form = form.map_err(|error| match error {
        ReadError::Fault(fault) => Refusal::new(fault.status(), fault.to_string()),
        ReadError::Body(_) => Refusal::new(StatusCode::BAD_REQUEST, "the upload broke off before its end"),
        ReadError::Sink(StageError::TooLarge { limit }) => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the file has more than {limit} bytes"))
        }
        ReadError::Sink(error) => broken(&error),
    })?;
    may_write(&token, &form.project)?;
    if form.attestations.is_some() {
        let words = "this index cannot verify attestations yet, and takes none unverified: upload without them";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, words));
    }
    let staged = staging.0.finish().map_err(|error| broken(&error))?;
    let file = form.file.clone();
    let facts = Facts { file: form.file, attestations: None, uploader: format!("token {}", token.id.number()), now };
    let accepted = accept(store, staged, facts).await.map_err(|error| refused(&error))?;
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
        UploadError::Name { .. } | UploadError::Archive { .. } | UploadError::Accept(AcceptError::TooLarge) => {
            StatusCode::BAD_REQUEST
        }
        _ => return broken(error),
    };
    Refusal::new(status, error.to_string())
}

/// Our fault. What exactly is for the log.
fn broken(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(%error, "an upload could not be kept");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the index could not keep this upload; its log says why")
}

/// Writes the file into the store's staging as it comes.
struct Staging(Stage);

impl Sink for Staging {
    type Error = StageError;

    async fn write(&mut self, bytes: Bytes) -> Result<(), StageError> {
        self.0.write(&bytes)
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
