//! Opens a WebSocket for a test.

use std::net::SocketAddr;

use super::probe::probe;
use super::talk::Talk;
use super::target::Target;
use crate::client::{Answer, Asked, Connection, Request, ResponseFault};

/// Opens a WebSocket at `peer`, unless a browser would not.
pub(super) async fn open(target: &Target, peer: SocketAddr) -> Option<Talk> {
    let request = target.request();
    let asked = Asked::of(&request.to_bytes(&target.address.authority()));
    let (io, answer) = ask(target, peer, &request).await?;
    let is_refused = answer.faults(&asked).iter().any(ResponseFault::is_fatal);
    match answer {
        Answer::Response { rest, .. } if !is_refused => Some(Talk::new(io, &rest, target.timeout)),
        _ => None,
    }
}

/// Sends a request, and gives the connection with the answer.
pub(super) async fn ask(
    target: &Target,
    peer: SocketAddr,
    request: &Request,
) -> Option<(Box<dyn Connection>, Answer)> {
    let bytes = request.to_bytes(&target.address.authority());
    probe(target, peer, &bytes).await.ok()
}
