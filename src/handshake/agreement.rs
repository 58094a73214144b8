//! The terms of an accepted handshake, and the 101 that carries them.

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::{AcceptKey, Extension, Rejection};

/// The terms of an accepted handshake. [`Policy::answer`](super::Policy::answer) gives them, and the
/// 101 tells them to the client (RFC 6455 §4.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreement {
    /// The value of `Sec-WebSocket-Accept`, made from the request's key by [`AcceptKey`].
    pub accept: String,
    /// The subprotocol of the connection's messages, if there is one (RFC 6455 §1.9).
    pub subprotocol: Option<String>,
    /// The extensions in use, in the order in which they change a message that is sent
    /// (RFC 6455 §9.1). With none, every offered extension is declined.
    pub extensions: Vec<Extension>,
}

impl Agreement {
    /// Accepts a request with `key` as its `Sec-WebSocket-Key`: no subprotocol, no extensions.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self { accept: AcceptKey::derive(key).accept, subprotocol: None, extensions: Vec::new() }
    }

    /// The 101, with an empty body.
    ///
    /// A value that no header can carry, such as one with a line feed, is left out.
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        let mut response = Response::new(String::new());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        put(headers, UPGRADE, "websocket");
        put(headers, CONNECTION, "Upgrade");
        put(headers, SEC_WEBSOCKET_ACCEPT, &self.accept);
        if let Some(name) = &self.subprotocol {
            put(headers, SEC_WEBSOCKET_PROTOCOL, name);
        }
        if !self.extensions.is_empty() {
            let extensions: Vec<_> = self.extensions.iter().map(ToString::to_string).collect();
            put(headers, SEC_WEBSOCKET_EXTENSIONS, &extensions.join(", "));
        }
        response
    }
}

/// The answer to a request: the 101 or the refusal.
#[must_use]
pub fn response(verdict: &Result<Agreement, Rejection>) -> Response<String> {
    match verdict {
        Ok(agreement) => agreement.to_response(),
        Err(rejection) => rejection.to_response(),
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
