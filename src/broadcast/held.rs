//! The requests that a hub has not carried out yet, because it waits for a release.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::member::{Audience, ClientId};

/// One thing that a hub was asked to do.
#[derive(Debug)]
pub(super) enum Request {
    Send(ClientId, Bytes),
    Broadcast { audience: Audience, except: Option<ClientId>, message: Message },
    Seat(ClientId, Audience),
    Close(ClientId, CloseFrame),
}

impl Request {
    fn bytes(&self) -> usize {
        let message = match self {
            Self::Send(_, frame) => frame.len(),
            Self::Broadcast { message, .. } => message.len(),
            Self::Seat(..) | Self::Close(..) => 0,
        };
        size_of::<Self>() + message
    }
}

/// The requests that wait, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Held {
    requests: VecDeque<Request>,
    /// The bytes that they take.
    pub(super) bytes: usize,
    /// The number of requests so far; each has a position, counted from 1.
    pub(super) position: u64,
    /// Ends every membership after them.
    closing: Option<CloseFrame>,
}

impl Held {
    pub(super) fn push(&mut self, request: Request) {
        self.bytes += request.bytes();
        self.position += 1;
        self.requests.push_back(request);
    }

    /// The next request, if its position is at most `until`.
    pub(super) fn next(&mut self, until: u64) -> Option<Request> {
        let first = self.position + 1 - self.requests.len() as u64;
        let request = (first <= until).then(|| self.requests.pop_front()).flatten()?;
        self.bytes -= request.bytes();
        Some(request)
    }

    /// Takes the frame that ends every membership, to be sent after all that waits. Gives it back if
    /// nothing waits.
    pub(super) fn close_all(&mut self, frame: CloseFrame) -> Option<CloseFrame> {
        self.closing = Some(frame);
        self.closed()
    }

    /// The frame that ends every membership, once nothing waits.
    pub(super) fn closed(&mut self) -> Option<CloseFrame> {
        if self.requests.is_empty() { self.closing.take() } else { None }
    }
}
