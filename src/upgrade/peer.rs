//! The client of a connection, as its handshake shows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::header::USER_AGENT;
use http::{HeaderMap, Request, Uri};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::escape::Line;
use crate::handshake::{Agreement, Extension};
use crate::{id, timestamp};

/// The two ends of a TCP connection. A server that knows them puts them into the request's
/// [extensions](Request::extensions); a pipe has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The client's address. A whole class may share one.
    pub peer: SocketAddr,
    /// The server's address, the one that the client connected to.
    pub local: SocketAddr,
}

/// A client as its handshake shows it: its id, its address, its program, its request.
///
/// As JSON it has what a teacher's list shows: `connectionId`, `clientIP`, `userAgent`, `since`.
/// The client wrote the target and the headers: escape them before you print them.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The connection's id: random, so that no client can guess another's.
    pub id: String,
    /// When the request was accepted, as a [`timestamp`].
    pub since: String,
    /// Both ends of the connection, if they are known.
    pub ends: Option<Ends>,
    /// The path and the query of its request.
    pub target: Uri,
    /// Its request's headers.
    pub headers: HeaderMap,
    /// The subprotocol that was agreed on (RFC 6455 §1.9).
    pub subprotocol: Option<String>,
    /// The extensions that were agreed on (RFC 6455 §9).
    pub extensions: Vec<Extension>,
    /// The query's pairs, decoded.
    query: Vec<(String, String)>,
}

impl Peer {
    /// The client of an accepted request. The id is a new one.
    pub fn new<B>(request: &Request<B>, agreement: &Agreement) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self {
            id: id::random(),
            since: timestamp::now(),
            ends: request.extensions().get().copied(),
            target: request.uri().clone(),
            headers: request.headers().clone(),
            subprotocol: agreement.subprotocol.clone(),
            extensions: agreement.extensions.clone(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        }
    }

    /// The client's address; `0.0.0.0` if it is not known.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ends.map_or(Ipv4Addr::UNSPECIFIED.into(), |ends| ends.peer.ip())
    }

    /// The first value of `name` in the query of its request, decoded as HTML forms encode it:
    /// `a b` for `/ws?name=a+b` and for `/ws?name=a%20b`.
    ///
    /// A name without `=` has an empty value. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().find(|(found, _)| found == name)?;
        Some(value)
    }

    /// Its `User-Agent`; empty if it sends none, or one that is not ASCII.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// One line for a log, with the text of the client escaped.
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
