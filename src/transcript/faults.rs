//! The faults of the clients of a transcript, between them and the server.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::pipe::Pipe;
use crate::fault::{Line, Refusal, Rule};
use crate::handshake::{parse_request, plain_answer};

/// The body of a refusal.
const REFUSED: &str = "ws101: refused, as a fault says\n";

/// The faults that were set, by the name of the client.
#[derive(Default)]
pub(super) struct Faults {
    /// All randomness of the faults follows from it.
    pub(super) seed: u64,
    clients: BTreeMap<String, Client>,
}

#[derive(Default)]
struct Client {
    rules: Vec<Rule>,
    /// How many connections it has opened.
    connections: u64,
}

impl Faults {
    /// Adds a fault to those of this client.
    pub(super) fn add(&mut self, name: &str, rule: Rule) {
        self.clients.entry(name.to_owned()).or_default().rules.push(rule);
    }

    /// Removes all faults of this client.
    pub(super) fn clear(&mut self, name: &str) {
        if let Some(client) = self.clients.get_mut(name) {
            client.rules.clear();
        }
    }

    /// The line of the next connection of this client, which begins with `request`.
    pub(super) fn line(&mut self, name: &str, request: &Bytes) -> Line {
        let path = match parse_request(request) {
            Ok(Some((request, _))) => request.uri().path().to_owned(),
            _ => String::new(),
        };
        let client = self.clients.entry(name.to_owned()).or_default();
        client.connections += 1;
        let mut line = Line::new(client.connections, &path, self.seed);
        for (id, rule) in (0..).zip(&client.rules) {
            line.add(std::time::Duration::ZERO, id, rule);
        }
        line
    }
}

/// A connection of this capacity in bytes, on which a request is refused.
pub(super) fn refused(refused: Refusal, capacity: usize) -> Pipe {
    let (near, mut far) = Pipe::pair(capacity);
    tokio::spawn(async move {
        let mut head = Vec::new();
        while matches!(parse_request(&head), Ok(None)) {
            if far.read_buf(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        match refused {
            // An error means that the client is gone.
            Refusal::Status(status) => drop(far.write_all(&plain_answer(status, REFUSED)).await),
            Refusal::Nothing => while far.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {},
        }
    });
    near
}
