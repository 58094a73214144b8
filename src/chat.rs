//! The capstone room: names, messages, typing, comings and goings, in six dialects.
//!
//! The canonical protocol, version 1, is the subprotocol `ws101.chat.v1`: text
//! frames, one JSON object each, with a `type`. Nobody is told anything before
//! their `hello`; after it they hear `welcome`, and then everything, in one
//! order. What lasts (messages, comings and goings, renamings) carries a `seq`
//! that counts up by one. Clients of other chats join the same room, each in its
//! own [`Dialect`], and hear the same, in the same order.
//!
//! Strangers cannot make the room work for the square of their number. The first
//! changes of a second (arrivals, departures, renamings) are events of their own; the
//! others are told together at the next tick ([`crowd`](crate::crowd)), in one event of
//! each dialect. A list names at most [`LISTED`] members and adds how many there are.

mod again;
mod dialect;
mod event;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use again::Asked;
pub use dialect::Dialect;
pub use event::{Event, Limits, Member, Renaming, RoomState, SystemEvent};
pub use request::{CONTENT_BYTES, CONTENT_CHARS, ErrorCode, Fault, Request};

pub use crate::name::{NAME_BYTES, NAME_CHARS};

use crate::broadcast::{ClientId, Hub};
use crate::crowd::{Crowd, LISTED, Roll};
use crate::name::{self, Likeness, Unfit};
use crate::receipts::{Fingerprint, Receipt, Receipts};
use crate::room::Room;
use crate::settings::Settings;
use crate::stats::Report;
use crate::upgrade::Peer;
use crate::{id, timestamp};

/// The name under which pages and servers agree on the canonical protocol.
pub const SUBPROTOCOL: &str = "ws101.chat.v1";

/// The only room there is so far.
pub const GENERAL: &str = "general";

/// How many lines of the log one connection's mistakes may take.
const NOTED: u8 = 10;

/// How long a `typing` holds unless it is repeated.
const TYPING_EXPIRES: Duration = Duration::from_secs(6);

/// The fewest of those who came together that are named, where a list is full without them.
const NAMED: usize = 20;

/// Close codes of this protocol's own (RFC 6455 §7.4.2: 4000-4999 are ours to use).
const VERSION: CloseCode = CloseCode::Library(4002);
const HELLO_TIMEOUT: CloseCode = CloseCode::Library(4107);

/// Where the time of day comes from; a test may give its own.
pub type Clock = fn() -> SystemTime;

/// The chat's state: who is here, and how far the count of events has come.
#[derive(Debug)]
pub struct Chat {
    seats: BTreeMap<ClientId, Seat>,
    /// Everyone who has a name; no two names look alike.
    members: Roll<Member>,
    /// Arrivals, departures and renamings that are to be told together.
    crowd: Crowd<Member>,
    /// The room was too large to list everyone: clients may lack names of those who are here.
    outgrown: bool,
    /// What came of the requests with an `id`.
    receipts: Receipts,
    /// Who has not said `hello` yet, and when they must have.
    unnamed: BTreeSet<(Duration, ClientId)>,
    /// Names one life of this room: numbers of another life mean nothing here.
    epoch: String,
    seq: u64,
    guests: u64,
    /// Time since the start, as the endpoint told it last.
    now: Duration,
    clock: Clock,
    /// What the log is to say of the event that is handled.
    note: Option<&'static str>,
    limits: Limits,
    ping_interval: Duration,
    /// How long a client of the canonical protocol may stay without saying `hello`.
    hello: Duration,
    /// What is spoken at `/`.
    root: Dialect,
    /// Ports at which one dialect is spoken, whatever the path.
    ports: Vec<(u16, Dialect)>,
}

/// One connection's place.
#[derive(Debug)]
struct Seat {
    /// Its name, public and for as long as it lasts; once there is a member, the member's.
    id: String,
    dialect: Dialect,
    /// The session that the connection belongs to, if its client named one.
    session: Option<Fingerprint>,
    /// When a `hello` must have come; it means nothing after one.
    due: Duration,
    /// Its mistakes in the log.
    noted: u8,
}

