//! Lesson 10's server in small: numbers, an epoch, and what was missed.

use std::sync::Mutex;

use serde_json::{Value, json};
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet, Socket};
use ws101::close::{CLOSE_DEADLINE, Ended, finish, next_message};
use ws101::handshake::Policy;
use ws101::history::{Before, History};
use ws101::transcript::Pipe;
use ws101::upgrade::{HEAD_DEADLINE, accept, config};

/// How many bytes are kept and may wait: more than any check sends.
const ENOUGH: usize = 1 << 20;

/// A room with a history.
pub struct Remembering {
    hub: Hub,
    history: Mutex<History>,
}

impl Remembering {
    pub fn new() -> Self {
        let hub = Hub::new(HubOptions { capacity: ENOUGH, ..HubOptions::default() });
        Self { hub, history: History::new(ENOUGH).into() }
    }

    /// Serves one connection to its end.
    pub async fn serve(&self, pipe: Pipe) {
        let policy = Policy { paths: vec!["/ws".into()], ..Policy::default() };
        let Ok(accepted) = accept(pipe, &policy, HEAD_DEADLINE).await else { return };
        let peer = accepted.peer.clone();
        let accepted = accepted.map(Outlet::new);
        let me = {
            // Both at once, or a line could fall between.
            let history = self.history.lock().unwrap();
            let me = self.hub.join(&accepted.io);
            let missed = history.missed(peer.query("epoch"), peer.query("since"));
            let hello = json!({"type": "connection_established", "epoch": history.epoch(),
                "seq": history.seq(), "recovered": missed.is_some()});
            self.hub.send(me.id(), hello.to_string());
            for line in missed.unwrap_or_default() {
                self.hub.send(me.id(), line);
            }
            me
        };
        let mut socket = accepted.into_socket(config(ENOUGH)).await;
        let Err(end) = self.talk(&mut socket, me).await;
        finish(&mut socket, end, CLOSE_DEADLINE).await;
    }

    async fn talk(&self, socket: &mut Socket, me: Mailbox) -> Ended {
        loop {
            let message = tokio::select! {
                incoming = next_message(socket) => incoming?,
                evicted = me.drive() => return Err(evicted.into()),
            };
            let text = message.to_text().unwrap_or_default();
            let said: Value = serde_json::from_str(text).unwrap_or_default();
            if said["type"] != "message" {
                continue;
            }
            let line = |seq| json!({"type": "message", "seq": seq, "content": said["content"]});
            let mut history = self.history.lock().unwrap();
            let id = said["id"].as_str();
            let content = said["content"].as_str().unwrap_or_default();
            match history.push("", id, content, |seq| line(seq).to_string()) {
                Ok(line) => drop(self.hub.broadcast(line)),
                Err(Before::Same(said_before)) => drop(self.hub.send(me.id(), said_before)),
                Err(Before::Otherwise) => {}
            }
        }
    }
}
