//! Why a WebSocket does not open, in one sentence, with the evidence; and which rules it keeps if it does.
//!
//! [`examine`] does what a browser does, step by step: looks the name up,
//! connects, asks, checks the answer, listens, pings. It stops at the first step
//! that fails, and knocks again in another way where that tells two causes
//! apart. A healthy server is then asked about RFC 6455, rule by rule.
//!
//! Every wait has a limit ([`Patient::patience`]), to be heard as well as to hear,
//! so has everything that is read, and a cause is found whatever the other side
//! does, in [`Patient::limit`].

mod cause;
mod knock;
mod rules;
mod russian;
mod talk;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{LOCATION, RETRY_AFTER, SEC_WEBSOCKET_VERSION, SERVER, VIA};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

pub use cause::Cause;
pub use rules::{Level, Rule, Verdict};

use crate::address::Address;
use crate::client::{Answer, Asked, Request, ResponseFault};
use crate::escape::{Hex, Shown};
use crate::handshake::VERSION;
use knock::{is_tls, knock, speaks_tls};
use talk::Talk;

/// Where else a WebSocket may be, if it is not where it was looked for.
const USUAL_PATHS: [&str; 6] = ["/ws", "/", "/chat", "/socket", "/websocket", "/cable"];

/// How many addresses of one name are tried.
const ADDRESSES: usize = 8;

/// How often [`Patient::patience`] may be tried: by the look-up, by seven addresses that do not
/// answer, and twice, to connect and to be answered, by the one that does and by each usual path.
const STEPS: u32 = 1 + 7 + 2 + 2 * 6;

/// What takes time of its own, whatever the patience: greetings, texts of refusals, the end.
const ASIDES: Duration = Duration::from_secs(5);

/// How many bytes of what is no HTTP are shown.
const SHOWN: usize = 32;

/// Whom to examine, and how.
#[derive(Clone, Debug)]
pub struct Patient {
    /// Where it is.
    pub address: Address,
    /// As the page of which origin; none for a program.
    pub origin: Option<String>,
    /// The subprotocols to offer, with commas between.
    pub subprotocols: Option<String>,
    /// How long each step may take.
    pub patience: Duration,
    /// How long to be silent, to see whether somebody ends it for that; zero for not at all.
    pub quiet: Duration,
}

impl Patient {
    /// A program's visit, with five seconds for each step, and no silence.
    #[must_use]
    pub fn new(address: Address) -> Self {
        let patience = Duration::from_secs(5);
        Self { address, origin: None, subprotocols: None, patience, quiet: Duration::ZERO }
    }

    /// How long [`examine`] takes at most: 22 times `patience`, `quiet`, and five seconds.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.patience * STEPS + self.quiet + ASIDES
    }

    /// A sound handshake, with a new key.
    fn request(&self) -> Request {
        let mut nonce = [0; 16];
        // A system without randomness leaves zeros, which are a valid key (RFC 6455 §4.1).
        let _ = getrandom::fill(&mut nonce);
        let key = BASE64.encode(&nonce);
        let mut request = Request::new(&self.address.target)
            .header("Host", &self.address.authority())
            .header("Sec-WebSocket-Key", &key);
        if let Some(origin) = &self.origin {
            request = request.header("Origin", origin);
        }
        if let Some(names) = &self.subprotocols {
            request = request.subprotocol(names);
        }
        request
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// What is wrong; `None` for a WebSocket that opens and answers.
    pub cause: Option<Cause>,
    /// What was done and seen, in that order: `→` is sent, `←` is received.
    pub evidence: Vec<String>,
    /// Which rules of RFC 6455 it keeps; of a WebSocket that does not open, none is known.
    pub verdicts: Vec<Verdict>,
}

/// Examines one address. Takes about a second for a healthy server, and [`Patient::limit`] at most.
pub async fn examine(patient: &Patient) -> Diagnosis {
    let mut examination = Examination { patient, evidence: Vec::new() };
    let (cause, verdicts) = match examination.look().await {
        Ok(Some(peer)) => (None, rules::judge(patient, peer).await),
        Ok(None) => (None, Vec::new()),
        Err(cause) => (Some(cause), Vec::new()),
    };
    Diagnosis { cause, evidence: examination.evidence, verdicts }
}

struct Examination<'p> {
    patient: &'p Patient,
    evidence: Vec<String>,
}

