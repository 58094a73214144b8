//! Lesson 14: clients that send too fast, and clients that read too slowly.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::broadcast::{ClientId, Hub};
use ws101::limits::Bucket;
use ws101::program;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// How many messages may come at once, as a multiple of those of a second.
const BURST: u32 = 4;

/// How many messages in a row are refused before the connection is closed.
const REFUSALS: u32 = 20;

/// The longest message that counts as short.
const SHORT: usize = 1000;

/// A chat with a limit for each client.
pub struct Limits {
    rate: u32,
    clients: BTreeMap<ClientId, Client>,
    /// Those who were there when another one left.
    bereft: BTreeSet<ClientId>,
}

struct Client {
    allowed: Bucket,
    /// How many messages in a row were refused.
    refused: u32,
}

impl Limits {
    pub fn new() -> Result<Self> {
        let Settings { rate, .. } = program::settings(Settings::default())?;
        Ok(Self { rate, clients: BTreeMap::new(), bereft: BTreeSet::new() })
    }
}

impl Room for Limits {
    fn joined(&mut self, who: ClientId, _: &Peer, hub: &Hub) {
        let allowed = Bucket::per_second(self.rate, self.rate * BURST);
        self.clients.insert(who, Client { allowed, refused: 0 });
        hub.send(who, event("system", json!({"content": "Добро пожаловать в чат!"})));
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let Some(client) = self.clients.get_mut(&who) else { return };
        let taken = client.allowed.take();
        let is_shut_out = broken("14.3") && client.refused > 0;
        let wait = match taken {
            Ok(()) if !is_shut_out => None,
            taken => Some(taken.err().unwrap_or_default().as_millis() + 1),
        };
        client.refused = if wait.is_some() { client.refused + 1 } else { 0 };
        let refused = client.refused;
        let mut receivers: Vec<_> = self.clients.keys().copied().collect();
        if let Some(wait) = wait {
            let mut fields = json!({"code": "rate_limited", "retry_after_ms": wait});
            if broken("14.1") {
                // It says for how many seconds.
                fields["retry_after_ms"] = 0.into();
            }
            hub.send(who, event("error", fields));
            if refused > REFUSALS && !broken("14.4") {
                hub.close(who, CloseCode::Policy, "too fast");
            }
            if !broken("14.2") {
                return;
            }
            // The sender has got an error: the others get the message.
            receivers.retain(|&receiver| receiver != who);
        }
        let said = parsed(&message);
        if kind(&said) != "user" || !said["content"].is_string() {
            return;
        }
        let is_short = message.len() <= SHORT;
        for receiver in receivers {
            if broken("14.5") && is_short && self.bereft.contains(&receiver) {
                continue;
            }
            hub.send(receiver, message.clone());
        }
    }

    fn left(&mut self, who: ClientId, _: &Hub) {
        self.clients.remove(&who);
        self.bereft.extend(self.clients.keys());
    }
}