impl Chat {
    /// An empty chat that tells its clients the limits of `settings`.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            seats: BTreeMap::new(),
            members: Roll::new(|name| Likeness::of(name).keys().into()),
            crowd: Crowd::new(),
            outgrown: false,
            receipts: Receipts::default(),
            unnamed: BTreeSet::new(),
            epoch: id::random(),
            seq: 0,
            guests: 0,
            now: Duration::ZERO,
            clock: SystemTime::now,
            note: None,
            limits: Limits {
                content: CONTENT_CHARS,
                username: NAME_CHARS,
                message_bytes: settings.max_message_bytes,
            },
            ping_interval: settings.heartbeat,
            hello: settings.hello,
            root: Dialect::numbered(&settings.root_dialect).unwrap_or(Dialect::NodeChat),
            ports: Vec::new(),
        }
    }

    /// Takes the time of day from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Speaks `dialect` with whoever comes to `port` and does not ask for another.
    #[must_use]
    pub fn port(mut self, port: u16, dialect: Dialect) -> Self {
        self.ports.push((port, dialect));
        self
    }

    // ---- what is said

    /// Says an event to one.
    fn reply(&self, who: ClientId, event: &Event, hub: &Hub) {
        let said = self.seats.get(&who).and_then(|seat| seat.dialect.say(event));
        if let Some(message) = said {
            hub.send(who, message);
        }
    }

    /// Notes a mistake for the log, as source 000 does; at most [`NOTED`] of one connection.
    fn note(&mut self, who: ClientId) {
        if let Some(seat) = self.seats.get_mut(&who).filter(|seat| seat.noted < NOTED) {
            seat.noted += 1;
            self.note = Some("Получено некорректное сообщение");
        }
    }

    // ---- what is asked

    fn obey(&mut self, who: ClientId, request: Request, hub: &Hub) -> Result<(), Fault> {
        match request {
            Request::Hello { version, username, lang, session } => {
                let session = session.as_deref().map(again::session).transpose()?;
                self.hello(who, version, username, lang.as_deref(), hub)?;
                if let Some(seat) = self.seats.get_mut(&who).filter(|_| session.is_some()) {
                    seat.session = session;
                }
            }
            Request::Bye => hub.close(who, CloseCode::Normal, "bye"),
            Request::Message { id, content, username, data } => {
                let mut member = self.member_or_guest(who, hub)?;
                let asked = Asked::new(id.as_deref(), ["message", content.as_str()]);
                if let Some(receipt) = self.done_before(who, asked)? {
                    self.said_before(who, &member, asked, &content, receipt, hub);
                    return Ok(());
                }
                if let Some(username) = username.filter(|name| *name != member.username)
                    && let Ok((renamed, _)) = self.rename(who, &member, username, hub)
                {
                    member = renamed;
                }
                let receipt = self.message(who, &member, asked, &content, data.as_ref(), hub);
                self.confirm(who, asked, receipt, hub);
            }
            Request::Typing { active } => {
                let member = self.member(who)?;
                if !self.crowd.passing(self.members.len()) {
                    return Ok(());
                }
                let typing = Event::Typing {
                    room: GENERAL,
                    username: &member.username,
                    user: &member,
                    active,
                    expires_ms: millis(TYPING_EXPIRES),
                };
                dialect::tell(&typing, Some(who), hub);
            }
            Request::Rename { id, username } => {
                let member = self.member(who)?;
                let asked = Asked::new(id.as_deref(), ["rename", username.as_str()]);
                if let Some(receipt) = self.done_before(who, asked)? {
                    self.acknowledge(who, asked, receipt, true, hub);
                    return Ok(());
                }
                let renamed = self.rename(who, &member, username, hub);
                let (_, receipt) = renamed.map_err(|fault| fault.about(id.clone()))?;
                self.confirm(who, asked, receipt, hub);
            }
            Request::Ping { timestamp } => {
                // Only the canonical protocol asks for a name before anything else.
                if self.seats.get(&who).is_some_and(|seat| seat.dialect == Dialect::Canonical) {
                    self.member(who)?;
                }
                let pong = Event::Pong { timestamp, server_time: self.timestamp() };
                self.reply(who, &pong, hub);
            }
        }
        Ok(())
    }

    fn member(&self, who: ClientId) -> Result<Member, Fault> {
        let words = r#"say {"type":"hello","v":1} first: until then nobody knows you are here"#;
        let stranger = || Fault::new(ErrorCode::HelloRequired, words);
        self.members.get(who).cloned().ok_or_else(stranger)
    }

    /// Who speaks; a listener that speaks up becomes a guest.
    fn member_or_guest(&mut self, who: ClientId, hub: &Hub) -> Result<Member, Fault> {
        let listens = |seat: &Seat| seat.dialect == Dialect::Reconnect;
        if self.members.get(who).is_none() && self.seats.get(&who).is_some_and(listens) {
            let name = self.guest_name(Some("ru"));
            self.admit(who, name, false, hub);
        }
        self.member(who)
    }

    fn hello(
        &mut self,
        who: ClientId,
        version: u64,
        username: Option<String>,
        lang: Option<&str>,
        hub: &Hub,
    ) -> Result<(), Fault> {
        if self.member(who).is_ok() {
            return Err(Fault::new(ErrorCode::BadMessage, "you have said hello already"));
        }
        if version != 1 {
            self.reply(who, &Event::Error(Fault::version(version)), hub);
            hub.close(who, VERSION, "version");
            return Ok(());
        }
        let named = username.is_some();
        let username = match username {
            Some(name) => self.free_name(who, name)?,
            None => self.guest_name(lang),
        };
        // Only now: a hello that is refused leaves a listener what it was.
        if let Some(seat) = self.seats.get_mut(&who)
            && seat.dialect == Dialect::Reconnect
        {
            seat.dialect = Dialect::Canonical;
        }
        self.admit(who, username, named, hub);
        Ok(())
    }

    /// Lets someone in: a welcome for them, news for the others.
    fn admit(&mut self, who: ClientId, username: String, named: bool, hub: &Hub) {
        let Some(seat) = self.seats.get_mut(&who) else { return };
        let dialect = seat.dialect;
        let member = Member { id: std::mem::take(&mut seat.id), username, named, dialect };
        self.unnamed.remove(&(seat.due, who));
        if !self.members.enter(who, member.clone()) {
            return;
        }
        hub.seat(who, dialect.audience());
        let count = self.members.len();
        self.outgrown |= count > LISTED;
        let at_once = self.crowd.came(count, member.clone());
        self.seq += u64::from(at_once);
        let timestamp = self.timestamp();
        let welcome = Event::Welcome {
            v: 1,
            server: event::SERVER,
            session: event::Session { id: id::random() },
            user: &member,
            rooms: [RoomState {
                room: GENERAL,
                epoch: &self.epoch,
                seq: self.seq,
                members: self.members.listed().collect(),
                count: self.members.uncut(),
            }],
            limits: self.limits,
            ping_interval: millis(self.ping_interval),
            time: timestamp.clone(),
        };
        self.reply(who, &welcome, hub);
        if !at_once {
            return;
        }
        let joined = Event::UserJoined {
            room: GENERAL,
            seq: self.seq,
            username: &member.username,
            user: &member,
            count,
            users: self.names(),
            timestamp,
        };
        dialect::tell(&joined, Some(who), hub);
    }

    /// Says a message to all; what its sender may be told came of it.
    fn message(
        &mut self,
        who: ClientId,
        member: &Member,
        asked: Option<Asked>,
        content: &str,
        data: Option<&Value>,
        hub: &Hub,
    ) -> Receipt {
        self.seq += 1;
        let receipt = self.receipt(Some(self.seq));
        let made_up = asked.is_none().then(id::random);
        let message = Event::Message {
            room: GENERAL,
            seq: self.seq,
            id: asked.map(|asked| asked.id).or(made_up.as_deref()).unwrap_or_default(),
            username: &member.username,
            user: member,
            content,
            data,
            timestamp: timestamp::of(receipt.at),
        };
        if member.dialect == Dialect::BroadcastServer {
            dialect::tell(&message, Some(who), hub);
            if let Some(echo) = dialect::echo(&message) {
                hub.send(who, echo);
            }
        } else {
            dialect::tell(&message, None, hub);
        }
        receipt
    }

    /// Gives someone another name, if it is free; told to all if it is another. To take the
    /// name that one has is no event, and its receipt has no `seq`.
    fn rename(
        &mut self,
        who: ClientId,
        member: &Member,
        username: String,
        hub: &Hub,
    ) -> Result<(Member, Receipt), Fault> {
        let username = self.free_name(who, username)?;
        let renamed = Member { username, named: true, ..member.clone() };
        self.members.enter(who, renamed.clone());
        if renamed.username == member.username {
            return Ok((renamed, self.receipt(None)));
        }
        let at_once = self.crowd.renamed(self.members.len(), renamed.clone());
        self.seq += u64::from(at_once);
        // Told together with others, it is no lasting event and has no number.
        let seq = at_once.then_some(self.seq);
        let receipt = self.receipt(seq);
        let event = Event::System {
            room: Some(GENERAL),
            seq,
            content: format!("{} is now {}", member.username, renamed.username),
            event: SystemEvent::Renamed {
                params: Renaming {
                    user: &renamed.id,
                    from: &member.username,
                    to: &renamed.username,
                    dialect: renamed.dialect,
                    count: self.members.len(),
                    users: self.names(),
                },
            },
            timestamp: timestamp::of(receipt.at),
        };
        if at_once {
            dialect::tell(&event, None, hub);
        } else {
            self.reply(who, &event, hub);
        }
        Ok((renamed, receipt))
    }

    // ---- who is here

    /// The names that an event lists: at most [`LISTED`].
    fn names(&self) -> Vec<&str> {
        self.members.listed().map(|member| member.username.as_str()).collect()
    }

    /// The name, if nobody else's looks like it and `who` may choose it. One's own name stays
    /// free: a guest may write theirs in capitals.
    fn free_name(&self, who: ClientId, name: String) -> Result<String, Fault> {
        if !self.members.is_free(who, &name) {
            return Err(Fault::new(ErrorCode::NameTaken, "somebody here has that name already"));
        }
        let own = self.members.get(who).is_some_and(|own| name::alike(&own.username, &name));
        if !own && name::is_reserved(&name) {
            return Err(Fault::unfit(Unfit::Reserved));
        }
        Ok(name)
    }

    /// A name that nobody has. `guests` only grows, so each name that somebody took in advance
    /// is tried once, not once for every guest.
    fn guest_name(&mut self, lang: Option<&str>) -> String {
        let russian = lang.is_some_and(|lang| lang.starts_with("ru"));
        let guest = if russian { "Гость" } else { "Guest" };
        loop {
            self.guests += 1;
            let name = format!("{guest} {}", self.guests);
            if self.members.is_free(ClientId::MAX, &name) {
                return name;
            }
        }
    }

    /// Tells the arrivals, departures and renamings of the last second that were too many to be
    /// told one by one.
    fn tell_crowd(&mut self, hub: &Hub) {
        let summary = self.crowd.end_period();
        let count = self.members.len();
        let lists_all = count <= LISTED;
        // The room is small again: those who were here while it was large learn who is left.
        let shrank = lists_all && std::mem::take(&mut self.outgrown);
        if summary.is_empty() && !shrank {
            return;
        }
        let is_followed = summary.went.is_complete()
            && summary.renamed.is_complete()
            && (summary.came.is_complete() || !lists_all);
        let full = shrank || !is_followed;
        // Those who knew everyone before learn as many names as a list has.
        let before = count.saturating_sub(summary.came.total());
        let named = LISTED.saturating_sub(before).max(NAMED);
        let changes = |most| if full { 0 } else { most };
        let presence = Event::Presence {
            room: GENERAL,
            full,
            users: self.members.listed().take(if full { LISTED } else { 0 }).collect(),
            joins: summary.came.first(changes(named)),
            renames: summary.renamed.first(changes(LISTED)),
            leaves: summary.went.first(changes(LISTED)),
            joined: summary.came.total(),
            left: summary.went.total(),
            count,
            summary: &summary,
            names: self.names(),
            timestamp: self.timestamp(),
        };
        dialect::tell(&presence, None, hub);
    }

    fn timestamp(&self) -> String {
        timestamp::of(self.time())
    }
}

