//! Lesson 5: everyone hears.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// A list of clients, and one loop over it.
#[derive(Default)]
pub struct Broadcast {
    members: Vec<ClientId>,
}

impl Room for Broadcast {
    fn joined(&mut self, who: ClientId, _: &Peer, hub: &Hub) {
        self.members.push(who);
        if !broken("5.1") {
            hub.send(who, event("system", json!({"content": "Добро пожаловать в чат!"})));
        }
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let said = parsed(&message);
        let is_user = kind(&said) == "user" || broken("5.4");
        let is_sound = said["content"].is_string() || broken("5.3");
        if !said.is_object() || !is_user || !is_sound {
            return;
        }
        for &member in &self.members {
            if broken("5.2") && member == who {
                continue;
            }
            hub.send(member, message.clone());
        }
    }

    fn left(&mut self, who: ClientId, _: &Hub) {
        if broken("5.5") {
            self.members.pop();
        } else {
            self.members.retain(|&member| member != who);
        }
    }
}
