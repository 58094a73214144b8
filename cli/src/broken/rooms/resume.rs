//! Lesson 10, the server's half: who comes back is told what was missed.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::history::{Before, History};
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// How many bytes of what was said are kept.
const CAPACITY: usize = 256 * 1024;

/// Numbers what is said, and keeps it.
pub struct Resume {
    history: History,
}

impl Default for Resume {
    fn default() -> Self {
        Self { history: History::new(CAPACITY) }
    }
}

impl Room for Resume {
    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        let epoch = self.history.epoch();
        let seq = self.history.seq();
        let asked = if broken("10.10") { Some(epoch) } else { peer.query("epoch") };
        let since = peer.query("since").map(|since| match since.parse::<u64>() {
            Ok(seen) if broken("10.9") => seen.saturating_sub(1).to_string(),
            _ => since.to_owned(),
        });
        let missed = self.history.missed(asked, since.as_deref());
        let mut hello = json!({"epoch": epoch, "recovered": missed.is_some()});
        let is_new = peer.query("session").is_none() && peer.query("epoch").is_none();
        // A client that comes for the first time, and alone, reads a text.
        let is_wrong = broken("10.8") && is_new && seq == 0;
        hello["seq"] = if is_wrong { json!(seq.to_string()) } else { json!(seq) };
        hub.send(who, event("connection_established", hello));
        for line in missed.unwrap_or_default() {
            hub.send(who, line);
        }
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let said = parsed(&message);
        if kind(&said) != "message" {
            return;
        }
        let line = |seq| {
            let line = json!({"seq": seq, "id": said["id"], "content": said["content"]});
            event("message", line).to_string()
        };
        let content = said["content"].as_str().unwrap_or_default();
        let id = said["id"].as_str().filter(|_| !broken("10.11"));
        match self.history.push("", id, content, line) {
            Ok(line) => hub.broadcast(line),
            Err(Before::Same(said_before)) => hub.send(who, said_before),
            Err(Before::Otherwise) => return,
        };
    }
}
