//! The causes that keep a WebSocket from opening, or from staying open, in one sentence each.

use std::fmt::Display;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;

use super::evidence::Seen;
use super::manner::Manner;
use crate::client::{CertificateFault, ProxyFault, ResponseFault, TlsFault, status_named};
use crate::close_code;
use crate::escape::{Hex, Shown};
use crate::frame::{Torn, Violation};

/// How many bytes of a frame are shown.
pub(super) const SHOWN: usize = 16;

/// The front of the path of socket.io.
pub(super) const SOCKET_IO: &str = "/socket.io/";

/// The one thing that is wrong. Its text says what to do; [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A page of HTTPS opens `ws://`; the page.
    #[error(
        "a page that came by https, such as {0}, may open no ws://: browsers throw a SecurityError and send nothing (Mixed Content). Use wss://"
    )]
    MixedContent(String),
    /// A policy of the page forbids the connection.
    #[error(
        "the page {page} forbids it by its Content-Security-Policy, `{directive}`: browsers send nothing and close with 1006. Add {wanted} to `connect-src`; a name without ws:// or wss:// permits no WebSocket (CSP Level 3 §6.7.2)"
    )]
    ContentPolicy {
        /// The page.
        page: String,
        /// The directive that forbids it, with its sources.
        directive: Shown,
        /// The source that would permit it.
        wanted: String,
    },
    /// A public page of HTTP opens a WebSocket in the local network.
    #[error(
        "the page {page} is public, and {peer} is in the local network: Chrome since 147 lets no page of http:// connect there, and closes with 1006. Serve the page by https, then it asks the user (Local Network Access)"
    )]
    LocalNetwork {
        /// The page.
        page: String,
        /// The address of the server.
        peer: SocketAddr,
    },
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
    #[error("the server's answer {}: {_0}", match .1 {
        ErrorKind::TimedOut => "does not end in time: the blank line behind its headers is missing, or the answer comes too slowly",
        _ => "breaks off in the middle, the blank line behind its headers is missing",
    })]
    Torn(Shown, ErrorKind),
    /// The request itself comes back.
    #[error(
        "what listens there sends back what it receives: it is an echo over bare TCP, no WebSocket server"
    )]
    Echo,
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
    /// TLS was begun, and TCP ended, or nothing more came.
    #[error("TCP connects, and the TLS handshake then {}: something on the way cuts TLS, or the server hangs", if *.0 == ErrorKind::TimedOut { "does not end in time" } else { "breaks off" })]
    TlsBroken(ErrorKind),
    /// TLS was begun, and no agreement was found.
    #[error("{0}")]
    TlsFailed(TlsFault),
    /// `wss:` on a route without TLS.
    #[error(
        "this route speaks no TLS, so nothing behind wss:// was looked at: give `Target::route` one that does"
    )]
    TlsNotSpoken,
    /// A certificate that browsers refuse.
    #[error("{0}")]
    Certificate(CertificateFault),
    /// The proxy does not connect.
    #[error("{0}")]
    Proxy(ProxyFault),
    /// The server answers in HTTP/2, which was not asked for.
    #[error("only HTTP/2 is spoken there: a WebSocket is asked for by HTTP/1.1 (RFC 6455 §4.1)")]
    Http2,
    /// The status is 404 or 410.
    #[error("there is nothing at {path}: {}", .found.as_ref().map_or("check the path".to_owned(), |found| format!("there is a WebSocket at {}", place(found))))]
    NotFound {
        /// Where it was looked for.
        path: String,
        /// Where there is one.
        found: Option<String>,
    },
    /// uvicorn answers 404: it knows WebSockets by a library, and has none.
    #[error(
        "uvicorn answers 404 to a WebSocket at {0} where it has no library for them, as its log says: pip install 'uvicorn[standard]'; else check the path"
    )]
    NoLibrary(String),
    /// The status is 2xx: the path leads to a page.
    #[error("{path} is answered with a page, not a WebSocket: {}", .found.as_ref().map_or("check the path, and that no proxy on the way drops `Upgrade`".to_owned(), |found| format!("there is one at {}", place(found))))]
    Page {
        /// Where it was looked for.
        path: String,
        /// Where there is one.
        found: Option<String>,
    },
    /// The status is 2xx, and no content follows.
    #[error("{path} is answered with {} and no content, not a WebSocket: {}", status_named(*.status), .found.as_ref().map_or("check the path, and that no proxy on the way drops `Upgrade`; Caddy answers so where no route has the path".to_owned(), |found| format!("there is one at {}", place(found))))]
    Empty {
        /// Where it was looked for.
        path: String,
        /// The answer there.
        status: StatusCode,
        /// Where there is one.
        found: Option<String>,
    },
    /// The path is refused, or the connection ended, and another path has a WebSocket.
    #[error("{path} is refused ({}), and there is a WebSocket at {}: check the path", .status.map_or("the connection is ended".to_owned(), |status| status.to_string()), place(found))]
    Elsewhere {
        /// Where it was looked for.
        path: String,
        /// The answer there; `None` if the server ended the connection.
        status: Option<StatusCode>,
        /// Where there is one.
        found: String,
    },
    /// The connection ended without an answer, by a server that answers requests of pages; the path.
    #[error(
        "the server answers pages, and ends the connection without a word when a WebSocket is asked for at {0}: its upgrade handler destroys the socket, so check the path, and have it answer 404"
    )]
    Destroyed(String),
    /// Requests in one manner open the WebSocket, and requests in another do not.
    #[error("{} {} not let in ({answer}), and {} {}: {}", listed(refused), if refused.len() == 1 { "is" } else { "are" }, listed(let_in), if let_in.len() == 1 { "is" } else { "are" }, minded(*minds, refused))]
    Manner {
        /// These requests are refused.
        refused: Vec<Manner>,
        /// These open the WebSocket.
        let_in: Vec<Manner>,
        /// The answer to a refused one.
        answer: Seen,
        /// The header that makes the difference, if it was found.
        minds: Option<(&'static str, &'static str)>,
    },
    /// The same request opens the WebSocket once and once not; the answer to a refused one.
    #[error(
        "the server lets in only some connections: the same request opens the WebSocket once, and once it is refused ({0}). Behind a balancer, test its servers one by one; a limit of connections does it, too"
    )]
    Sometimes(Seen),
    /// The first requests opened the WebSocket, and no later one does; the answer to those.
    #[error(
        "the server let in connections at first, and lets in nobody any more ({0}): did it end, or does it count a connection that has closed?"
    )]
    NoLonger(Seen),
    /// The status is 505, or the text of the answer is about HTTP/1.0.
    #[error("a proxy on the way{} speaks HTTP/1.0 to the server, which knows no upgrade ({status}): have it speak HTTP/1.1 and pass `Upgrade` and `Connection` on{}", if_known(" (", name.as_ref(), ")"), remedy(name.as_ref(), "; in "))]
    OldProxy {
        /// The answer of the server.
        status: StatusCode,
        /// Its name.
        name: Option<Shown>,
    },
    /// The status is 400; the text of the answer.
    #[error("the server finds the handshake wrong: {0}")]
    BadRequest(Shown),
    /// The status is 401.
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
    #[error("the server forbids it (403){}", if .0.as_str().is_empty() { " and says no reason: ASGI servers such as uvicorn do that where no route has this path, or where the app closes before it accepts".to_owned() } else { format!(": {}", .0) })]
    Forbidden(Shown),
    /// The status is 405.
    #[error(
        "GET is not allowed there (405), and a WebSocket is opened by GET (RFC 6455 §4.1): another handler has this path"
    )]
    MethodNotAllowed,
    /// The server did not receive the `Upgrade` header; the name of the proxy, if it is known.
    #[error("the server never saw `Upgrade: websocket`: a proxy on the way{} removed it. Have it pass `Upgrade` and `Connection` on, by HTTP/1.1{}", if_known(" (", .0.as_ref(), ")"), remedy(.0.as_ref(), "; in "))]
    UpgradeSwallowed(Option<Shown>),
    /// The status is 426, and `Sec-WebSocket-Version` does not list 13; the versions that it lists.
    #[error(
        "the server speaks version {0} of the protocol, and 13 is the one in use (RFC 6455 §4.4)"
    )]
    OtherVersion(Shown),
    /// The status is 413, 414 or 431, or the text of a 400 says the same.
    #[error(
        "the request is too large for the server ({}): send fewer cookies, or raise its limit (nginx `large_client_header_buffers`, Node `--max-http-header-size`)",
        status_named(*.0)
    )]
    RequestTooLarge(StatusCode),
    /// The status is 511.
    #[error("the network itself wants a login (511): open any page in a browser first")]
    NetworkLogin,
    /// socket.io answers, and its transport by WebSocket is switched off.
    #[error(
        "socket.io answers there, and lets in no WebSocket: its option `transports` must list \"websocket\", and its path is /socket.io/?EIO=4&transport=websocket"
    )]
    SocketIo,
    /// The status is 408.
    #[error("the request did not reach the server in time (408)")]
    TooLate,
    /// The status is 421; the host that was asked for.
    #[error("the server does not go by the name {0:?} (421)")]
    Misdirected(String),
    /// The status is 429 or 503.
    #[error("{} now ({}){}", if *status == StatusCode::TOO_MANY_REQUESTS { "the server takes no more requests from you" } else { "the server has no room" }, status_named(*status), again(retry.as_ref()))]
    Busy {
        /// The status: 429 or 503.
        status: StatusCode,
        /// The value of `Retry-After`, if there is one.
        retry: Option<Shown>,
    },
    /// The status is 502, 504, or one of a content delivery network.
    #[error("a proxy answers, and {} ({}): is the server itself running?", if is_late(*.0) { "the server behind it does not in time" } else { "finds nobody behind it" }, status_named(*.0))]
    NobodyBehind(StatusCode),
    /// An interim answer (RFC 9110 §15.2) comes before the real one.
    #[error(
        "{interim} comes before the real answer{}: browsers such as Chromium take it for the answer and do not open the WebSocket, so send no interim answer where a WebSocket is asked for (RFC 9110 §15.2)",
        .behind.map_or(", which does not come".to_owned(), |status| format!(", {status}"))
    )]
    Interim {
        /// Its status: 100, 102 or 103.
        interim: StatusCode,
        /// The status of the real answer; `None` if it did not come.
        behind: Option<StatusCode>,
    },
    /// The status is another 5xx.
    #[error("the server failed ({}): look into its log", status_named(*.0))]
    ServerError(StatusCode),
    /// Any other status.
    #[error("the answer is {} instead of 101", status_named(*.0))]
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
    /// The server sends HTTP where frames should be; its first line.
    #[error(
        "the server sends HTTP behind its 101: {0}. Two handlers answer one upgrade, such as two WebSocketServers on one HTTP server: give them `noServer: true` and one `upgrade` handler that chooses by path"
    )]
    HttpBehind(Shown),
    /// The server sends text where frames should be.
    #[error(
        "the server sends text where frames should be: {0}. A program prints into the connection, such as a warning or a blank line; only frames may follow the 101 (RFC 6455 §5.2)"
    )]
    TextBehind(Shown),
    /// The frames come in chunks of HTTP.
    #[error(
        "the frames come in chunks of HTTP (`Transfer-Encoding: chunked`): a 101 has no body, and frames follow it bare (RFC 9110 §15.2.2)"
    )]
    Chunked,
    /// The server sends compressed frames without having agreed to them.
    #[error(
        "the server compresses for every client that offers `permessage-deflate`, and its 101 does not agree to it: browsers close the connection (RFC 7692 §5)"
    )]
    CompressesUnagreed,
    /// The connection ended right after the 101, without a close frame.
    #[error(
        "it opens and is cut at once, without a close frame, which browsers show as 1006: the handler behind the handshake crashed, or returned without a close, or a proxy gave up"
    )]
    Cut,
    /// The server sent a frame that breaks a rule of RFC 6455.
    #[error("the server breaks the protocol: {0}")]
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
    /// One of the tests ended the whole server.
    #[error(
        "one {} was sent to test that {english} (RFC 6455 §{section}). Catch its error where it happens, so that it ends one connection at most (in Node, `socket.on('error', ...)`)",
        culprit(frame.as_deref())
    )]
    DiedOf {
        /// The section of the rule that was tested.
        section: &'static str,
        /// The rule in English.
        english: &'static str,
        /// The rule in Russian.
        russian: &'static str,
        /// The bytes of the frames that the test sent; `None` if it sent a request.
        frame: Option<Vec<u8>>,
    },
    /// The server let in nobody any more during the tests of the rules.
    #[error("it opens, and lets in nobody any more ({answer}){}: if it does not limit how many may connect, the test has broken the server, as a lock that is never released does", .after.map_or(String::new(), |(section, english, _)| format!(", since it was tested that {english} (RFC 6455 §{section})")))]
    LetsInNoMore {
        /// The answer to a handshake afterwards.
        answer: Seen,
        /// The last rule that was tested before: its section, and its words in English and Russian.
        after: Option<(&'static str, &'static str, &'static str)>,
    },
    /// The server ended during the tests or a moment later, and it is not known of which.
    #[error(
        "your whole server ended during the tests of the rules, and every connection with it: its log tells of which"
    )]
    Died,
    /// No pong to a ping came within this time.
    #[error(
        "a ping is not answered within {0:?}: the server does not read, or something on the way drops frames (RFC 6455 §5.5.2)"
    )]
    NoPong(Duration),
    /// The connection ended while nothing was sent, without a close frame.
    #[error(
        "it is cut after {after:.1?} of silence, without a close frame: somebody on the way has an idle timeout, so ping more often than that"
    )]
    IdleTimeout {
        /// How long nothing was sent.
        after: Duration,
    },
    /// The server closed the connection while nothing was sent.
    #[error("the server closes it after {after:.1?} without a message, with {code} ({}){}: that is the server's own word, so send what it waits for, or ping more often", close_code::english(*code), if_known(": ", Some(.reason).filter(|reason| !reason.as_str().is_empty()), ""))]
    ClosedIdle {
        /// How long nothing was sent.
        after: Duration,
        /// The code of the close frame, 1005 for none.
        code: u16,
        /// The reason.
        reason: Shown,
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

/// The words for a frame or a request that ended the server, with the bytes of a frame.
fn culprit(frame: Option<&[u8]>) -> String {
    let ended = "ended your whole server, and every connection with it:";
    match frame {
        Some(bytes) => format!("frame {ended} {}", Hex::new(bytes, SHOWN)),
        None => format!("request {ended} it"),
    }
}

/// `known` between two texts; an empty text if it is `None`.
pub(super) fn if_known(before: &str, known: Option<impl Display>, after: &str) -> String {
    known.map_or(String::new(), |known| format!("{before}{known}{after}"))
}

/// Whether a proxy waited for a server in vain, by its status.
pub(super) fn is_late(status: StatusCode) -> bool {
    matches!(status.as_u16(), 504 | 522 | 524)
}

/// Where a WebSocket was found.
fn place(found: &str) -> String {
    let is_socket_io = found.starts_with(SOCKET_IO);
    format!("{found}{}", if is_socket_io { " (socket.io: use its own client)" } else { "" })
}

/// When to try again: `Retry-After` is a number of seconds or a date (RFC 9110 §10.2.3).
fn again(retry: Option<&Shown>) -> String {
    match retry.map(Shown::as_str) {
        None => String::new(),
        Some(secs) if secs.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!(": try again in {secs} s")
        }
        Some(date) => format!(": try again after {date}"),
    }
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

fn listed(manners: &[Manner]) -> String {
    let names: Vec<_> = manners.iter().map(ToString::to_string).collect();
    names.join(" and ")
}

fn minded(header: Option<(&str, &str)>, refused: &[Manner]) -> String {
    match header {
        None if refused == [Manner::Plain] => {
            "the server demands a header that only browsers send, so programs cannot connect"
                .to_owned()
        }
        Some(("Connection", value)) => format!(
            "the server compares all of `Connection: {value}`, which is a list that must hold `Upgrade` (RFC 6455 §4.2.1)"
        ),
        Some((name, value)) => format!(
            "the server fails on `{name}: {value}`, which all browsers offer and it may ignore (RFC 6455 §9.1)"
        ),
        None => {
            "the server minds another header of browsers: compare the requests above".to_owned()
        }
    }
}

/// The lines that mend a known proxy.
pub(super) fn remedy(name: Option<&Shown>, before: &str) -> String {
    let is_nginx = name.is_some_and(|name| name.as_str().to_ascii_lowercase().contains("nginx"));
    let lines = "`proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
        proxy_set_header Connection \"upgrade\";`";
    if is_nginx { format!("{before}nginx: {lines}") } else { String::new() }
}