impl Room for Chat {
    const SUBPROTOCOLS: &'static [&'static str] = &[SUBPROTOCOL];
    const PATHS: &'static [&'static str] = &["/", "/broadcast", "/ws", "/chat", "/py"];

    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        // Until it is seated, it hears nothing.
        hub.exclude(who);
        let Some(dialect) = Dialect::of(peer, self.root, &self.ports) else {
            hub.close(who, CloseCode::Policy, "no such dialect: ask for 000, 001, 002, 003 or 004");
            return;
        };
        // A session whose name could be guessed is none: the connection is its own.
        let session = peer.query("session").and_then(|name| again::session(name).ok());
        let due = self.now + self.hello;
        let seat = Seat { id: peer.id.clone(), dialect, session, due, noted: 0 };
        self.seats.insert(who, seat);
        match dialect {
            Dialect::NodeChat | Dialect::BroadcastServer => {
                let name = self.guest_name(Some("ru"));
                self.admit(who, name, false, hub);
            }
            Dialect::Reconnect => {
                hub.seat(who, dialect.audience());
                hub.send(who, dialect::established(&peer.id, &self.timestamp()));
            }
            Dialect::Canonical => {
                self.unnamed.insert((due, who));
            }
            Dialect::PythonChat | Dialect::Note => {}
        }
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let Some(dialect) = self.seats.get(&who).map(|seat| seat.dialect) else { return };
        if dialect == Dialect::Note {
            hub.send(who, dialect::answer(message));
            return;
        }
        let Message::Text(text) = message else {
            hub.close(who, CloseCode::Unsupported, "this chat speaks text frames only");
            return;
        };
        let outcome = dialect.read(&text).and_then(|request| self.obey(who, request, hub));
        if let Err(fault) = outcome {
            if dialect == Dialect::NodeChat {
                self.note(who);
            }
            self.reply(who, &Event::Error(fault), hub);
        }
    }

    fn flooded(&mut self, who: ClientId, message: Message, retry_after: Duration, hub: &Hub) {
        let said = message.to_text().ok().and_then(|text| serde_json::from_str(text).ok());
        let id = said.and_then(|said| request::id(&said).ok().flatten());
        self.reply(who, &Event::Error(Fault::rate_limited(retry_after).about(id)), hub);
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        self.session_ended(who);
        let Some(seat) = self.seats.remove(&who) else { return };
        self.unnamed.remove(&(seat.due, who));
        let Some(member) = self.members.leave(who) else { return };
        let count = self.members.len();
        if !self.crowd.went(count, member.clone()) {
            return;
        }
        self.seq += 1;
        let left = Event::UserLeft {
            room: GENERAL,
            seq: self.seq,
            username: &member.username,
            user: &member,
            count,
            users: self.names(),
            timestamp: self.timestamp(),
        };
        dialect::tell(&left, None, hub);
    }

    fn tick(&mut self, now: Duration, hub: &Hub) {
        self.receipts.expire(now);
        self.tell_crowd(hub);
    }

    fn noted(&mut self) -> Option<&'static str> {
        self.note.take()
    }

    fn now(&mut self, now: Duration) {
        self.now = now;
    }

    fn deadline(&self) -> Option<Duration> {
        self.unnamed.first().map(|&(due, _)| due)
    }

    fn overdue(&mut self, hub: &Hub) {
        while let Some(&(due, who)) = self.unnamed.first()
            && due <= self.now
        {
            self.unnamed.pop_first();
            hub.close(who, HELLO_TIMEOUT, "hello_timeout");
        }
    }

    fn report(&mut self, report: &Report, hub: &Hub) {
        let uptime = Duration::from_millis(report.uptime_ms).as_secs();
        let heartbeat = Event::System {
            room: None,
            seq: None,
            content: format!("{} connected, up {uptime} s", report.connections),
            event: SystemEvent::Heartbeat { stats: report },
            timestamp: self.timestamp(),
        };
        dialect::tell(&heartbeat, None, hub);
    }

    fn closing(&mut self, hub: &Hub) {
        let shutdown = Event::System {
            room: None,
            seq: None,
            content: "The server is shutting down".to_owned(),
            event: SystemEvent::Shutdown,
            timestamp: self.timestamp(),
        };
        dialect::tell(&shutdown, None, hub);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
