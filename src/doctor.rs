//! Tells in one sentence why a WebSocket does not open, with the evidence; if it opens, tells which
//! rules of RFC 6455 the server keeps.
//!
//! [`examine`] does what a browser does, step by step: it looks the name up, connects, sends the
//! request, checks the answer, reads, pings. It stops at the first step that fails. Where two causes
//! look the same, it connects once more with another request to tell them apart. If the WebSocket
//! opens, it tests the rules of RFC 6455 one by one, each on a connection of its own.
//!
//! Every read and every write has a limit in time ([`Target::timeout`]) and in bytes. [`examine`]
//! returns within [`Target::limit`], whatever the server does.

mod cause;
mod probe;
mod rules;
mod russian;
mod talk;
mod target;

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER, SEC_WEBSOCKET_VERSION, SERVER, VIA};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

pub use cause::Cause;
pub use rules::{Level, Rule, RuleVerdict};
pub use target::Target;

use crate::address::Address;
use crate::client::{Answer, Asked, Request, ResponseFault};
use crate::escape::{Hex, Shown};
use crate::handshake::VERSION;
use probe::{is_tls, probe, speaks_tls};
use talk::Talk;

/// The paths that are tried if there is no WebSocket at the given one.
const USUAL_PATHS: [&str; 6] = ["/ws", "/", "/chat", "/socket", "/websocket", "/cable"];

/// How many addresses of one name are tried; [`Target::limit`] counts on it.
const ADDRESSES: usize = 8;

/// How many bytes are shown of an answer that is not HTTP.
const SHOWN: usize = 32;

/// The result of [`examine`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The first thing that is wrong; `None` if the WebSocket opens and answers.
    pub cause: Option<Cause>,
    /// The requests sent (`→`) and the answers received (`←`), in order of time.
    pub evidence: Vec<String>,
    /// For each rule of RFC 6455 whether the server keeps it; empty if the WebSocket does not open.
    pub verdicts: Vec<RuleVerdict>,
}

/// Examines one address. A healthy server takes about a second; the limit is [`Target::limit`].
///
/// Cancel safe: dropping the future closes the connections that it has opened.
pub async fn examine(target: &Target) -> Diagnosis {
    let mut examination = Examination { target, evidence: Vec::new() };
    let (cause, verdicts) = match examination.look().await {
        Ok(Some(peer)) => (None, rules::judge(target, peer).await),
        Ok(None) => (None, Vec::new()),
        Err(cause) => (Some(cause), Vec::new()),
    };
    Diagnosis { cause, evidence: examination.evidence, verdicts }
}

struct Examination<'p> {
    target: &'p Target,
    evidence: Vec<String>,
}

