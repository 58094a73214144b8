//! The refusals of a server: each has a status, and a sentence that says what to do.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER as RETRY_AFTER_HEADER, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderValue, Method, Response, StatusCode, Uri};

use super::{HeadError, VERSION, guard};

/// The time after which a client should try again when the server has no room: some connections
/// end in it.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The most characters of the client's text that a refusal quotes: enough to recognize it.
const QUOTE_LIMIT: usize = 100;

/// A refused request. Its text is the body of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The bytes are not a request head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The method is not GET.
    #[error("{0} opens no WebSocket: send GET (RFC 6455 §4.1)")]
    Method(String),
    /// `Host` is missing, repeated or malformed.
    #[error(
        "Host {0}: name the host you connect to, once, as in `Host: example.com` (RFC 6455 §4.2.1)"
    )]
    Host(Fault),
    /// The target has no path, or a malformed authority.
    #[error(
        "the target {0:?} is no path on this server: begin with `GET /path HTTP/1.1` (RFC 9112 §3.2)"
    )]
    Target(String),
    /// The request has a body, which the server does not read.
    #[error(
        "something follows the request's head, and nothing is read there: send no body, no Content-Length and no Transfer-Encoding (RFC 9112 §6)"
    )]
    Body,
    /// The request does not ask for a WebSocket, and there is nothing else at its path.
    #[error(
        "this is a WebSocket endpoint: open it with `new WebSocket(\"ws://...\")`, not as a page (RFC 6455 §4.2.1)"
    )]
    NotAsked,
    /// `Upgrade` does not name `websocket`.
    #[error("Upgrade does not say websocket: send `Upgrade: websocket` (RFC 6455 §4.2.1)")]
    Upgrade,
    /// `Connection` does not name `Upgrade`.
    #[error(
        "Connection does not say Upgrade: send `Connection: Upgrade`; a proxy on the way may have removed it (RFC 6455 §4.2.1)"
    )]
    Connection,
    /// `Sec-WebSocket-Version` is missing or repeated.
    #[error("Sec-WebSocket-Version {0}: send `Sec-WebSocket-Version: 13`, once (RFC 6455 §4.2.1)")]
    Version(Fault),
    /// The version is not 13.
    #[error("Sec-WebSocket-Version is {0:?}: 13 is the only version spoken here (RFC 6455 §4.4)")]
    OtherVersion(String),
    /// `Sec-WebSocket-Key` is missing, repeated, or not 16 bytes in base64.
    #[error(
        "Sec-WebSocket-Key {0}: send 16 random bytes in base64, which are 24 characters, once (RFC 6455 §4.2.1)"
    )]
    Key(Fault),
    /// The page is of a site that [`Origins`](super::Origins) does not permit.
    #[error(
        "pages of origin {0:?} may not connect: open the page from this server, or have its origin allowed here (RFC 6455 §10.2)"
    )]
    Origin(String),
    /// The host is not among the server's names.
    #[error(
        "this server does not go by {0:?}: connect by its address, or have that name listed here, in WS_HOSTS (RFC 9110 §7.4)"
    )]
    Misdirected(String),
    /// The client offers subprotocols, and the server speaks none of them.
    #[error(
        "no offered subprotocol is spoken here: offer one of {spoken}, or none at all (RFC 6455 §4.2.2)"
    )]
    Subprotocol {
        /// The subprotocols that the server speaks, with commas between.
        spoken: String,
    },
    /// The handshake is valid, but there is no WebSocket at its path.
    #[error("there is no WebSocket at {asked:?}: connect to {served} (RFC 6455 §4.2.2)")]
    Path {
        /// The path that was asked for.
        asked: String,
        /// The paths that have a WebSocket, with commas between.
        served: String,
    },
    /// The server has as many connections, or accepts as many new ones a second, as it may.
    #[error(
        "there is no room for another connection now: try again in {} s (RFC 9110 §15.6.4)",
        RETRY_AFTER.as_secs()
    )]
    Busy,
    /// The head did not arrive before its deadline.
    #[error(
        "the request did not arrive in time: send all of it, to the blank line, at once (RFC 9110 §15.5.9)"
    )]
    Timeout,
}

/// The fault of one header of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request does not have it.
    Missing,
    /// The request has it more than once.
    Repeated,
    /// Its value breaks the grammar of the header.
    Malformed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Repeated => "comes more than once",
            Self::Malformed => "is malformed",
        })
    }
}

impl Rejection {
    pub(super) fn method(method: &Method) -> Self {
        Self::Method(quoted(method.as_str().as_bytes()))
    }

    pub(super) fn target(target: &Uri) -> Self {
        Self::Target(quoted(target.to_string().as_bytes()))
    }

    pub(super) fn other_version(version: &HeaderValue) -> Self {
        Self::OtherVersion(quoted(version.as_bytes()))
    }

    pub(super) fn origin(origin: &[u8]) -> Self {
        Self::Origin(quoted(origin))
    }

    pub(super) fn misdirected(host: &str) -> Self {
        Self::Misdirected(quoted(host.as_bytes()))
    }

    pub(super) fn path(asked: &str, served: &[Cow<'static, str>]) -> Self {
        Self::Path { asked: quoted(asked.as_bytes()), served: served.join(", ") }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Head(HeadError::TooLarge | HeadError::TooManyHeaders) => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Self::Head(HeadError::HttpVersion) => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAsked | Self::OtherVersion(_) => StatusCode::UPGRADE_REQUIRED,
            Self::Origin(_) => StatusCode::FORBIDDEN,
            Self::Path { .. } => StatusCode::NOT_FOUND,
            Self::Misdirected(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Head(_)
            | Self::Host(_)
            | Self::Target(_)
            | Self::Body
            | Self::Upgrade
            | Self::Connection
            | Self::Version(_)
            | Self::Key(_)
            | Self::Subprotocol { .. } => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer: the status, its headers, the default security headers, and the sentence as
    /// the body.
    ///
    /// Every server sends what this gives, so all refusals carry the same headers.
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        let mut response = Response::new(format!("{self}\n"));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        // The server closes the connection after a refusal.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        match self.status() {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER_HEADER, RETRY_AFTER.as_secs().into());
            }
            StatusCode::UPGRADE_REQUIRED => {
                // All three are required: RFC 9110 §15.5.22, §7.8, RFC 6455 §4.4.
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("Upgrade, close"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
            }
            _ => {}
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        guard(headers);
        response
    }
}

/// The first characters of the client's text; the error texts escape them with `{:?}`.
fn quoted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(QUOTE_LIMIT).collect()
}
