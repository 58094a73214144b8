//! The rooms of a server, clients that resume, and schedules of what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt;
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::runtime;
use tokio::task::yield_now;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet};
use ws101::chat::{Chat, Rooms, SUBPROTOCOL};
use ws101::frame::Decoder;
use ws101::handshake::Agreement;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

use super::disk::Disk;

/// Clients of one room.
const CLIENTS: usize = 3;

/// More than all frames of a schedule.
pub const PIPE: usize = 1 << 20;

#[derive(Clone, Debug)]
pub enum Action {
    /// Says something new.
    Say,
    /// Sends the last message again under its `id`, as a client does that got no answer.
    Repeat,
    /// Reads so many frames. What was not read when the connection breaks is lost.
    Read(usize),
    /// The connection breaks.
    Cut,
    /// The server is killed and started again: all connections break.
    Restart,
    /// The store saves so many batches, if there is one.
    Save(usize),
    /// The store fails at what it saves next.
    Fail,
}

/// Actions of a client each. The store fails so often, beside 22 others.
pub fn action(fails: u32) -> impl Strategy<Value = (usize, Action)> {
    let action = prop_oneof![
        8 => Just(Action::Say),
        2 => Just(Action::Repeat),
        6 => (1..8_usize).prop_map(Action::Read),
        4 => Just(Action::Cut),
        1 => Just(Action::Restart),
        3 => (0..4_usize).prop_map(Action::Save),
        fails => Just(Action::Fail),
    ];
    (0..CLIENTS, action)
}

/// A client as the page is one: it knows how far it has read, and what it has shown.
#[derive(Default)]
pub struct Client {
    connection: Option<(Mailbox, DuplexStream, Decoder)>,
    epoch: Option<String>,
    seq: u64,
    /// The lines on its screen: messages by life, number and `id`, and `None` where it was told that some
    /// may be missing.
    pub shown: Vec<Option<(String, u64, String)>>,
    /// The number of its last message.
    said: usize,
    /// Lines without an `ack`.
    pub open: BTreeSet<String>,
}

pub struct World {
    rooms: Rooms,
    hub: Hub,
    kept: usize,
    pub clients: Vec<Client>,
    /// The messages that the server confirmed, by life and number.
    pub ledger: BTreeMap<(String, u64), String>,
    disk: Option<Disk>,
}

fn peer() -> Peer {
    let mut agreement = Agreement::new("dGhlIHNhbXBsZSBub25jZQ==");
    agreement.subprotocol = Some(SUBPROTOCOL.to_owned());
    Peer::new(&Request::get("/").body(()).expect("a request"), &agreement)
}

fn rooms(kept: usize, disk: Option<&Disk>, hub: &Hub) -> Rooms {
    let rooms = Rooms::new(Chat::new(&Settings::default()).keep(kept));
    let Some(disk) = disk else { return rooms };
    let mut rooms = rooms.stored(disk.store()).expect("a disk that can be read");
    rooms.opened(hub);
    rooms
}

impl World {
    fn new(kept: usize, disk: Option<Disk>) -> Self {
        let clients = (0..CLIENTS).map(|_| Client::default()).collect();
        let hub = Hub::new(HubOptions::default());
        let rooms = rooms(kept, disk.as_ref(), &hub);
        Self { rooms, hub, kept, clients, ledger: BTreeMap::new(), disk }
    }

    /// An event of the rooms. Then the store has taken what it can, so that a schedule repeats.
    fn event(&mut self, event: impl FnOnce(&mut Rooms, &Hub)) {
        event(&mut self.rooms, &self.hub);
        if let Some(disk) = &self.disk {
            disk.settle(&self.hub);
            if disk.has_failed() {
                self.rooms.tick(Duration::ZERO, &self.hub);
            }
        }
    }

    fn connect(&mut self, at: usize) {
        let client = &mut self.clients[at];
        if client.connection.is_some() {
            return;
        }
        let (near, far) = tokio::io::duplex(PIPE);
        let mailbox = self.hub.join(&Outlet::new(near));
        let who = mailbox.id();
        client.connection = Some((mailbox, far, Decoder::new(PIPE)));
        self.event(|rooms, hub| rooms.joined(who, &peer(), hub));
        let client = &self.clients[at];
        let session = format!("the-session-of-client-{at}");
        let mut hello = json!({"type": "hello", "v": 1, "session": session});
        if let Some(epoch) = &client.epoch {
            hello["resume"] = json!({"general": {"epoch": epoch, "seq": client.seq}});
        }
        let again: Vec<_> = client.open.iter().cloned().collect();
        self.say(at, &hello);
        // As the page does: what has no answer is sent again.
        for id in again {
            self.say(at, &line(&id));
        }
    }

