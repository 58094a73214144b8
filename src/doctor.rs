//! Tells in one sentence why a WebSocket does not open, with the evidence; if it opens, tells which
//! rules of RFC 6455 the server keeps.
//!
//! [`examine`] does what a browser does, step by step: it reads the rules of the page, looks the name up, connects, sends the
//! request, checks the answer, reads, pings. It stops at the first step that fails. Where two causes
//! look the same, it connects once more with another request to tell them apart. If the WebSocket
//! opens, it tests the rules of RFC 6455 one by one, each on a connection of its own.
//!
//! Every read and every write has a limit in time ([`Target::timeout`]) and in bytes. [`examine`]
//! returns within [`Target::limit`], whatever the server does.

mod cause;
mod cause_id;
mod comparison;
mod content_policy;
mod evidence;
mod examination;
mod http2;
mod http2_offer;
mod judge;
mod manner;
mod markup;
mod no_response;
mod opening;
mod page;
mod page_rules;
mod probe;
mod reaction;
mod refusal;
mod rules;
mod russian;
mod talk;
mod target;
mod witness;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::SEC_WEBSOCKET_EXTENSIONS;
use tokio::time::timeout;

pub use cause::Cause;
pub use content_policy::ContentPolicy;
pub use evidence::{Evidence, How, Seen};
pub use http2::Http2;
pub use manner::Manner;
pub use page::Page;
pub use reaction::Reaction;
pub use rules::{Level, Rule, RuleVerdict};
pub use target::Target;

use crate::client::{Answer, Asked, ConnectError, Connection, Request, ResponseFault};
use crate::frame::Violation;
use examination::{Examination, body};
use judge::judge;
use opening::open;
use probe::{probe_with_text, speaks_tls};
use talk::Talk;

/// How many addresses of one name are tried; [`Target::limit`] counts on it.
const ADDRESSES: usize = 8;

/// The result of [`examine`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The first thing that is wrong; `None` if the WebSocket opens and answers.
    pub cause: Option<Cause>,
    /// The requests sent (`→`) and the answers received (`←`), in order of time.
    pub evidence: Vec<Evidence>,
    /// For each rule of RFC 6455 whether the server keeps it; empty if the WebSocket does not open.
    pub verdicts: Vec<RuleVerdict>,
}

impl Diagnosis {
    /// Whether the WebSocket opens, and the server keeps every rule that is a MUST.
    ///
    /// A test that shows nothing, because it was not let in or got no answer, does not show that a rule is kept.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let mut musts = self.verdicts.iter().filter(|verdict| verdict.rule.level == Level::Must);
        self.cause.is_none() && musts.all(|verdict| verdict.kept == Some(true))
    }
}

/// Examines one address. A healthy server takes about a second; the limit is [`Target::limit`].
///
/// Cancel safe: dropping the future closes the connections that it has opened.
pub async fn examine(target: &Target) -> Diagnosis {
    let mut examination = Examination { target, evidence: Vec::new() };
    let mut of_page = target.clone();
    if let Some(page) = &target.page {
        match examination.of_page(page).await {
            Ok(address) => of_page.address = address,
            Err(cause) => {
                let evidence = examination.evidence;
                return Diagnosis { cause: Some(cause), evidence, verdicts: Vec::new() };
            }
        }
    }
    examination.target = &of_page;
    let (cause, verdicts) = match examination.look().await {
        Ok(peer) => judge(&of_page, peer).await,
        Err(cause) => (Some(cause), Vec::new()),
    };
    Diagnosis { cause, evidence: examination.evidence, verdicts }
}