impl Examination<'_> {
    /// Opens the WebSocket; gives the address to test the rules at, or `None` if TLS hides the rest.
    async fn look(&mut self) -> Result<Option<SocketAddr>, Cause> {
        let Target { address, .. } = self.target;
        let limit = self.target.timeout;
        let found = self.resolve().await?;
        let request = self.target.request();
        let (peer, tcp, answer) = self.connect(&found, &request).await?;
        if address.tls {
            if !speaks_tls(peer, limit).await.unwrap_or_default() {
                return Err(Cause::NoTls);
            }
            self.note(format!("TLS is spoken at {peer}; what is behind it was not looked at"));
            return Ok(None);
        }
        self.note(format!("→ GET {} HTTP/1.1, Host: {}", address.target, address.authority()));
        let faults = answer.faults(&Asked::of(&request.to_bytes(&address.authority())));
        let (response, rest) = self.response(peer, answer).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(self.refused(peer, &response, quoted(&rest)).await);
        }
        self.switched(faults)?;
        let mut talk = Talk::new(tcp, &rest, limit);
        let ended = talk.examine(self.target.quiet, &mut self.evidence).await;
        ended.map(|()| Some(peer))
    }

    /// Whether a browser opens a WebSocket by a 101 with these faults; all of them are evidence.
    fn switched(&mut self, faults: Vec<ResponseFault>) -> Result<(), Cause> {
        let is_refused = faults.iter().any(ResponseFault::is_fatal);
        for fault in &faults {
            let verdict = if fault.is_fatal() {
                "browsers close the connection"
            } else {
                "browsers forgive it"
            };
            self.note(format!("! {fault}: {verdict}"));
        }
        // A proxy that speaks HTTP/1.0 drops the headers: it is the cause, the missing headers follow.
        let is_cause = |fault: &ResponseFault| fault.is_fatal() || *fault == ResponseFault::OldHttp;
        let cause = faults.into_iter().find(is_cause).filter(|_| is_refused);
        cause.map_or(Ok(()), |fault| Err(Cause::Response(fault)))
    }

    fn note(&mut self, line: String) {
        self.evidence.push(line);
    }

    async fn resolve(&mut self) -> Result<Vec<SocketAddr>, Cause> {
        let Address { host, port, .. } = &self.target.address;
        let looking = timeout(self.target.timeout, lookup_host((host.as_str(), *port))).await;
        let found: Vec<_> = looking.into_iter().flatten().flatten().take(ADDRESSES).collect();
        if found.is_empty() {
            return Err(Cause::NoSuchHost(host.clone()));
        }
        Ok(found)
    }

    /// Sends the request to one address after the other, until one accepts the connection.
    async fn connect(
        &mut self,
        found: &[SocketAddr],
        request: &Request,
    ) -> Result<(SocketAddr, TcpStream, Answer), Cause> {
        let address = &self.target.address;
        let limit = self.target.timeout;
        let mut cause = Cause::NoSuchHost(address.host.clone());
        for &peer in found {
            match probe(peer, &request.to_bytes(&address.authority()), limit).await {
                Ok((tcp, answer)) => {
                    self.note(format!("connected to {peer}"));
                    return Ok((peer, tcp, answer));
                }
                Err(error) => {
                    self.note(format!("{peer}: {error}"));
                    cause = match error.kind() {
                        std::io::ErrorKind::ConnectionRefused => Cause::Refused(peer),
                        _ => Cause::Unreachable(peer, limit),
                    };
                }
            }
        }
        Err(cause)
    }

    /// The HTTP response with the bytes behind its head; the cause if the answer is no HTTP response.
    async fn response(
        &mut self,
        peer: SocketAddr,
        answer: Answer,
    ) -> Result<(Response<()>, Bytes), Cause> {
        let cause = match answer {
            Answer::Response { response, rest, .. } => {
                self.note(format!("← {:?} {}", response.version(), response.status()));
                return Ok((response, rest));
            }
            Answer::Garbage(bytes) => {
                self.note(format!("← {}", Hex::new(&bytes, SHOWN)));
                return Err(foreign(&bytes));
            }
            Answer::Endless => return Err(Cause::Endless),
            Answer::Torn(bytes) => return Err(Cause::Torn(quoted(&bytes))),
            Answer::Silence => Cause::Silent(self.target.timeout),
            Answer::Eof => Cause::HungUp,
            Answer::Reset => Cause::Reset,
        };
        // Many servers that expect TLS send nothing, or close the connection, when they get HTTP.
        Err(if self.answers_tls(peer).await { Cause::Tls } else { cause })
    }

    async fn answers_tls(&mut self, peer: SocketAddr) -> bool {
        let tls = speaks_tls(peer, self.target.timeout).await.unwrap_or_default();
        self.note(format!("→ TLS ClientHello\n← {}", if tls { "TLS" } else { "no TLS" }));
        tls
    }

    /// The cause of an answer other than 101.
    async fn refused(&mut self, peer: SocketAddr, response: &Response<()>, said: Shown) -> Cause {
        let status = response.status();
        let headers = response.headers();
        if !said.as_str().is_empty() {
            self.note(format!("← {said}"));
        }
        let address = &self.target.address;
        let text = |name| text(headers, name);
        let shown = |name| text(name).map(|value| Shown::of(&value));
        let proxy = shown(VIA).or_else(|| shown(SERVER));
        match status.as_u16() {
            200..300 if text(VIA).is_some() => Cause::UpgradeSwallowed(proxy),
            200..300 => {
                Cause::Page { path: address.target.clone(), found: self.elsewhere(peer).await }
            }
            300..400 => match text(LOCATION) {
                Some(to) if is_login(&to) => Cause::LoginRedirect(Shown::of(&to)),
                Some(to) => Cause::Moved(Shown::of(&to)),
                None => Cause::OtherStatus(status),
            },
            400 if self.answers_tls(peer).await => Cause::Tls,
            // A server made with this library says so in the first line of the body.
            400 if said.as_str().to_ascii_lowercase().contains("upgrade") => {
                Cause::UpgradeSwallowed(proxy)
            }
            400 => Cause::BadRequest(said),
            401 | 407 => Cause::Login(status),
            403 => self.forbidden(peer, said).await,
            404 | 410 => {
                Cause::NotFound { path: address.target.clone(), found: self.elsewhere(peer).await }
            }
            405 => Cause::MethodNotAllowed,
            408 => Cause::TooLate,
            421 => Cause::Misdirected(address.authority()),
            426 => match text(SEC_WEBSOCKET_VERSION) {
                Some(spoken) if !spoken.split(',').any(|one| one.trim() == VERSION) => {
                    Cause::OtherVersion(Shown::of(&spoken))
                }
                _ => Cause::UpgradeSwallowed(proxy),
            },
            429 | 503 => Cause::Busy { status, retry: shown(RETRY_AFTER) },
            502 | 504 => Cause::NobodyBehind(status),
            500..600 => Cause::ServerError(status),
            _ => Cause::OtherStatus(status),
        }
    }

    /// The cause of a 403: tries the server's own origin, and none, to see whether `Origin` is the reason.
    async fn forbidden(&mut self, peer: SocketAddr, said: Shown) -> Cause {
        let address = &self.target.address;
        let scheme = if address.tls { "https" } else { "http" };
        let own = format!("{scheme}://{}", address.authority());
        let own = Target { origin: Some(own), ..self.target.clone() };
        let without = Target { origin: None, ..self.target.clone() };
        let Some(origin) = &self.target.origin else {
            let wanted = self.opens(peer, &own).await;
            return if wanted { Cause::OriginWanted } else { Cause::Forbidden(said) };
        };
        if self.opens(peer, &without).await || self.opens(peer, &own).await {
            return Cause::OriginRefused(origin.clone());
        }
        Cause::Forbidden(said)
    }

    /// Another path at which a WebSocket opens: the first of [`USUAL_PATHS`].
    async fn elsewhere(&mut self, peer: SocketAddr) -> Option<String> {
        for path in USUAL_PATHS {
            let address = self.target.address.at(path);
            if address != self.target.address {
                let there = Target { address, ..self.target.clone() };
                if self.opens(peer, &there).await {
                    return Some(path.to_owned());
                }
            }
        }
        None
    }

    async fn opens(&mut self, peer: SocketAddr, target: &Target) -> bool {
        let Target { address, origin, .. } = target;
        let request = target.request().to_bytes(&address.authority());
        let answer = probe(peer, &request, target.timeout).await.map(|(_, answer)| answer);
        let faults = answer.as_ref().map(|answer| answer.faults(&Asked::of(&request)));
        let is_sound = faults.is_ok_and(|faults| !faults.iter().any(ResponseFault::is_fatal));
        let status = match answer {
            Ok(Answer::Response { response, .. }) => Some(response.status()),
            _ => None,
        };
        let origin = origin.as_ref().map(|origin| format!(", Origin: {origin}"));
        let mut seen = status.map_or("no answer".to_owned(), |status| status.to_string());
        if status == Some(StatusCode::SWITCHING_PROTOCOLS) && !is_sound {
            seen += ", which browsers refuse";
        }
        self.note(format!("→ GET {}{}\n← {seen}", address.target, origin.unwrap_or_default()));
        is_sound
    }
}