    fn say(&mut self, at: usize, said: &Value) {
        if let Some((mailbox, ..)) = &self.clients[at].connection {
            let who = mailbox.id();
            self.event(|rooms, hub| rooms.heard(who, Message::text(said.to_string()), hub));
        }
    }

    fn cut(&mut self, at: usize) {
        if let Some((mailbox, ..)) = self.clients[at].connection.take() {
            let who = mailbox.id();
            drop(mailbox);
            self.event(|rooms, hub| rooms.left(who, hub));
        }
    }

    fn restart(&mut self) {
        for client in &mut self.clients {
            client.connection = None;
        }
        self.hub = Hub::new(HubOptions::default());
        self.rooms = rooms(self.kept, self.disk.as_ref(), &self.hub);
    }

    async fn act(&mut self, at: usize, action: Action) {
        match action {
            Action::Say => {
                let client = &mut self.clients[at];
                client.said += 1;
                let id = format!("{at}-{}", client.said);
                client.open.insert(id.clone());
                self.say(at, &line(&id));
            }
            Action::Repeat => {
                let id = format!("{at}-{}", self.clients[at].said);
                if self.clients[at].said > 0 {
                    self.say(at, &line(&id));
                }
            }
            Action::Read(frames) => self.read(at, frames).await,
            Action::Cut => {
                self.cut(at);
                self.connect(at);
            }
            Action::Restart => {
                self.restart();
                (0..CLIENTS).for_each(|at| self.connect(at));
            }
            Action::Save(batches) => {
                for _ in 0..batches {
                    self.disk.as_ref().inspect(|disk| disk.save_one());
                    self.event(|_, _| ());
                }
            }
            Action::Fail => {
                self.disk.as_ref().inspect(|disk| disk.fail());
                self.event(|_, _| ());
            }
        }
    }

    async fn read(&mut self, at: usize, frames: usize) {
        // The hub's task writes what was broadcast, and the session what was sent to this client alone.
        for _ in 0..4 {
            yield_now().await;
            if let Some((mailbox, ..)) = &self.clients[at].connection {
                let closed = mailbox.drive().now_or_never();
                if let Some(Ok(_)) = closed {
                    self.cut(at);
                    self.connect(at);
                }
            }
        }
        for _ in 0..frames {
            let client = &mut self.clients[at];
            let Some((_, far, decoder)) = &mut client.connection else { return };
            let frame = loop {
                if let Some(frame) = decoder.next() {
                    break frame;
                }
                let mut bytes = [0; 4096];
                let ready = far.read(&mut bytes).now_or_never();
                let Some(Ok(size)) = ready.filter(|read| !matches!(read, Ok(0))) else { return };
                decoder.push(&bytes[..size]);
            };
            let event: Value = serde_json::from_slice(&frame.payload).expect("JSON");
            self.hear(at, &event);
        }
    }

    fn hear(&mut self, at: usize, event: &Value) {
        let client = &mut self.clients[at];
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let seq = event["seq"].as_u64();
        match event["type"].as_str().expect("a type") {
            "welcome" => {
                let room = &event["rooms"][0];
                let (epoch, head) = (text(&room["epoch"]), room["seq"].as_u64().expect("a number"));
                match room["recovered"].as_bool() {
                    Some(true) => {}
                    Some(false) => {
                        client.shown.push(None);
                        client.seq = 0;
                    }
                    None => client.seq = head,
                }
                client.epoch = Some(epoch);
            }
            "replay_end" => client.seq = seq.expect("a number"),
            "ack" => {
                let id = text(&event["id"]);
                client.open.remove(&id);
                let epoch = client.epoch.clone().expect("a welcome came first");
                self.ledger.insert((epoch, seq.expect("a number")), id);
            }
            "message" if seq > Some(client.seq) => {
                client.seq = seq.unwrap_or_default();
                let epoch = client.epoch.clone().expect("a welcome came first");
                client.shown.push(Some((epoch, client.seq, text(&event["id"]))));
            }
            _ => client.seq = client.seq.max(seq.unwrap_or_default()),
        }
    }
}

fn line(id: &str) -> Value {
    json!({"type": "message", "id": id, "content": format!("this is {id}")})
}

/// Plays a schedule. At its end everybody comes back and reads everything.
pub fn play(kept: usize, disk: Option<Disk>, actions: Vec<(usize, Action)>) -> World {
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("no sockets are needed").block_on(async {
        let mut world = World::new(kept, disk);
        (0..CLIENTS).for_each(|at| world.connect(at));
        for (at, action) in actions {
            world.act(at, action).await;
        }
        if let Some(disk) = &world.disk {
            disk.save_all();
        }
        world.event(|_, _| ());
        for at in 0..CLIENTS {
            world.cut(at);
            world.connect(at);
        }
        for at in 0..CLIENTS {
            world.read(at, usize::MAX).await;
        }
        world
    })
}