impl Examination<'_> {
    /// Whom to ask about the rules; nobody where TLS hides the rest.
    async fn look(&mut self) -> Result<Option<SocketAddr>, Cause> {
        let Patient { address, patience, .. } = self.patient;
        let found = self.resolve().await?;
        let request = self.patient.request();
        let (peer, tcp, answer) = self.connect(&found, &request).await?;
        if address.tls {
            if !speaks_tls(peer, *patience).await.unwrap_or_default() {
                return Err(Cause::NoTls);
            }
            self.note(format!("TLS is spoken at {peer}; what is behind it was not looked at"));
            return Ok(None);
        }
        self.note(format!("→ GET {} HTTP/1.1, Host: {}", address.target, address.authority()));
        let faults = answer.faults(&Asked::of(&request.to_bytes(&address.authority())));
        let (response, rest) = self.heard(peer, answer).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(self.refused(peer, &response, quoted(&rest)).await);
        }
        self.switched(faults)?;
        let mut talk = Talk::new(tcp, &rest, *patience);
        let ended = talk.examine(self.patient.quiet, &mut self.evidence).await;
        ended.map(|()| Some(peer))
    }

    /// Whether a browser opens a WebSocket by a 101 with these faults; all of them are evidence.
    fn switched(&mut self, faults: Vec<ResponseFault>) -> Result<(), Cause> {
        let is_refused = faults.iter().any(ResponseFault::is_fatal);
        for fault in &faults {
            let verdict = if fault.is_fatal() { "browsers hang up" } else { "browsers forgive it" };
            self.note(format!("! {fault}: {verdict}"));
        }
        // What a proxy of HTTP/1.0 leaves out is its fault, which is to be named.
        let is_cause = |fault: &ResponseFault| fault.is_fatal() || *fault == ResponseFault::OldHttp;
        let cause = faults.into_iter().find(is_cause).filter(|_| is_refused);
        cause.map_or(Ok(()), |fault| Err(Cause::Response(fault)))
    }

    fn note(&mut self, line: String) {
        self.evidence.push(line);
    }

    async fn resolve(&mut self) -> Result<Vec<SocketAddr>, Cause> {
        let Patient { address: Address { host, port, .. }, patience, .. } = self.patient;
        let looking = timeout(*patience, lookup_host((host.as_str(), *port))).await;
        let found: Vec<_> = looking.into_iter().flatten().flatten().take(ADDRESSES).collect();
        if found.is_empty() {
            return Err(Cause::NoSuchHost(host.clone()));
        }
        Ok(found)
    }

    /// Knocks at one address after the other, until somebody opens.
    async fn connect(
        &mut self,
        found: &[SocketAddr],
        request: &Request,
    ) -> Result<(SocketAddr, TcpStream, Answer), Cause> {
        let Patient { address, patience, .. } = self.patient;
        let mut cause = Cause::NoSuchHost(address.host.clone());
        for &peer in found {
            match knock(peer, &request.to_bytes(&address.authority()), *patience).await {
                Ok((tcp, answer)) => {
                    self.note(format!("connected to {peer}"));
                    return Ok((peer, tcp, answer));
                }
                Err(error) => {
                    self.note(format!("{peer}: {error}"));
                    cause = match error.kind() {
                        std::io::ErrorKind::ConnectionRefused => Cause::Refused(peer),
                        _ => Cause::Unreachable(peer, *patience),
                    };
                }
            }
        }
        Err(cause)
    }

    /// The response, if it is one.
    async fn heard(
        &mut self,
        peer: SocketAddr,
        answer: Answer,
    ) -> Result<(Response<()>, Bytes), Cause> {
        let patience = self.patient.patience;
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
            Answer::Silence => Cause::Silent(patience),
            Answer::Eof => Cause::HungUp,
            Answer::Reset => Cause::Reset,
        };
        // Many a server that expects TLS is silent, or hangs up, if it gets HTTP.
        Err(if self.hears_tls(peer).await { Cause::Tls } else { cause })
    }

    async fn hears_tls(&mut self, peer: SocketAddr) -> bool {
        let tls = speaks_tls(peer, self.patient.patience).await.unwrap_or_default();
        self.note(format!("→ TLS ClientHello\n← {}", if tls { "TLS" } else { "no TLS" }));
        tls
    }

    /// What an answer other than 101 means.
    async fn refused(&mut self, peer: SocketAddr, response: &Response<()>, said: Shown) -> Cause {
        let (status, headers) = (response.status(), response.headers());
        if !said.as_str().is_empty() {
            self.note(format!("← {said}"));
        }
        let address = &self.patient.address;
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
            400 if self.hears_tls(peer).await => Cause::Tls,
            // Ours says it in the first line.
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

    /// Who is let in, if not this one.
    async fn forbidden(&mut self, peer: SocketAddr, said: Shown) -> Cause {
        let address = &self.patient.address;
        let scheme = if address.tls { "https" } else { "http" };
        let own = format!("{scheme}://{}", address.authority());
        let own = Patient { origin: Some(own), ..self.patient.clone() };
        let without = Patient { origin: None, ..self.patient.clone() };
        let Some(origin) = &self.patient.origin else {
            let wanted = self.opens(peer, &own).await;
            return if wanted { Cause::OriginWanted } else { Cause::Forbidden(said) };
        };
        if self.opens(peer, &without).await || self.opens(peer, &own).await {
            return Cause::OriginRefused(origin.clone());
        }
        Cause::Forbidden(said)
    }

    /// Another path at which a WebSocket opens.
    async fn elsewhere(&mut self, peer: SocketAddr) -> Option<String> {
        for path in USUAL_PATHS {
            let address = self.patient.address.at(path);
            if address != self.patient.address {
                let there = Patient { address, ..self.patient.clone() };
                if self.opens(peer, &there).await {
                    return Some(path.to_owned());
                }
            }
        }
        None
    }

    async fn opens(&mut self, peer: SocketAddr, patient: &Patient) -> bool {
        let Patient { address, origin, patience, .. } = patient;
        let request = patient.request().to_bytes(&address.authority());
        let answer = knock(peer, &request, *patience).await.map(|(_, answer)| answer);
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

/// All values of a header, as one list: raw, to be compared, and printed only as [`Shown`].
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// What was said, as one line that harms no terminal: of a page, nothing.
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

/// What speaks like that.
fn foreign(bytes: &[u8]) -> Cause {
    if is_tls(bytes) {
        return Cause::Tls;
    }
    // A SETTINGS frame on stream 0 is what HTTP/2 begins with (RFC 9113 §3.4).
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