impl Examination<'_> {
    /// Opens the WebSocket; gives the address to test the rules at.
    async fn look(&mut self) -> Result<SocketAddr, Cause> {
        let Target { address, .. } = self.target;
        let limit = self.target.timeout;
        let found = self.resolve().await?;
        let request = Manner::Chromium.request(self.target);
        let (peer, io, answer) = self.connect(&found, &request).await?;
        self.note(Evidence::Request { path: address.target.clone(), host: address.authority() });
        let seen = Seen::from(&answer);
        let faults = answer.faults(&Asked::of(&request.to_bytes(&address.authority())));
        self.show(&answer);
        // An interim answer is the cause, whatever else the manner changes.
        if !matches!(answer, Answer::Silence | Answer::Endless)
            && !answer.is_interim()
            && faults.iter().any(ResponseFault::is_fatal)
        {
            self.families(&found, peer, &request, seen).await;
            if let Some(cause) = self.manners(peer, Some(seen)).await {
                return Err(cause);
            }
        }
        let (response, rest) = self.response(peer, answer).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let body = body(&response, &rest);
            return Err(self.refused(peer, &response, &body).await);
        }
        self.switched(faults)?;
        let mut talk = Talk::new(io, &rest, limit);
        // Frames may be compressed then, and what is in them is not inflated here.
        if response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            talk.leave().await;
            self.note(Evidence::Compressed);
            talk = match open(self.target, peer).await {
                Some(talk) => talk,
                None => return Err(self.manners(peer, None).await.unwrap_or(Cause::Cut)),
            };
        }
        let ended = talk.examine(self.target.quiet, &mut self.evidence).await;
        if let Err(Cause::Broken(Violation::ReservedBits(_))) = ended
            && let Some(mut plain) = open(self.target, peer).await
            && plain.examine(Duration::ZERO, &mut Vec::new()).await.is_ok()
        {
            return Err(Cause::CompressesUnagreed);
        }
        ended?;
        // Only now: a server may tell its clients of each that comes.
        drop(talk);
        self.families(&found, peer, &request, seen).await;
        self.http2(peer).await;
        self.manners(peer, None).await.map_or(Ok(peer), Err)
    }

    /// Whether a browser opens a WebSocket by a 101 with these faults; all of them are evidence.
    fn switched(&mut self, faults: Vec<ResponseFault>) -> Result<(), Cause> {
        let is_refused = faults.iter().any(ResponseFault::is_fatal);
        self.evidence.extend(faults.iter().cloned().map(Evidence::Fault));
        // A proxy that speaks HTTP/1.0 drops the headers: it is the cause, the missing headers follow.
        let is_cause = |fault: &ResponseFault| fault.is_fatal() || *fault == ResponseFault::OldHttp;
        let cause = faults.into_iter().find(is_cause).filter(|_| is_refused);
        cause.map_or(Ok(()), |fault| Err(Cause::Response(fault)))
    }

    async fn resolve(&mut self) -> Result<Vec<SocketAddr>, Cause> {
        let Target { address, route, .. } = self.target;
        let looking = timeout(self.target.timeout, route.resolve(address)).await;
        let found: Vec<_> = looking.into_iter().flatten().flatten().take(ADDRESSES).collect();
        if found.is_empty() {
            return Err(Cause::NoSuchHost(route.host(address).to_owned()));
        }
        Ok(found)
    }

    /// Sends the request to one address after the other, until one accepts the connection.
    async fn connect(
        &mut self,
        found: &[SocketAddr],
        request: &Request,
    ) -> Result<(SocketAddr, Box<dyn Connection>, Answer), Cause> {
        let address = &self.target.address;
        let limit = self.target.timeout;
        let mut cause = Cause::NoSuchHost(address.host.clone());
        for &peer in found {
            match probe_with_text(self.target, peer, &request.to_bytes(&address.authority())).await
            {
                Ok((io, answer)) => {
                    self.note(Evidence::Connected(peer));
                    self.evidence.extend(io.facts().into_iter().map(Evidence::Route));
                    return Ok((peer, io, answer));
                }
                Err(error) => {
                    let error = Arc::new(error);
                    self.note(Evidence::NotConnected(peer, error.clone()));
                    cause = match &*error {
                        ConnectError::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                            Cause::Refused(peer)
                        }
                        ConnectError::Io(_) => Cause::Unreachable(peer, limit),
                        ConnectError::TlsBroken(kind) => {
                            return Err(self.no_tls(peer, *kind).await);
                        }
                        ConnectError::Certificate(fault) => {
                            return Err(Cause::Certificate(fault.clone()));
                        }
                        ConnectError::Proxy(fault) => return Err(Cause::Proxy(fault.clone())),
                        ConnectError::Tls(why) => return Err(Cause::TlsFailed(why.clone())),
                        ConnectError::TlsNotSpoken if speaks_tls(self.target, peer).await => {
                            return Err(Cause::TlsNotSpoken);
                        }
                        ConnectError::NoTls | ConnectError::TlsNotSpoken => {
                            return Err(Cause::NoTls);
                        }
                    };
                }
            }
        }
        Err(cause)
    }
}
