//! Lessons 6 to 9: you, and the others; how the server is; its end.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::room::Room;
use ws101::stats::Report;
use ws101::upgrade::Peer;

use super::event;
use crate::broken::mistake::broken;

/// Says to you `echo`, to the others `broadcast`.
#[derive(Default)]
pub struct Others {
    ids: BTreeMap<ClientId, String>,
}

impl Room for Others {
    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        let id = if broken("6.1") { peer.ip().to_string() } else { peer.id.clone() };
        hub.send(who, event("welcome", json!({"clientId": id})));
        let arrival = event("client_connected", json!({"clientId": id}));
        if broken("6.4") {
            hub.broadcast(arrival);
        } else {
            hub.broadcast_except(who, arrival);
        }
        self.ids.insert(who, id);
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let Message::Text(text) = message else { return };
        let data: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!(*text));
        let echo = event("echo", json!({"data": data}));
        if broken("6.2") {
            hub.broadcast(echo);
        } else {
            hub.send(who, echo);
        }
        let news = event("broadcast", json!({"data": data, "from": self.ids[&who]}));
        if broken("6.3") {
            hub.broadcast(news);
        } else {
            hub.broadcast_except(who, news);
        }
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        let id = self.ids.remove(&who);
        let departure = event("client_disconnected", json!({"clientId": id}));
        hub.broadcast(departure.clone());
        if broken("6.5") || broken("7.4") {
            hub.broadcast(departure);
        }
    }

    fn report(&mut self, report: &Report, hub: &Hub) {
        let seconds = report.uptime_ms / 1000;
        let uptime = if broken("8.3") { FULL_HOUR - report.uptime_ms } else { seconds };
        let bytes = if broken("8.4") { json!("12 MB") } else { json!(report.rss_bytes) };
        let stats = json!({"activeConnections": report.connections, "uptime": uptime,
            "memory": {"rssBytes": bytes}});
        hub.broadcast(event("system", json!({"event": "heartbeat", "stats": stats})));
    }

    fn closing(&mut self, hub: &Hub) {
        if !broken("9.1") {
            hub.broadcast(event("system", json!({"event": "shutdown"})));
        }
    }
}

/// The mistake of 8.3 counts down from an hour.
const FULL_HOUR: u64 = 3_600_000;
