//! Passing on requests for hosts that are not decided: streamed both ways, unchanged but for what belongs to one connection.

use std::io;

use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, EXPECT, HOST};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use http_body_util::{BodyDataStream, BodyExt as _, StreamBody};
use hyper::body::{Body as _, Frame};
use tokio::time::timeout;
use url::Url;

use super::address::Reach;
use super::{Credentials, FetchError, Fetcher, ParentProxyProblem, Phase, error, send};
use crate::body::Body;
use crate::proxy::remove_hop_by_hop;

impl Fetcher {
    /// Passes a request on and gives the answer as it comes: redirects are the client's to follow, nothing is expanded, header
    /// fields that belong to one connection are removed in both directions. The URL is the client's own, so it may lead anywhere.
    ///
    /// # Errors
    /// Anything that prevents the head of an answer; a body that breaks off later is an error in the body.
    pub async fn forward(
        &self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Body,
    ) -> Result<Response<Body>, FetchError> {
        let mut url = url;
        send::check(&url)?;
        let _ = Credentials::take_from(&mut url);
        url.set_fragment(None);
        remove_connection_fields(&mut headers);
        let limits = &self.settings.limits;
        let proxy = self.settings.proxies.route(&url);
        let client = self.clients.get(proxy, Reach::Anywhere)?;
        let mut request = client.request(method, url);
        if let Some(body) = sendable(body, &mut headers) {
            request = request.body(body);
        }
        let answer = timeout(limits.connect + limits.forward_first_byte, request.headers(headers).send()).await;
        let answer = answer.map_err(|_| FetchError::Timeout(Phase::FirstByte))?.map_err(|error| error::of_request(&error))?;
        if proxy.is_some() && answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(FetchError::ParentProxy(ParentProxyProblem::Authentication));
        }
        Ok(self.passed_on(answer))
    }

    fn passed_on(&self, answer: reqwest::Response) -> Response<Body> {
        let (mut parts, body) = Response::from(answer).into_parts();
        remove_connection_fields(&mut parts.headers);
        parts.version = Version::HTTP_11;
        let idle = self.settings.limits.forward_idle;
        let size = body.size_hint().exact();
        if size == Some(0) {
            return Response::from_parts(parts, crate::body::empty());
        }
        let pieces = stream::unfold(Some(BodyDataStream::new(body)), move |body| async move {
            let mut body = body?;
            let piece = match timeout(idle, body.next()).await {
                Ok(piece) => piece?.map_err(|error| error::of_body(&error, None, 0).into()),
                Err(_) => Err(io::Error::from(FetchError::Timeout(Phase::NextByte))),
            };
            let rest = piece.is_ok().then_some(body);
            Some((piece.map(Frame::data), rest))
        });
        Response::from_parts(parts, StreamBody::new(pieces).boxed_unsync())
    }
}

/// The request's body with its length, where it has one.
fn sendable(body: Body, headers: &mut HeaderMap) -> Option<reqwest::Body> {
    let length = body.size_hint().exact();
    headers.remove(CONTENT_LENGTH);
    if length == Some(0) {
        return None;
    }
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Some(reqwest::Body::wrap_stream(BodyDataStream::new(body)))
}

/// Removes the fields that belong to one connection, and those that the URL and the HTTP client say by themselves.
fn remove_connection_fields(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    headers.remove(HOST);
    headers.remove(EXPECT);
}
