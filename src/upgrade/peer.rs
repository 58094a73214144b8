//! Who is at the other end.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::header::{SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use http::{HeaderMap, Request, Response, Uri};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::escape::Line;
use crate::{id, timestamp};

/// The two ends of a TCP connection. A server that knows them puts them into
/// the request's extensions; over a pipe there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Where the client connects from. A whole class may share one address.
    pub peer: SocketAddr,
    /// Where it connected to.
    pub local: SocketAddr,
}

/// A client as its handshake showed it: who, from where, with what, since when.
///
/// As JSON it is what a teacher's list shows: `connectionId`, `clientIP`,
/// `userAgent`, `since`. The target and the headers were written by a stranger.
#[derive(Clone, Debug)]
pub struct Peer {
    /// This connection's name, which nobody can guess.
    pub id: String,
    /// When it was let in, as a [`timestamp`].
    pub since: String,
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
            id: id::random(),
            since: timestamp::now(),
            ends: request.extensions().get().copied(),
            target: request.uri().clone(),
            headers: request.headers().clone(),
            subprotocol: chosen.and_then(|value| value.to_str().ok()).map(str::to_owned),
        }
    }

    /// Where the client connects from; a whole class may share one address. `0.0.0.0` if it has none.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ends.map_or(Ipv4Addr::UNSPECIFIED.into(), |ends| ends.peer.ip())
    }

    /// What its address says after `?` under `name`, as it stands there: `12` for `/ws?since=12`.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.target.query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// What the client calls itself; empty if it does not.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// For a log, on one line.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} with {}", self.id, self.ip(), Line::of(self.user_agent()))
    }
}

impl Serialize for Peer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut peer = serializer.serialize_struct("Peer", 4)?;
        peer.serialize_field("connectionId", &self.id)?;
        peer.serialize_field("clientIP", &self.ip())?;
        peer.serialize_field("userAgent", self.user_agent())?;
        peer.serialize_field("since", &self.since)?;
        peer.end()
    }
}
