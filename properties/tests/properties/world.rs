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
    /// Gives its last message another text.
    Edit,
    /// Deletes its last message.
    Delete,
    /// Reacts to the last message of the room, or takes that back.
    React(bool),
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

/// Actions of a client each, with changes of messages.
pub fn action_or_change() -> impl Strategy<Value = (usize, Action)> {
    let change = prop_oneof![
        3 => Just(Action::Edit),
        1 => Just(Action::Delete),
        2 => any::<bool>().prop_map(Action::React),
    ];
    prop_oneof![3 => action(0), 1 => (0..CLIENTS, change)]
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
    /// Requests without an answer, by `id`.
    pub open: BTreeMap<String, Value>,
    /// The messages on its screen, as they are now.
    pub posts: BTreeMap<u64, Post>,
    /// The number of its last change of a message.
    changed: usize,
    token: Option<String>,
}

/// A message as a client shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Post {
    /// `None` if it was deleted.
    pub content: Option<String>,
    /// Each with the id of the member that has it.
    pub reactions: BTreeSet<(String, String)>,
}

/// Shows an event about a message.
pub fn show(posts: &mut BTreeMap<u64, Post>, event: &Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of = |field: &str| event[field].as_u64();
    match (event["type"].as_str(), of("target").and_then(|target| posts.get_mut(&target))) {
        (Some("message"), _) => {
            let mut reactions = BTreeSet::new();
            for reaction in event["reactions"].as_array().into_iter().flatten() {
                for user in reaction["users"].as_array().into_iter().flatten() {
                    reactions.extend(text(&reaction["emoji"]).zip(text(user)));
                }
            }
            let post = Post { content: text(&event["content"]), reactions };
            posts.extend(of("seq").map(|seq| (seq, post)));
        }
        (Some("edited"), Some(post)) if post.content.is_some() => {
            post.content = text(&event["content"]).or(post.content.take());
        }
        (Some("deleted"), Some(post)) => *post = Post::default(),
        (Some("deleted"), None) => {
            posts.extend(of("target").map(|target| (target, Post::default())));
        }
        (Some("reaction"), Some(post)) if post.content.is_some() => {
            let reaction = text(&event["emoji"]).zip(text(&event["user"]["id"]));
            let reaction = reaction.expect("a reaction has both");
            if event["active"] == true {
                post.reactions.insert(reaction);
            } else {
                post.reactions.remove(&reaction);
            }
        }
        _ => {}
    }
}

pub struct World {
    rooms: Rooms,
    hub: Hub,
    kept: usize,
    pub clients: Vec<Client>,
    /// The messages that the server confirmed, by life and number.
    pub ledger: BTreeMap<(String, u64), String>,
    /// The changes of messages that the server confirmed, by the number of the event.
    pub changes: BTreeMap<u64, Value>,
    /// The messages that a newcomer gets at the end, if some were changed.
    pub history: Vec<Value>,
    disk: Option<Disk>,
    /// Whether clients have tokens, so that they are the same people over cuts.
    has_tokens: bool,
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
        let (ledger, changes, history) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { rooms, hub, kept, clients, ledger, changes, history, disk, has_tokens: false }
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
        if self.has_tokens {
            hello["token"] = json!(client.token);
        }
        let again: Vec<_> = client.open.values().cloned().collect();
        self.say(at, &hello);
        // As the page does: what has no answer is sent again.
        for request in again {
            self.say(at, &request);
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
                client.open.insert(id.clone(), line(&id));
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
            Action::Edit | Action::Delete | Action::React(_) => self.change(at, &action),
        }
    }

    fn change(&mut self, at: usize, action: &Action) {
        let client = &mut self.clients[at];
        let mine = format!("{at}-");
        let is_mine = |id: &str| matches!(action, Action::React(_)) || id.starts_with(&mine);
        let mut shown = client.shown.iter().rev().flatten();
        let Some(&(_, seq, _)) = shown.find(|(_, _, id)| is_mine(id)) else { return };
        client.changed += 1;
        let nth = client.changed;
        let id = format!("change-{at}-{nth}");
        let request = match action {
            Action::Delete => json!({"type": "delete", "seq": seq, "id": id}),
            Action::React(active) => {
                json!({"type": "react", "seq": seq, "emoji": "👍", "active": active, "id": id})
            }
            _ => {
                json!({"type": "edit", "seq": seq, "content": format!("edit {at}-{nth}"), "id": id})
            }
        };
        client.open.insert(id, request.clone());
        self.say(at, &request);
    }

    /// The last client asks for everything.
    async fn read_history(&mut self) {
        let mut before = None;
        while before != Some(self.history.len()) {
            before = Some(self.history.len());
            let after = self.history.last().map_or(0, |event| event["seq"].as_u64().unwrap_or(0));
            self.say(CLIENTS, &json!({"type": "history", "after": after}));
            self.read(CLIENTS, usize::MAX).await;
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
        if seq > Some(client.seq) {
            show(&mut client.posts, event);
        }
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
                client.token = event["session"]["token"].as_str().map(str::to_owned);
            }
            "replay_end" => client.seq = seq.expect("a number"),
            "ack" => {
                let id = text(&event["id"]);
                let request = client.open.remove(&id);
                if id.starts_with("change") {
                    self.changes.extend(seq.zip(request));
                    return;
                }
                let epoch = client.epoch.clone().expect("a welcome came first");
                self.ledger.insert((epoch, seq.expect("a number")), id);
            }
            "error" if self.has_tokens => {
                assert_eq!(event["code"], "not_found", "{event}");
                client.open.remove(&text(&event["ref"]));
            }
            "history" => {
                self.history.extend(event["events"].as_array().expect("a list").iter().cloned());
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
        let is_change =
            |action: &Action| matches!(action, Action::Edit | Action::Delete | Action::React(_));
        world.has_tokens = actions.iter().any(|(_, action)| is_change(action));
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
        if world.has_tokens {
            world.clients.push(Client::default());
            world.connect(CLIENTS);
            world.read_history().await;
        }
        world
    })
}
