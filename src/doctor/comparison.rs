//! Whether requests in other manners, and other addresses of the host, get the same answer.

use std::net::SocketAddr;

use super::cause::Cause;
use super::evidence::{Evidence, How, Seen};
use super::examination::Examination;
use super::manner::{MINDED, Manner};
use super::probe::probe;
use super::target::Target;
use crate::client::{Asked, ConnectError, Request, ResponseFault};

impl Examination<'_> {
    /// Asks in the other manners: the cause, if some are let in and others are not.
    ///
    /// `refused` is the answer to Chromium's request; `None` if it was let in.
    pub(super) async fn manners(
        &mut self,
        peer: SocketAddr,
        refused: Option<Seen>,
    ) -> Option<Cause> {
        let mut answers = vec![(Manner::Chromium, refused)];
        for manner in [Manner::Firefox, Manner::Plain] {
            let asked = self.asked(peer, &manner.request(self.target), How::Manner(manner)).await;
            let refused = match asked {
                Err((_, Some(cause))) if answers[0].1.is_none() => return Some(cause),
                asked => asked.err().map(|(seen, _)| seen),
            };
            answers.push((manner, refused));
            // If Chromium's is refused like a plain one, the manner is not the cause.
            if answers.iter().all(|(_, refused)| refused.is_some()) && manner == Manner::Plain {
                return None;
            }
        }
        let answer = answers.iter().find_map(|(_, refused)| *refused)?;
        if let Some(cause) = self.changes(peer, &answers).await {
            return Some(cause);
        }
        let named = |is_refused: bool| {
            let of = answers.iter().filter(|(_, refused)| refused.is_some() == is_refused);
            of.map(|(manner, _)| *manner).collect()
        };
        let mut minds = None;
        let is_plain_let_in = answers[2].1.is_none();
        for (name, value) in MINDED.into_iter().filter(|_| is_plain_let_in) {
            let request = self.target.request().header(name, value);
            if self.asked(peer, &request, How::With(name, value)).await.is_err() {
                minds = Some((name, value));
                break;
            }
        }
        Some(Cause::Manner { refused: named(true), let_in: named(false), answer, minds })
    }

    /// Asks in each manner twice more: the cause, if the same request is let in once and once not.
    ///
    /// The order is another one each time, because a balancer takes its servers in turn.
    async fn changes(
        &mut self,
        peer: SocketAddr,
        before: &[(Manner, Option<Seen>)],
    ) -> Option<Cause> {
        let mut is_let_in = false;
        let mut changed = None;
        let (chromium, firefox, plain) = (Manner::Chromium, Manner::Firefox, Manner::Plain);
        for manner in [plain, chromium, firefox, firefox, plain, chromium] {
            let asked = self.asked(peer, &manner.request(self.target), How::Manner(manner)).await;
            let now = match asked {
                Err((_, Some(cause))) => return Some(cause),
                asked => asked.err().map(|(seen, _)| seen),
            };
            is_let_in |= now.is_none();
            let (_, then) = before.iter().find(|(asked, _)| *asked == manner)?;
            changed = changed.or((then.is_some() != now.is_some()).then(|| then.or(now)).flatten());
        }
        let cause = if is_let_in { Cause::Sometimes } else { Cause::NoLonger };
        changed.map(cause)
    }

    /// Sends one more request. If it is refused, gives what came, and the cause if that is no matter of the
    /// manner: a wrong 101, or the certificate of another server.
    async fn asked(
        &mut self,
        peer: SocketAddr,
        request: &Request,
        how: How,
    ) -> Result<(), (Seen, Option<Cause>)> {
        let request = request.to_bytes(&self.target.address.authority());
        let asked = match probe(self.target, peer, &request).await {
            Ok((_, answer)) => {
                let faults = answer.faults(&Asked::of(&request));
                let fault = faults.into_iter().find(ResponseFault::is_fatal);
                let cause =
                    |fault: ResponseFault| fault.part().is_some().then_some(Cause::Response(fault));
                fault.map_or(Ok(()), |fault| Err((Seen::from(&answer), cause(fault))))
            }
            Err(error) => {
                let seen = Seen::NotConnected(error.kind());
                let cause = match error {
                    ConnectError::Certificate(fault) => Some(Cause::Certificate(fault)),
                    ConnectError::Tls(fault) => Some(Cause::TlsFailed(fault)),
                    _ => None,
                };
                Err((seen, cause))
            }
        };
        self.note(Evidence::Again(how, asked.as_ref().err().map(|(seen, _)| *seen)));
        asked
    }

    /// Says so if two addresses of one name on this computer differ: a browser may take any of them.
    /// One other address is asked; [`Target::limit`] counts on it.
    pub(super) async fn families(
        &mut self,
        found: &[SocketAddr],
        peer: SocketAddr,
        request: &Request,
        answer: Seen,
    ) {
        let Target { address, .. } = self.target;
        let mut others = found.iter().filter(|other| **other != peer && other.ip().is_loopback());
        let Some(&other) = others.next() else { return };
        let request = request.to_bytes(&address.authority());
        let seen = Seen::of(&probe(self.target, other, &request).await);
        if seen != answer {
            let host = address.host.clone();
            self.note(Evidence::Differ { host, peer, other, seen });
        }
    }
}
