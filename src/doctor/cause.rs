//! What keeps a WebSocket from opening, or from staying open, in one sentence each.

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
    /// The name leads nowhere.
    #[error("there is no host {0:?}: check the spelling, and that this computer is online")]
    NoSuchHost(String),
    /// The host answered that the port is closed.
    #[error("nobody listens at {0}: is the server running, on this port and on this address?")]
    Refused(SocketAddr),
    /// Not even that.
    #[error(
        "{0} does not answer within {1:?}: the machine is off, or a firewall swallows what is sent"
    )]
    Unreachable(SocketAddr, Duration),
    /// A connection, and not a byte.
    #[error(
        "the server accepts connections and then says nothing for {0:?}: it is stuck, or waits for another protocol"
    )]
    Silent(Duration),
    /// Ended at once.
    #[error("the server hangs up without an answer: it does not speak HTTP here, or has crashed")]
    HungUp,
    /// Ended at once, by a reset.
    #[error(
        "the connection is reset before an answer: something on the way, or the server, cuts it"
    )]
    Reset,
    /// An end in the middle of the head.
    #[error("the server's answer breaks off in the middle: {0}")]
    Torn(Shown),
    /// No HTTP.
    #[error("what listens there does not speak HTTP: it says {said}{}", if_known(", as ", .like.as_ref(), " does"))]
    NotHttp {
        /// Its first bytes.
        said: Shown,
        /// What is known to begin so.
        like: Option<&'static str>,
    },
    /// A head that is too long.
    #[error("the head of the server's answer does not end within 16 KiB and a hundred lines")]
    Endless,
    /// `ws:` to a port for TLS.
    #[error("TLS is spoken there: use wss:// instead of ws://")]
    Tls,
    /// `wss:` to a port without.
    #[error(
        "no TLS is spoken there: use ws:// instead of wss://, or put a proxy with a certificate before the server"
    )]
    NoTls,
    /// HTTP/2 without asking.
    #[error("only HTTP/2 is spoken there: a WebSocket is asked for by HTTP/1.1 (RFC 6455 §4.1)")]
    Http2,
    /// 404.
    #[error("there is nothing at {path}: {}", .found.as_ref().map_or("check the path".to_owned(), |found| format!("there is a WebSocket at {found}")))]
    NotFound {
        /// Where it was looked for.
        path: String,
        /// Where there is one.
        found: Option<String>,
    },
    /// A page where a WebSocket was asked for.
    #[error("{path} is answered with a page, not a WebSocket: {}", .found.as_ref().map_or("check the path, and that no proxy on the way drops `Upgrade`".to_owned(), |found| format!("there is one at {found}")))]
    Page {
        /// Where it was looked for.
        path: String,
        /// Where there is one.
        found: Option<String>,
    },
    /// 400.
    #[error("the server finds the handshake wrong: {0}")]
    BadRequest(Shown),
    /// 401, 407.
    #[error(
        "the server wants to know who is asking ({0}): a page cannot send `Authorization` with a WebSocket, so log in before, or send a token in the first message"
    )]
    Login(StatusCode),
    /// A redirect to a page for logging in.
    #[error(
        "the server sends whoever asks to log in, at {0}: browsers do not follow redirects of a WebSocket, so log in before"
    )]
    LoginRedirect(Shown),
    /// Any other redirect.
    #[error(
        "the WebSocket has moved to {0}: connect there, since browsers do not follow redirects of a WebSocket"
    )]
    Moved(Shown),
    /// 403 because of `Origin`.
    #[error(
        "pages of origin {0:?} are not let in: add it to the origins that the server allows (RFC 6455 §10.2)"
    )]
    OriginRefused(String),
    /// 403 without an `Origin`.
    #[error(
        "programs, which send no `Origin`, are not let in; a page of the server's own would be (RFC 6455 §10.2)"
    )]
    OriginWanted,
    /// 403 for another reason.
    #[error("the server forbids it (403): {0}")]
    Forbidden(Shown),
    /// 405.
    #[error(
        "GET is not allowed there (405), and a WebSocket is opened by GET (RFC 6455 §4.1): another handler has this path"
    )]
    MethodNotAllowed,
    /// `Upgrade` was sent, and did not arrive.
    #[error("the server never saw `Upgrade: websocket`: a proxy on the way{} removed it. Have it pass `Upgrade` and `Connection` on, by HTTP/1.1", if_known(" (", .0.as_ref(), ")"))]
    UpgradeSwallowed(Option<Shown>),
    /// 426 with other versions.
    #[error(
        "the server speaks version {0} of the protocol, and 13 is the one in use (RFC 6455 §4.4)"
    )]
    OtherVersion(Shown),
    /// 408.
    #[error("the request did not reach the server in time (408)")]
    TooLate,
    /// 421.
    #[error("the server does not go by the name {0:?} (421)")]
    Misdirected(String),
    /// 429 and 503.
    #[error("the server has no room now ({status}){}", if_known(": try again in ", .retry.as_ref(), " s"))]
    Busy {
        /// Which of the two.
        status: StatusCode,
        /// `Retry-After`.
        retry: Option<Shown>,
    },
    /// 502, 504.
    #[error("a proxy answers, and finds nobody behind it ({0}): is the server itself running?")]
    NobodyBehind(StatusCode),
    /// Another 5xx.
    #[error("the server failed ({0}): look into its log")]
    ServerError(StatusCode),
    /// Any other status.
    #[error("the answer is {0} instead of 101")]
    OtherStatus(StatusCode),
    /// A 101 that browsers refuse: HTTP/1.0, or the first of its faults that is fatal.
    #[error("{0}: {advice} (RFC 6455 §4.1)", advice = advice(.0))]
    Response(ResponseFault),
    /// A close frame right after the 101.
    #[error("it opens and is closed at once, with {code} ({}){}", close_code::english(*code), if_known(": ", Some(.reason).filter(|reason| !reason.as_str().is_empty()), ""))]
    Closed {
        /// The code, 1005 for none.
        code: u16,
        /// The reason.
        reason: Shown,
    },
    /// The end right after the 101.
    #[error(
        "it opens and is cut at once, without a close frame, which browsers show as 1006: the handler behind the handshake crashed, or a proxy gave up"
    )]
    Cut,
    /// A frame that breaks a rule.
    #[error("the server breaks the protocol: {}", .0.reason())]
    Broken(Violation),
    /// A frame that has begun and does not end.
    #[error(
        "a frame begins and does not end within {within:?}: {}, and nothing can follow it (RFC 6455 §5.2)", part(*.torn)
    )]
    Unfinished {
        /// What came of it.
        torn: Torn,
        /// How long was waited.
        within: Duration,
    },
    /// The end inside a frame.
    #[error("it is cut within a frame, after {}: whoever wrote it has crashed", part(*.0))]
    CutWithin(Torn),
    /// A ping without its pong.
    #[error(
        "a ping is not answered within {0:?}: the server does not read, or something on the way swallows frames (RFC 6455 §5.5.2)"
    )]
    NoPong(Duration),
    /// Cut for being quiet.
    #[error("it is {} after {after:.1?} of silence: somebody on the way has an idle timeout, so ping more often than that", .code.map_or("cut".to_owned(), |code| format!("closed with {code}")))]
    IdleTimeout {
        /// How long it was quiet.
        after: Duration,
        /// The code it ended with, if with any.
        code: Option<u16>,
    },
}

/// What came of a frame: `3 of 5 bytes of a text frame`.
pub(super) fn part(torn: Torn) -> String {
    match torn.header {
        Some(header) => {
            format!("{} of {} bytes of a {} frame", torn.received, header.len, header.opcode)
        }
        None => "a part of its header".to_owned(),
    }
}

/// What is known, between two other pieces; nothing if nothing is.
pub(super) fn if_known(before: &str, known: Option<impl Display>, after: &str) -> String {
    known.map_or(String::new(), |known| format!("{before}{known}{after}"))
}

/// What follows from a fault of a 101, and what to do if that is known.
fn advice(fault: &ResponseFault) -> &'static str {
    match fault {
        ResponseFault::OldHttp => "have the proxy speak HTTP/1.1 to the server",
        ResponseFault::SubprotocolIgnored(_) => {
            "browsers hang up, so have the server answer with the one it chose"
        }
        _ => "browsers hang up",
    }
}
