//! Who is at the other end.

use std::net::{IpAddr, SocketAddr};

use http::header::{SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use http::{HeaderMap, Request, Response, Uri};

/// The two ends of a TCP connection. A server that knows them puts them into
/// the request's extensions; over a pipe there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Where the client connects from. A whole class may share one address.
    pub peer: SocketAddr,
    /// Where it connected to.
    pub local: SocketAddr,
}

/// A client as its handshake showed it. All but the ends was written by a stranger.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Both ends of the connection, if it has any.
    pub ends: Option<Ends>,
    /// The path and query it asked for.
    pub target: Uri,
    /// Its request's headers.
    pub headers: HeaderMap,
    /// The subprotocol that was agreed on (RFC 6455 §1.9).
    pub subprotocol: Option<String>,
}

impl Peer {
    /// Reads a request and the answer that granted it.
    pub fn new<A, B>(request: &Request<A>, granted: &Response<B>) -> Self {
        let chosen = granted.headers().get(SEC_WEBSOCKET_PROTOCOL);
        Self {
            ends: request.extensions().get().copied(),
            target: request.uri().clone(),
            headers: request.headers().clone(),
            subprotocol: chosen.and_then(|value| value.to_str().ok()).map(str::to_owned),
        }
    }

    /// Where the client connects from, if it has an address; a whole class may share one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.ends.map(|ends| ends.peer.ip())
    }

    /// What the client calls itself; empty if it does not.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
