//! Lesson 11: visitor, then member.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::broadcast::{ClientId, Hub};
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// Knows its members by name.
#[derive(Default)]
pub struct Names {
    names: BTreeMap<ClientId, String>,
}

impl Names {
    fn join(&mut self, who: ClientId, said: &Value, hub: &Hub) {
        let name = said["username"].as_str().unwrap_or_default().trim();
        let folded = name.to_lowercase();
        let is_taken = self.names.values().any(|other| other.to_lowercase() == folded);
        let is_taken = is_taken && !broken("11.5");
        if is_taken || !(1..=32).contains(&name.chars().count()) {
            hub.send(who, event("error", json!({"message": "another name, please"})));
            return;
        }
        if !broken("11.1") {
            hub.broadcast(event("user_joined", json!({"username": name})));
        }
        hub.include(who);
        self.names.insert(who, name.to_owned());
        hub.send(who, event("welcome", json!({"username": name})));
    }
}

impl Room for Names {
    fn joined(&mut self, who: ClientId, _: &Peer, hub: &Hub) {
        hub.exclude(who);
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let said = parsed(&message);
        match (kind(&said), self.names.get(&who)) {
            ("join", None) => self.join(who, &said, hub),
            ("message", Some(name)) => {
                let name = if broken("11.2") { said["username"].clone() } else { json!(name) };
                let line = json!({"username": name, "content": said["content"]});
                hub.broadcast(event("message", line));
            }
            ("typing", Some(name)) => {
                let except = if broken("11.3") { 0 } else { who };
                hub.broadcast_except(except, event("typing", json!({"username": name})));
            }
            (_, None) if broken("11.4") => hub.close(who, CloseCode::Policy, "who are you?"),
            (_, None) => {
                hub.send(who, event("error", json!({"message": "say who you are"})));
            }
            (other, Some(_)) => {
                let other = if broken("11.7") { "" } else { other };
                let message = format!("there is no such type: {other}");
                hub.send(who, event("error", json!({"message": message})));
            }
        }
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        let Some(name) = self.names.remove(&who) else { return };
        let departure = event("user_left", json!({"username": name}));
        hub.broadcast(departure.clone());
        if broken("11.6") {
            hub.broadcast(departure);
        }
    }
}