/// All values of a header as one list. The text is raw: print it only as [`Shown`].
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The text as one line that is safe to print; empty for an HTML page.
fn quoted(bytes: &[u8]) -> Shown {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.starts_with('<') { Shown::default() } else { Shown::of(text) }
}

fn is_login(location: &str) -> bool {
    let location = location.to_ascii_lowercase();
    ["login", "signin", "sign-in", "sign_in", "auth", "sso"]
        .iter()
        .any(|word| location.contains(word))
}

/// The cause for bytes that are not an HTTP response.
fn foreign(bytes: &[u8]) -> Cause {
    if is_tls(bytes) {
        return Cause::Tls;
    }
    // HTTP/2 begins with a SETTINGS frame on stream 0 (RFC 9113 §3.4).
    if matches!(bytes, [0, _, _, 4, 0, 0, 0, 0, 0, ..]) || bytes.starts_with(b"HTTP/2") {
        return Cause::Http2;
    }
    let like = match bytes {
        [b'S', b'S', b'H', b'-', ..] => Some("SSH"),
        [b'-', b'E', b'R', b'R', ..] => Some("Redis"),
        [b'2', b'2', b'0', b' ' | b'-', ..] => Some("SMTP or FTP"),
        [_, _, _, 0, 10, ..] => Some("MySQL"),
        _ => None,
    };
    Cause::NotHttp { said: Shown::new(bytes, SHOWN), like }
}
