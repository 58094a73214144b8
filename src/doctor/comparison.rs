//! Whether requests in other manners, and other addresses of the host, get the same answer.

use std::net::SocketAddr;

use super::cause::Cause;
use super::evidence::{Evidence, How, Seen};
use super::examination::Examination;
use super::manner::{MINDED, Manner};
use super::probe::probe;
use super::target::Target;
use crate::client::{Asked, Request, ResponseFault};

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
                Err((_, Some(fault))) if answers[0].1.is_none() => {
                    return Some(Cause::Response(fault));
                }
                asked => asked.err().map(|(seen, _)| seen),
            };
            answers.push((manner, refused));
            // If Chromium's is refused like a plain one, the manner is not the cause.
            if answers.iter().all(|(_, refused)| refused.is_some()) && manner == Manner::Plain {
                return None;
            }
        }
        let answer = answers.iter().find_map(|(_, refused)| *refused)?;
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

    /// Sends one more request. If it is refused, gives what came, and the fault if that is a 101.
    async fn asked(
        &mut self,
        peer: SocketAddr,
        request: &Request,
        how: How,
    ) -> Result<(), (Seen, Option<ResponseFault>)> {
        let request = request.to_bytes(&self.target.address.authority());
        let (seen, fault) = match probe(self.target, peer, &request).await {
            Ok((_, answer)) => {
                let faults = answer.faults(&Asked::of(&request));
                (Seen::from(&answer), faults.into_iter().find(ResponseFault::is_fatal))
            }
            Err(error) => {
                let fault = ResponseFault::NoAnswer(error.kind());
                (Seen::NotConnected(error.kind()), Some(fault))
            }
        };
        self.note(Evidence::Again(how, fault.as_ref().map(|_| seen)));
        match fault {
            None => Ok(()),
            Some(fault) => Err((seen, fault.part().is_some().then_some(fault))),
        }
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
