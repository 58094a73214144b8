//! Lesson 12: the chat's own protocol, as much of it as is graded.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::broadcast::{ClientId, Hub};
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// One room, `general`, whose lines are numbered.
#[derive(Default)]
pub struct Chat {
    seq: u64,
    names: BTreeMap<ClientId, String>,
}

impl Chat {
    fn hello(&mut self, who: ClientId, said: &Value, hub: &Hub) {
        let name = said["username"].as_str().unwrap_or("guest").to_owned();
        hub.broadcast(event("user_joined", json!({"username": name})));
        hub.include(who);
        let user = json!({"id": format!("u{who}"), "username": name});
        let mut welcome = json!({"v": 1, "user": user});
        self.names.insert(who, name);
        if !broken("12.1") {
            let members: Vec<_> = self.names.values().collect();
            welcome["rooms"] = json!([{"room": "general", "seq": self.seq, "members": members}]);
        }
        hub.send(who, event("welcome", welcome));
    }

    fn message(&mut self, who: ClientId, said: &Value, hub: &Hub) {
        self.seq += 1;
        let id = &said["id"];
        let seq = self.seq;
        let line = json!({"id": id, "seq": seq, "username": self.names[&who],
            "content": said["content"]});
        hub.broadcast(event("message", line));
        if id.is_string() && !broken("12.2") {
            hub.send(who, event("ack", json!({"id": id, "seq": seq})));
        }
    }
}

impl Room for Chat {
    fn subprotocols(&self) -> Vec<&'static str> {
        vec!["ws101.chat.v1"]
    }

    fn joined(&mut self, who: ClientId, _: &Peer, hub: &Hub) {
        hub.exclude(who);
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let said = parsed(&message);
        match (kind(&said), self.names.get(&who)) {
            ("hello", None) => self.hello(who, &said, hub),
            (_, None) if broken("12.7") => hub.close(who, CloseCode::Policy, "say hello"),
            (_, None) => {
                hub.send(who, event("error", json!({"code": "hello_required"})));
            }
            ("message", Some(_)) => self.message(who, &said, hub),
            ("typing", Some(name)) => {
                let except = if broken("12.4") { 0 } else { who };
                let typing = json!({"username": name, "active": said["active"]});
                hub.broadcast_except(except, event("typing", typing));
            }
            ("ping", Some(_)) => {
                let timestamp = &said["timestamp"];
                // The mistake reads the timestamp as a number, and loses any other.
                let number = json!(timestamp.as_u64());
                let timestamp = if broken("12.6") { &number } else { timestamp };
                hub.send(who, event("pong", json!({"timestamp": timestamp})));
            }
            (_, Some(_)) if broken("12.5") => {
                hub.broadcast(message);
            }
            (_, Some(_)) => {
                hub.send(who, event("error", json!({"code": "unknown_type"})));
            }
        }
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        let Some(name) = self.names.remove(&who) else { return };
        let departure = event("user_left", json!({"username": name}));
        hub.broadcast(departure.clone());
        if broken("12.3") {
            hub.broadcast(departure);
        }
    }

    fn closing(&mut self, hub: &Hub) {
        if !broken("12.8") {
            hub.broadcast(event("system", json!({"event": "shutdown"})));
        }
    }
}
