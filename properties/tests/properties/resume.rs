//! Delivery: whatever is said, cut, repeated and restarted, a client that resumes shows each message
//! once, in the order of the room, and is told when some are missing.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use http::Request;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::runtime;
use tokio::task::yield_now;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet};
use ws101::chat::{Chat, SUBPROTOCOL};
use ws101::frame::Decoder;
use ws101::handshake::Agreement;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

/// Clients of one room.
const CLIENTS: usize = 3;

/// More than all frames of a schedule.
const PIPE: usize = 1 << 20;

/// How many lasting events the small histories keep, about.
const FEW: usize = 1_000;

#[derive(Clone, Debug)]
enum Action {
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
}

fn action() -> impl Strategy<Value = (usize, Action)> {
    let action = prop_oneof![
        8 => Just(Action::Say),
        2 => Just(Action::Repeat),
        6 => (1..8_usize).prop_map(Action::Read),
        4 => Just(Action::Cut),
        1 => Just(Action::Restart),
    ];
    (0..CLIENTS, action)
}

/// A client as the page is one: it knows how far it has read, and what it has shown.
#[derive(Default)]
struct Client {
    connection: Option<(Mailbox, DuplexStream, Decoder)>,
    epoch: Option<String>,
    seq: u64,
    /// The lines on its screen: messages by life, number and `id`, and `None` where it was told that some
    /// may be missing.
    shown: Vec<Option<(String, u64, String)>>,
    /// The number of its last message.
    said: usize,
    /// Lines without an `ack`.
    open: BTreeSet<String>,
}

struct World {
    chat: Chat,
    hub: Hub,
    kept: usize,
    clients: Vec<Client>,
    /// The messages that the server confirmed, by life and number.
    ledger: BTreeMap<(String, u64), String>,
}

fn peer() -> Peer {
    let mut agreement = Agreement::new("dGhlIHNhbXBsZSBub25jZQ==");
    agreement.subprotocol = Some(SUBPROTOCOL.to_owned());
    Peer::new(&Request::get("/").body(()).expect("a request"), &agreement)
}

fn chat(kept: usize) -> Chat {
    Chat::new(&Settings::default()).keep(kept)
}

impl World {
    fn new(kept: usize) -> Self {
        let clients = (0..CLIENTS).map(|_| Client::default()).collect();
        let hub = Hub::new(HubOptions::default());
        Self { chat: chat(kept), hub, kept, clients, ledger: BTreeMap::new() }
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
        self.chat.joined(who, &peer(), &self.hub);
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
            self.chat.heard(mailbox.id(), Message::text(said.to_string()), &self.hub);
        }
    }

    fn cut(&mut self, at: usize) {
        if let Some((mailbox, ..)) = self.clients[at].connection.take() {
            let who = mailbox.id();
            drop(mailbox);
            self.chat.left(who, &self.hub);
        }
    }

    fn restart(&mut self) {
        for client in &mut self.clients {
            client.connection = None;
        }
        self.hub = Hub::new(HubOptions::default());
        self.chat = chat(self.kept);
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
        }
    }

    async fn read(&mut self, at: usize, frames: usize) {
        // The hub's task writes what was broadcast, and the session what was sent to this client alone.
        for _ in 0..4 {
            yield_now().await;
            if let Some((mailbox, ..)) = &self.clients[at].connection {
                mailbox.drive().now_or_never();
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
fn play(kept: usize, actions: Vec<(usize, Action)>) -> World {
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("no sockets are needed").block_on(async {
        let mut world = World::new(kept);
        (0..CLIENTS).for_each(|at| world.connect(at));
        for (at, action) in actions {
            world.act(at, action).await;
        }
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

/// No client shows a message twice or out of order, none lacks one without having been told, and every
/// line that was sent has an answer.
fn is_delivered(world: &World) -> Result<(), TestCaseError> {
    for client in &world.clients {
        prop_assert!(client.open.is_empty(), "no answer: {:?}", client.open);
        let messages: Vec<_> = client.shown.iter().flatten().collect();
        let ids: BTreeSet<_> = messages.iter().map(|(epoch, _, id)| (epoch, id)).collect();
        prop_assert_eq!(ids.len(), messages.len(), "shown twice: {:?}", &client.shown);
        // Between two warnings, all of the room's messages are there.
        for part in client.shown.split(Option::is_none) {
            let shown: Vec<_> = part.iter().flatten().collect();
            let (Some((epoch, first, _)), Some((_, last, _))) = (shown.first(), shown.last())
            else {
                continue;
            };
            let range = (epoch.clone(), *first)..=(epoch.clone(), *last);
            for ((_, seq), id) in world.ledger.range(range) {
                let is_shown = shown.iter().any(|(_, number, name)| number == seq && name == id);
                prop_assert!(is_shown, "{id} ({seq}) is missing: {:?}", &client.shown);
            }
            prop_assert!(shown.is_sorted_by(|a, b| a.1 < b.1), "disorder: {:?}", &client.shown);
        }
    }
    Ok(())
}

chance! {
    /// A history that keeps everything: nobody is told that something is missing, but after a restart.
    fn a_client_that_resumes_misses_nothing(actions in vec(action(), 0..60)) {
        let restarts = actions.iter().filter(|(_, action)| matches!(action, Action::Restart)).count();
        let world = play(PIPE / 2, actions);
        is_delivered(&world)?;
        for client in &world.clients {
            let warnings = client.shown.iter().filter(|shown| shown.is_none()).count();
            prop_assert!(warnings <= restarts, "{warnings} warnings, {restarts} restarts");
        }
    }

    /// A history that keeps few events: whoever misses more is told.
    fn a_client_is_told_of_a_gap(actions in vec(action(), 0..60)) {
        is_delivered(&play(FEW, actions))?;
    }
}
