//! The events that a proxy reports: what crossed one of its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use crate::client::ConnectError;
use crate::frame::{Frame, Role, Torn, Violation};

/// One event of a connection.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of the connection, from 1.
    pub connection: u64,
    /// The number of the WebSocket, from 1 in the order of the requests; 0 as long as the connection
    /// carries only pages.
    pub socket: u64,
    /// When its last byte was sent on.
    pub at: Instant,
    /// The event.
    pub what: What,
}

/// An event on a connection. Its `sender` is the side that sent it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What {
    /// The head of a request, as the server got it. `peer` is the client's address.
    Request {
        /// The head, to its blank line.
        head: Bytes,
        /// The address that the client connected from.
        peer: SocketAddr,
    },
    /// An answer, and the first [`BODY_KEPT`](super::BODY_KEPT) bytes of its body.
    Answer {
        /// The head, to its blank line.
        head: Bytes,
        /// The front of the body, as it was sent: chunks are not decoded.
        body: Bytes,
        /// The bytes of the whole body.
        len: u64,
    },
    /// A frame.
    Frame {
        /// The side that sent it.
        sender: Role,
        /// The frame; of a long payload only the front is kept.
        frame: Frame,
        /// The first rule that it breaks. With an extension, reserved bits and what is not UTF-8 break none.
        violation: Option<Violation>,
        /// The fault of the proxy that made or changed it: then it is not the sender's.
        fault: Option<Arc<str>>,
    },
    /// A frame whose rest never came.
    Torn {
        /// The side that began it.
        sender: Role,
        /// The part that came.
        torn: Torn,
    },
    /// Bytes that are neither HTTP nor frames: the first ones, and no more of this direction.
    Stray {
        /// The side that sent them.
        sender: Role,
        /// The first bytes.
        bytes: Bytes,
    },
    /// A direction ended: `sender` sends no more, in order or by an error.
    Ended {
        /// The side that ended it.
        sender: Role,
        /// The kind of error if it was not in order.
        error: Option<io::ErrorKind>,
    },
    /// The server could not be reached, so the client got 502.
    Unreachable(Arc<ConnectError>),
    /// The client got 503, because there are as many connections as may be.
    Full(SocketAddr),
    /// A fault acted on the connection; the text is the fault as it is written.
    Fault(Arc<str>),
    /// A frame waits for a person: [`Faults::decide`](super::Faults::decide) sends it on.
    Held {
        /// The side that sent it.
        sender: Role,
        /// Its number on this WebSocket.
        number: u64,
        /// The frame.
        frame: Frame,
        /// The rule that holds it, as it is written.
        fault: Arc<str>,
    },
    /// The observer was too slow for these frames. They were sent on all the same.
    Missed {
        /// The side that sent them.
        sender: Role,
        /// How many.
        frames: u64,
        /// Their bytes.
        bytes: u64,
    },
}
