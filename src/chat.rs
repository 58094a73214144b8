//! The capstone room: the canonical chat protocol, version 1 (subprotocol `ws101.chat.v1`).
//!
//! Text frames, one JSON object each, with a `type`. Nobody is told anything
//! before their `hello`; after it they hear `welcome`, and then everything, in
//! one order. What lasts (messages, comings and goings, renamings) carries a
//! `seq` that counts up by one.

mod event;
mod request;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub use event::{Event, Limits, Member, Renaming, RoomState, SystemEvent};
pub use request::{
    CONTENT_BYTES, CONTENT_CHARS, ErrorCode, Fault, NAME_BYTES, NAME_CHARS, Request,
};

use crate::broadcast::{ClientId, Hub};
use crate::id;
use crate::room::{Room, json};
use crate::settings::Settings;
use crate::stats::Report;
use crate::timestamp;
use crate::upgrade::Peer;

/// The name under which pages and servers agree on this protocol.
pub const SUBPROTOCOL: &str = "ws101.chat.v1";

/// The only room there is so far.
pub const GENERAL: &str = "general";

/// How long a client may stay without saying `hello`.
pub const HELLO_DEADLINE: Duration = Duration::from_secs(10);

/// How long a `typing` holds unless it is repeated.
const TYPING_EXPIRES: Duration = Duration::from_secs(6);

/// Close codes of this protocol's own (RFC 6455 §7.4.2: 4000-4999 are ours to use).
const VERSION: CloseCode = CloseCode::Library(4002);
const HELLO_TIMEOUT: CloseCode = CloseCode::Library(4107);

/// Where the time of day comes from; a test may give its own.
pub type Clock = fn() -> SystemTime;

/// The chat's state: who is here, and how far the count of events has come.
#[derive(Debug)]
pub struct Chat {
    people: BTreeMap<ClientId, Member>,
    /// Those who have not said `hello`, and since when.
    visitors: BTreeMap<ClientId, Duration>,
    /// Names one life of this room: numbers of another life mean nothing here.
    epoch: String,
    seq: u64,
    guests: u64,
    /// Time since the start, as of the last tick.
    now: Duration,
    clock: Clock,
    limits: Limits,
    ping_interval: Duration,
}

