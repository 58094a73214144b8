//! The causes that keep a WebSocket from opening, or from staying open, in one sentence each.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;

use crate::client::ResponseFault;
use crate::close_code;
use crate::escape::Shown;
use crate::frame::{Torn, Violation};

/// The one thing that is wrong. Its text says what to do; [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The host name has no address.
    #[error("there is no host {0:?}: check the spelling, and that this computer is online")]
    NoSuchHost(String),
    /// The host answered that the port is closed.
    #[error("nobody listens at {0}: is the server running, on this port and on this address?")]
    Refused(SocketAddr),
    /// No TCP connection was made, and no refusal came, within this time.
    #[error(
        "{0} does not answer within {1:?}: the machine is off, or a firewall drops what is sent"
    )]
    Unreachable(SocketAddr, Duration),
    /// The connection was accepted, and no byte came within this time.
    #[error(
        "the server accepts connections and then says nothing for {0:?}: it is stuck, or waits for another protocol"
    )]
    Silent(Duration),
    /// The server ended the connection without an answer.
    #[error(
        "the server closes the connection without an answer: it does not speak HTTP here, or has crashed"
    )]
    HungUp,
    /// The connection was reset before an answer.
    #[error(
        "the connection is reset before an answer: something on the way, or the server, cuts it"
    )]
    Reset,
    /// The connection ended, or the time was up, in the middle of the head; the part that came.
    #[error("the server's answer breaks off in the middle: {0}")]
    Torn(Shown),
    /// The first bytes are not an HTTP response.
    #[error("what listens there does not speak HTTP: it says {said}{}", if_known(", as ", .like.as_ref(), " does"))]
    NotHttp {
        /// Its first bytes.
        said: Shown,
        /// The protocol that begins with such bytes, if it is known.
        like: Option<&'static str>,
    },
    /// The head is longer than 16 KiB or a hundred lines.
    #[error("the head of the server's answer does not end within 16 KiB and a hundred lines")]
    Endless,
    /// The address is `ws://`, and the server speaks TLS.
    #[error("TLS is spoken there: use wss:// instead of ws://")]
    Tls,
    /// The address is `wss://`, and the server speaks no TLS.
    #[error(
        "no TLS is spoken there: use ws:// instead of wss://, or put a proxy with a certificate before the server"
    )]
    NoTls,
    /// The server answers in HTTP/2, which was not asked for.
    #[error("only HTTP/2 is spoken there: a WebSocket is asked for by HTTP/1.1 (RFC 6455 §4.1)")]
    Http2,
    /// The status is 404 or 410.
    #[error("there is nothing at {path}: {}", .found.as_ref().map_or("check the path".to_owned(), |found| format!("there is a WebSocket at {found}")))]
    NotFound {
        /// Where it was looked for.
        path: String,
        /// Where there is one.
        found: Option<String>,
    },
    /// The status is 2xx: the path leads to a page.
    #[error("{path} is answered with a page, not a WebSocket: {}", .found.as_ref().map_or("check the path, and that no proxy on the way drops `Upgrade`".to_owned(), |found| format!("there is one at {found}")))]
    Page {
        /// Where it was looked for.
        path: String,
        /// Where there is one.
        found: Option<String>,
    },
    /// The status is 400; the text of the answer.
    #[error("the server finds the handshake wrong: {0}")]
    BadRequest(Shown),
    /// The status is 401 or 407.
    #[error(
        "the server wants to know who is asking ({0}): a page cannot send `Authorization` with a WebSocket, so log in before, or send a token in the first message"
    )]
    Login(StatusCode),
    /// A redirect to a page for logging in; its address.
    #[error(
        "the server sends whoever asks to log in, at {0}: browsers do not follow redirects of a WebSocket, so log in before"
    )]
    LoginRedirect(Shown),
    /// Any other redirect; its address.
    #[error(
        "the WebSocket has moved to {0}: connect there, since browsers do not follow redirects of a WebSocket"
    )]
    Moved(Shown),
    /// The status is 403 with this `Origin`, and 101 with another or with none.
    #[error(
        "pages of origin {0:?} are not let in: add it to the origins that the server allows (RFC 6455 §10.2)"
    )]
    OriginRefused(String),
    /// The status is 403 without an `Origin`, and 101 with the server's own.
    #[error(
        "programs, which send no `Origin`, are not let in; a page of the server's own would be (RFC 6455 §10.2)"
    )]
    OriginWanted,
    /// The status is 403, with and without an `Origin`; the text of the answer.
    #[error("the server forbids it (403): {0}")]
    Forbidden(Shown),
    /// The status is 405.
    #[error(
        "GET is not allowed there (405), and a WebSocket is opened by GET (RFC 6455 §4.1): another handler has this path"
    )]
    MethodNotAllowed,
    /// The server did not receive the `Upgrade` header; the name of the proxy, if it is known.
    #[error("the server never saw `Upgrade: websocket`: a proxy on the way{} removed it. Have it pass `Upgrade` and `Connection` on, by HTTP/1.1", if_known(" (", .0.as_ref(), ")"))]
    UpgradeSwallowed(Option<Shown>),
    /// The status is 426, and `Sec-WebSocket-Version` does not list 13; the versions that it lists.
    #[error(
        "the server speaks version {0} of the protocol, and 13 is the one in use (RFC 6455 §4.4)"
    )]
    OtherVersion(Shown),
    /// The status is 408.
    #[error("the request did not reach the server in time (408)")]
    TooLate,
    /// The status is 421; the host that was asked for.
    #[error("the server does not go by the name {0:?} (421)")]
    Misdirected(String),
    /// The status is 429 or 503.
    #[error("the server has no room now ({status}){}", if_known(": try again in ", .retry.as_ref(), " s"))]
    Busy {
        /// The status: 429 or 503.
        status: StatusCode,
        /// The value of `Retry-After`, if there is one.
        retry: Option<Shown>,
    },
    /// The status is 502 or 504.
    #[error("a proxy answers, and finds nobody behind it ({0}): is the server itself running?")]
    NobodyBehind(StatusCode),
    /// The status is another 5xx.
    #[error("the server failed ({0}): look into its log")]
    ServerError(StatusCode),
    /// Any other status.
    #[error("the answer is {0} instead of 101")]
    OtherStatus(StatusCode),
    /// A 101 that browsers refuse: HTTP/1.0, or the first of its faults that is fatal.
    #[error("{0}: {advice} (RFC 6455 §4.1)", advice = advice(.0))]
    Response(ResponseFault),
    /// The server sent a close frame right after the 101.
    #[error("it opens and is closed at once, with {code} ({}){}", close_code::english(*code), if_known(": ", Some(.reason).filter(|reason| !reason.as_str().is_empty()), ""))]
    Closed {
        /// The code, 1005 for none.
        code: u16,
        /// The reason.
        reason: Shown,
    },
    /// The connection ended right after the 101, without a close frame.
    #[error(
        "it opens and is cut at once, without a close frame, which browsers show as 1006: the handler behind the handshake crashed, or a proxy gave up"
    )]
    Cut,
    /// The server sent a frame that breaks a rule of RFC 6455.
    #[error("the server breaks the protocol: {}", .0.reason())]
    Broken(Violation),
    /// A frame began, and its end did not come.
    #[error(
        "a frame begins and does not end within {within:?}: {}, and nothing can follow it (RFC 6455 §5.2)", part(*.torn)
    )]
    Unfinished {
        /// The part that came.
        torn: Torn,
        /// How long the doctor waited for the rest.
        within: Duration,
    },
    /// The connection ended inside a frame; the part that came.
    #[error("it is cut within a frame, after {}: whoever wrote it has crashed", part(*.0))]
    CutWithin(Torn),
    /// No pong to a ping came within this time.
    #[error(
        "a ping is not answered within {0:?}: the server does not read, or something on the way drops frames (RFC 6455 §5.5.2)"
    )]
    NoPong(Duration),
    /// The connection ended while nothing was sent.
    #[error("it is {} after {after:.1?} of silence: somebody on the way has an idle timeout, so ping more often than that", .code.map_or("cut".to_owned(), |code| format!("closed with {code}")))]
    IdleTimeout {
        /// How long nothing was sent.
        after: Duration,
        /// The code of the close frame, if there was one.
        code: Option<u16>,
    },
}

/// The part of a frame that was received: `3 of 5 bytes of a text frame`.
pub(super) fn part(torn: Torn) -> String {
    match torn.header {
        Some(header) => {
            format!("{} of {} bytes of a {} frame", torn.received, header.len, header.opcode)
        }
        None => "a part of its header".to_owned(),
    }
}

/// `known` between two texts; an empty text if it is `None`.
pub(super) fn if_known(before: &str, known: Option<impl Display>, after: &str) -> String {
    known.map_or(String::new(), |known| format!("{before}{known}{after}"))
}

/// The result of a fault of a 101, and the remedy if it is known.
fn advice(fault: &ResponseFault) -> &'static str {
    match fault {
        ResponseFault::OldHttp => "have the proxy speak HTTP/1.1 to the server",
        ResponseFault::SubprotocolIgnored(_) => {
            "browsers close the connection, so have the server answer with the one it chose"
        }
        _ => "browsers close the connection",
    }
}
