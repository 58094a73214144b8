//! The connections of a tap, for whoever tells of them: who asked for what, and who ended it.

use std::collections::{BTreeMap, VecDeque};

use ws101::client::Asked;
use ws101::handshake::{asks, parse_request};
use ws101::proxy::Event;

/// The most connections that are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 2048;

/// The most requests of a connection that wait for their answers.
const WAITING: usize = 64;

/// The state of each connection.
#[derive(Debug, Default)]
pub struct Lanes(BTreeMap<u64, Lane>);

#[derive(Debug, Default)]
struct Lane {
    requests: VecDeque<Asking>,
    is_over: bool,
}

/// A request that has no answer yet.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Whether it asks for a WebSocket.
    pub is_upgrade: bool,
    /// `GET /chat.js`.
    pub line: String,
    /// The request that the answer is checked against.
    pub asked: Asked,
}

impl Lanes {
    /// Takes note of a request.
    pub fn request(&mut self, event: &Event, head: &[u8]) -> Asking {
        let parsed = parse_request(head).ok().flatten();
        let asking = match parsed {
            Some((request, _)) => Asking {
                is_upgrade: asks(request.headers()),
                line: format!("{} {}", request.method(), request.uri()),
                asked: Asked::of(head),
            },
            None => Asking::default(),
        };
        let lane = self.lane(event);
        if lane.requests.len() < WAITING {
            lane.requests.push_back(asking.clone());
        }
        asking
    }

    /// The request that an answer belongs to. A 1xx answer other than 101 is not the last.
    pub fn answered(&mut self, event: &Event, status: u16) -> Asking {
        let requests = &mut self.lane(event).requests;
        let asking = match status {
            100 | 102..=199 => requests.front().cloned(),
            _ => requests.pop_front(),
        };
        asking.unwrap_or_default()
    }

    /// Whether this end of a direction is the first of its connection.
    pub fn is_first_end(&mut self, event: &Event) -> bool {
        let is_over = std::mem::replace(&mut self.lane(event).is_over, true);
        if is_over {
            self.0.remove(&event.connection);
        }
        !is_over
    }

    fn lane(&mut self, event: &Event) -> &mut Lane {
        if self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
        self.0.entry(event.connection).or_default()
    }
}

/// The name of a WebSocket: `c1`.
pub fn name(event: &Event) -> String {
    format!("c{}", event.socket)
}
