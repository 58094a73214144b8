//! Lesson 4: who is connected.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::Result;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::heartbeat::pong;
use ws101::http::Response;
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::event;
use crate::broken::mistake::broken;

/// Where the list is.
pub const PATH: &str = "/connections";

/// Everyone who is connected, as the list shows them.
static PEERS: Mutex<BTreeMap<ClientId, Value>> = Mutex::new(BTreeMap::new());

/// The list, for whoever asks over HTTP.
pub fn list() -> Result<Response<String>> {
    let peers: Vec<_> = PEERS.lock().unwrap().values().cloned().collect();
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.header("connection", "close").body(json!(peers).to_string())?)
}

/// Writes down who comes.
pub struct Connections;

impl Room for Connections {
    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        let id = if broken("4.2") { peer.ip().to_string() } else { peer.id.clone() };
        let mut line = json!(peer);
        line["connectionId"] = json!(id);
        PEERS.lock().unwrap().insert(who, line);
        let kind = if broken("4.1") { "welcome" } else { "connection_established" };
        hub.send(who, event(kind, json!({"connectionId": id})));
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        match pong(&message) {
            Some(_) if broken("4.3") => hub.send(who, message),
            Some(pong) => hub.send(who, pong),
            None => return,
        };
    }

    fn left(&mut self, who: ClientId, _: &Hub) {
        if !broken("4.5") {
            PEERS.lock().unwrap().remove(&who);
        }
    }
}