impl Chat {
    /// An empty chat that tells its clients the limits of `settings`.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            people: BTreeMap::new(),
            visitors: BTreeMap::new(),
            epoch: id::random(),
            seq: 0,
            guests: 0,
            now: Duration::ZERO,
            clock: SystemTime::now,
            limits: Limits {
                content: CONTENT_CHARS,
                username: NAME_CHARS,
                message_bytes: settings.max_message_bytes,
            },
            ping_interval: settings.heartbeat,
        }
    }

    /// Takes the time of day from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn obey(&mut self, who: ClientId, request: Request, hub: &Hub) -> Result<(), Fault> {
        match request {
            Request::Hello { version, username, lang } => {
                self.hello(who, version, username, lang.as_deref(), hub)?;
            }
            Request::Bye => hub.close(who, CloseCode::Normal, "bye"),
            Request::Message { id, content } => {
                let member = self.member(who)?;
                self.message(who, &member, id, &content, hub);
            }
            Request::Typing { active } => {
                let member = self.member(who)?;
                let typing = Event::Typing {
                    room: GENERAL,
                    username: &member.username,
                    user: &member,
                    active,
                    expires_ms: millis(TYPING_EXPIRES),
                };
                hub.broadcast_except(who, json(&typing));
            }
            Request::Rename { id, username } => {
                let member = self.member(who)?;
                self.rename(who, member, id, username, hub)?;
            }
            Request::Ping { timestamp } => {
                self.member(who)?;
                let pong = Event::Pong { timestamp, server_time: self.timestamp() };
                hub.send(who, json(&pong));
            }
        }
        Ok(())
    }

    fn member(&self, who: ClientId) -> Result<Member, Fault> {
        let words = r#"say {"type":"hello","v":1} first: until then nobody knows you are here"#;
        let stranger = || Fault::new(ErrorCode::HelloRequired, words);
        self.people.get(&who).cloned().ok_or_else(stranger)
    }

    fn hello(
        &mut self,
        who: ClientId,
        version: u64,
        username: Option<String>,
        lang: Option<&str>,
        hub: &Hub,
    ) -> Result<(), Fault> {
        if version != 1 {
            hub.send(who, json(&Event::Error(Fault::version(version))));
            hub.close(who, VERSION, "version");
            return Ok(());
        }
        if self.people.contains_key(&who) {
            return Err(Fault::new(ErrorCode::BadMessage, "you have said hello already"));
        }
        let username = match username {
            Some(name) => self.free_name(who, name)?,
            None => self.guest_name(lang),
        };
        self.visitors.remove(&who);
        let member = Member { id: id::random(), username };
        self.people.insert(who, member.clone());
        self.seq += 1;
        hub.include(who);
        let welcome = Event::Welcome {
            v: 1,
            server: event::SERVER,
            session: event::Session { id: id::random() },
            user: &member,
            rooms: [RoomState {
                room: GENERAL,
                epoch: &self.epoch,
                seq: self.seq,
                members: self.people.values().collect(),
            }],
            limits: self.limits,
            ping_interval: millis(self.ping_interval),
            time: self.timestamp(),
        };
        hub.send(who, json(&welcome));
        let joined = Event::UserJoined {
            room: GENERAL,
            seq: self.seq,
            username: &member.username,
            user: &member,
            count: self.people.len(),
            timestamp: self.timestamp(),
        };
        hub.broadcast_except(who, json(&joined));
        Ok(())
    }

    fn message(
        &mut self,
        who: ClientId,
        member: &Member,
        id: Option<String>,
        content: &str,
        hub: &Hub,
    ) {
        self.seq += 1;
        let timestamp = self.timestamp();
        // Without an id of its own the client asked for no receipt.
        let receipt = id.is_some();
        let id = id.unwrap_or_else(id::random);
        hub.broadcast(json(&Event::Message {
            room: GENERAL,
            seq: self.seq,
            id: &id,
            username: &member.username,
            user: member,
            content,
            timestamp: timestamp.clone(),
        }));
        if receipt {
            self.acknowledge(who, &id, timestamp, hub);
        }
    }

    fn rename(
        &mut self,
        who: ClientId,
        member: Member,
        id: Option<String>,
        username: String,
        hub: &Hub,
    ) -> Result<(), Fault> {
        let username = self.free_name(who, username).map_err(|fault| fault.about(id.clone()))?;
        let renamed = Member { id: member.id, username };
        self.people.insert(who, renamed.clone());
        self.seq += 1;
        let timestamp = self.timestamp();
        hub.broadcast(json(&Event::System {
            room: Some(GENERAL),
            seq: Some(self.seq),
            content: format!("{} is now {}", member.username, renamed.username),
            event: SystemEvent::Renamed {
                params: Renaming {
                    user: &renamed.id,
                    from: &member.username,
                    to: &renamed.username,
                },
            },
            timestamp: timestamp.clone(),
        }));
        if let Some(id) = id {
            self.acknowledge(who, &id, timestamp, hub);
        }
        Ok(())
    }

    fn acknowledge(&self, who: ClientId, id: &str, timestamp: String, hub: &Hub) {
        let ack = Event::Ack { id, room: GENERAL, seq: self.seq, timestamp, duplicate: false };
        hub.send(who, json(&ack));
    }

    /// The name, if nobody else has it, in whatever case.
    fn free_name(&self, who: ClientId, name: String) -> Result<String, Fault> {
        let wanted = name.to_lowercase();
        let taken = |(id, member): (&ClientId, &Member)| {
            *id != who && member.username.to_lowercase() == wanted
        };
        if self.people.iter().any(taken) {
            return Err(Fault::new(ErrorCode::NameTaken, "somebody here has that name already"));
        }
        Ok(name)
    }

    fn guest_name(&mut self, lang: Option<&str>) -> String {
        let guest =
            if lang.is_some_and(|lang| lang.starts_with("ru")) { "Гость" } else { "Guest" };
        loop {
            self.guests += 1;
            let name = format!("{guest} {}", self.guests);
            if let Ok(name) = self.free_name(ClientId::MAX, name) {
                return name;
            }
        }
    }

    fn timestamp(&self) -> String {
        timestamp::of((self.clock)())
    }
}

impl Room for Chat {
    const SUBPROTOCOLS: &'static [&'static str] = &[SUBPROTOCOL];

    fn joined(&mut self, who: ClientId, _peer: &Peer, hub: &Hub) {
        hub.exclude(who);
        self.visitors.insert(who, self.now);
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let Message::Text(text) = message else {
            hub.close(who, CloseCode::Unsupported, "this chat speaks text frames only");
            return;
        };
        let outcome = Request::parse(&text).and_then(|request| self.obey(who, request, hub));
        if let Err(fault) = outcome {
            hub.send(who, json(&Event::Error(fault)));
        }
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        self.visitors.remove(&who);
        let Some(member) = self.people.remove(&who) else { return };
        self.seq += 1;
        hub.broadcast(json(&Event::UserLeft {
            room: GENERAL,
            seq: self.seq,
            username: &member.username,
            user: &member,
            count: self.people.len(),
            timestamp: self.timestamp(),
        }));
    }

    fn tick(&mut self, now: Duration, hub: &Hub) {
        self.now = now;
        self.visitors.retain(|&who, since| {
            let waiting = now.saturating_sub(*since) < HELLO_DEADLINE;
            if !waiting {
                hub.close(who, HELLO_TIMEOUT, "hello_timeout");
            }
            waiting
        });
    }

    fn report(&mut self, report: &Report, hub: &Hub) {
        hub.broadcast(json(&Event::System {
            room: None,
            seq: None,
            content: format!(
                "{} connected, up {} s",
                report.connections,
                Duration::from_millis(report.uptime_ms).as_secs()
            ),
            event: SystemEvent::Heartbeat { stats: report },
            timestamp: self.timestamp(),
        }));
    }

    fn closing(&mut self, hub: &Hub) {
        hub.broadcast(json(&Event::System {
            room: None,
            seq: None,
            content: "The server is shutting down".to_owned(),
            event: SystemEvent::Shutdown,
            timestamp: self.timestamp(),
        }));
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
