//! The room: its members, and what it does with each request.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::dialect::{Dialect, Entry};
use super::dialects::Dialects;
use super::event::{Departure, Event, Member};
use super::guesses::{Guesses, Origin};
use super::keeping::Keeping;
use super::newcomer::Newcomer;
use super::numbered::{self, Receipt};
use super::people::People;
use super::posts::Posts;
use super::request::{self, ErrorCode, RequestError};
use super::rules::Rules;
use crate::broadcast::{ClientId, Hub};
use crate::crowd::{Crowd, Roll};
use crate::history::Ring;
use crate::name::Likeness;
use crate::receipts::{Fingerprint, Receipts};
use crate::room::Room;
use crate::settings::Settings;
use crate::stats::Report;
use crate::timestamp;
use crate::upgrade::Peer;

/// The most refused requests of one connection that are logged, so that no client fills the log.
const LOGGED_MAX: u8 = 10;

/// The most bytes of lasting events that are kept for clients that resume: half of what a hub queues
/// for one member, so that all of them fit beside what is new.
pub const KEPT_BYTES: usize = 512 * 1024;

/// The same for each room but the first: there may be many.
const ROOM_BYTES: usize = 64 * 1024;

/// The most results of requests that are kept in each room but the first.
const ROOM_IDS: usize = 1_024;

/// A close code of this protocol (RFC 6455 §7.4.2 leaves 4000-4999 to applications).
const HELLO_TIMEOUT: CloseCode = CloseCode::Library(4107);

/// A source of the time of day; a test may give its own.
pub type Clock = fn() -> SystemTime;

/// The chat room.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ws101::chat::Chat;
/// use ws101::endpoint::Endpoint;
/// use ws101::program;
/// use ws101::settings::Settings;
///
/// let settings = Settings::default();
/// let endpoint = Endpoint::open(Chat::new(&settings), &settings);
/// endpoint.serve_http(program::listen(&settings)?, [endpoint.sockets()]).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Chat {
    pub(super) connections: BTreeMap<ClientId, Connection>,
    /// All members; no two names look alike.
    pub(super) members: Roll<Member>,
    /// Those of them that have a token, and those that may come back.
    pub(super) people: People,
    /// The numbers of members whose state has changed since the last tick.
    pub(super) changed: BTreeSet<ClientId>,
    /// Arrivals, departures and renamings for the next summary.
    pub(super) crowd: Crowd<Member>,
    /// The room had more members than a list names, so clients may not know all names.
    pub(super) outgrown: bool,
    /// The results of requests with an `id`.
    pub(super) receipts: Receipts<Receipt>,
    /// Connections that must send a `hello`, each with the time at which it is due. The first is due
    /// first, because ids count up.
    pub(super) unnamed: BTreeMap<ClientId, Duration>,
    /// The last lasting events. Their numbers start anew in another life of the room.
    pub(super) history: Ring,
    pub(super) keeping: Keeping,
    /// The messages among them, as they are now.
    pub(super) posts: Posts,
    /// The decisions of the teacher.
    pub(super) rules: Rules,
    /// Wrong keys of the teacher.
    pub(super) guesses: Guesses,
    /// The messages since the room opened.
    pub(super) messages: u64,
    /// The number of the last guest.
    pub(super) guests: u64,
    /// Time since the start, as the endpoint told it last.
    pub(super) now: Duration,
    pub(super) clock: Clock,
    /// The line that the endpoint is to log about the last event.
    log_line: Option<&'static str>,
    pub(super) settings: Settings,
    pub(super) dialects: Dialects,
    /// Ports with a dialect of their own, whatever the path.
    ports: Vec<(u16, &'static str)>,
}

/// The state of one connection. It is small, because there are many and most are idle.
#[derive(Debug)]
pub(super) struct Connection {
    /// The public id; moved to the [`Member`] once there is one.
    pub(super) id: Box<str>,
    pub(super) dialect: &'static dyn Dialect,
    /// The number of its member: that of the first connection of the same person.
    pub(super) number: ClientId,
    /// The session that the connection belongs to, if its client named one. Few do.
    pub(super) session: Option<Box<Fingerprint>>,
    /// Whether it was told of all rooms, if its client asked for that.
    pub(super) lists_rooms: Option<bool>,
    /// Whether its person said to be away.
    pub(super) away: bool,
    /// Whether its client has shown the teacher's key.
    pub(super) teaches: bool,
    /// Where it comes from.
    pub(super) origin: Origin,
    /// Whether its client closed it on purpose.
    pub(super) closed: bool,
    /// The number of its refused requests that are in the log.
    logged: u8,
}

/// Most connections are idle, and each has one of these.
const _: () = assert!(size_of::<Connection>() <= 56);

impl Chat {
    /// An empty chat with these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            connections: BTreeMap::new(),
            members: Roll::new(|name| Likeness::of(name).keys().into()),
            people: People::default(),
            changed: BTreeSet::new(),
            crowd: Crowd::new(),
            outgrown: false,
            receipts: Receipts::default(),
            unnamed: BTreeMap::new(),
            history: Ring::new(KEPT_BYTES),
            keeping: Keeping::Memory,
            posts: Posts::default(),
            rules: Rules::default(),
            guesses: Guesses::default(),
            messages: 0,
            guests: 0,
            now: Duration::ZERO,
            clock: SystemTime::now,
            log_line: None,
            settings: settings.clone(),
            dialects: Dialects::default(),
            ports: Vec::new(),
        }
    }

    /// A chat with the same options in another room. `slot` is different in each room of a hub.
    pub(super) fn another(&self, room: &str, slot: u16) -> Self {
        Self {
            receipts: Receipts::of_at_most(ROOM_IDS),
            history: Ring::new(ROOM_BYTES),
            guesses: self.guesses.clone(),
            now: self.now,
            clock: self.clock,
            dialects: self.dialects.within(room, slot),
            ports: self.ports.clone(),
            ..Self::new(&self.settings)
        }
    }

    /// Reads the time of day from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps at most `bytes` of lasting events for clients that resume, instead of [`KEPT_BYTES`].
    ///
    /// It must be less than the bytes that the hub queues for one member.
    #[must_use]
    pub fn keep(mut self, bytes: usize) -> Self {
        self.history = Ring::new(bytes);
        self
    }

    /// Adds `dialect`. It replaces a dialect of the same name.
    ///
    /// # Panics
    ///
    /// The chat has 64 dialects already.
    #[must_use]
    pub fn dialect(mut self, dialect: &'static dyn Dialect) -> Self {
        self.dialects.add(dialect);
        self
    }

    /// Speaks the dialect of that name with clients that connect to `port` and ask for no other.
    ///
    /// A client is closed with 1008 if the chat has no dialect of that name.
    #[must_use]
    pub fn port(mut self, port: u16, dialect: &'static str) -> Self {
        self.ports.push((port, dialect));
        self
    }

    // ---- one client

    /// The dialect of a connection.
    pub(super) fn dialect_of(&self, who: ClientId) -> Option<&'static dyn Dialect> {
        self.connections.get(&who).map(|connection| connection.dialect)
    }

    /// Sends an event to one client.
    pub(super) fn reply(&self, who: ClientId, event: &Event, hub: &Hub) {
        let message =
            self.dialect_of(who).and_then(|dialect| self.dialects.written(event, dialect));
        if let Some(message) = message {
            hub.send(who, message);
        }
    }

    /// Makes the endpoint log that a request was refused, if the client's dialect has a line for it.
    /// At most [`LOGGED_MAX`] lines are logged for each connection.
    fn log_refusal(&mut self, who: ClientId) {
        let Some(connection) = self.connections.get_mut(&who) else { return };
        if let Some(words) = connection.dialect.refusal_log()
            && connection.logged < LOGGED_MAX
        {
            connection.logged += 1;
            self.log_line = Some(words);
        }
    }

    pub(super) fn member(&self, who: ClientId) -> Result<Member, RequestError> {
        let words = r#"say {"type":"hello","v":1} first: until then nobody knows you are here"#;
        let error = || RequestError::new(ErrorCode::HelloRequired, words);
        self.members.get(self.number(who)).cloned().ok_or_else(error)
    }

    /// The number of a connection's member.
    pub(super) fn number(&self, who: ClientId) -> ClientId {
        self.connections.get(&who).map_or(who, |connection| connection.number)
    }

    // ---- the history

    /// Keeps a lasting event under the next number.
    pub(super) fn record(&mut self, event: Option<Message>) {
        self.history.push(event);
        self.posts.forget_before(self.history.first());
    }

    /// Puts another event into the place of one that is kept.
    pub(super) fn replace(&mut self, seq: u64, event: Message) {
        self.history.replace(seq, event);
        self.posts.forget_before(self.history.first());
    }

    // ---- members

    /// The members that an event lists: at most [`LISTED`].
    pub(super) fn listed(&self) -> Vec<&Member> {
        self.members.listed().collect()
    }

    pub(super) fn timestamp(&self) -> String {
        timestamp::of(self.time())
    }
}

impl Room for Chat {
    fn subprotocols(&self) -> Vec<&'static str> {
        self.dialects.subprotocols().collect()
    }

    fn paths(&self) -> Vec<&'static str> {
        std::iter::once("/").chain(self.dialects.paths()).collect()
    }

    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        // No broadcasts until the client is a member or a listener.
        hub.exclude(who);
        let Some(dialect) = self.dialects.of(peer, &self.settings.root_dialect, &self.ports) else {
            hub.close(who, CloseCode::Policy, self.dialects.unknown());
            return;
        };
        // A session's name that is not random enough is ignored, and the connection gets a session
        // of its own.
        let session =
            peer.query("session").and_then(|name| numbered::session(name).ok()).map(Box::new);
        let id = peer.id.as_str().into();
        let connection = Connection {
            id,
            dialect,
            number: who,
            session,
            lists_rooms: None,
            away: false,
            teaches: false,
            origin: Origin::of(peer),
            closed: false,
            logged: 0,
        };
        self.connections.insert(who, connection);
        let entry = dialect.entry();
        if matches!(entry, Entry::Listener) {
            hub.seat(who, self.dialects.audience(dialect));
        }
        self.reply(who, &Event::Connected { id: &peer.id, timestamp: self.timestamp() }, hub);
        match entry {
            Entry::Guest => {
                let name = self.guest_name(dialect.guest_language());
                self.admit(who, Newcomer::guest(name), hub);
            }
            Entry::Hello => {
                self.unnamed.insert(who, self.now + self.settings.hello);
            }
            Entry::Join | Entry::Listener | Entry::Apart(_) => {}
        }
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let Some(dialect) = self.dialect_of(who) else { return };
        if let Entry::Apart(answer) = dialect.entry() {
            hub.send(who, answer(message));
            return;
        }
        let Message::Text(text) = message else {
            hub.close(who, CloseCode::Unsupported, "this chat speaks text frames only");
            return;
        };
        let request = dialect.read(&text, &self.dialects.room);
        let outcome = request.and_then(|request| self.handle(who, request, hub));
        if let Err(error) = outcome {
            self.log_refusal(who);
            self.reply(who, &Event::Error(error), hub);
        }
    }

    fn flooded(&mut self, who: ClientId, message: Message, retry_after: Duration, hub: &Hub) {
        let said = message.to_text().ok().and_then(|text| serde_json::from_str(text).ok());
        let id = said.and_then(|said| request::id(&said).ok().flatten());
        self.reply(who, &Event::Error(RequestError::rate_limited(retry_after).about(id)), hub);
    }

    fn closed(&mut self, who: ClientId, code: CloseCode) {
        let on_purpose = matches!(code, CloseCode::Normal | CloseCode::Away | CloseCode::Status);
        if let Some(connection) = self.connections.get_mut(&who) {
            connection.closed = on_purpose;
        }
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        self.session_ended(who);
        self.unnamed.remove(&who);
        if let Some(connection) = self.connections.remove(&who) {
            self.disconnected(&connection, hub);
        }
    }

    fn tick(&mut self, now: Duration, hub: &Hub) {
        self.receipts.expire(now);
        self.people.expire(now);
        self.rules.expire(now);
        self.broadcast_crowd(hub);
        self.broadcast_states(hub);
    }

    fn noted(&mut self) -> Option<&'static str> {
        self.log_line.take()
    }

    fn now(&mut self, now: Duration) {
        self.now = now;
    }

    fn deadline(&self) -> Option<Duration> {
        let hello = self.unnamed.first_key_value().map(|(_, &due)| due);
        [hello, self.people.due()].into_iter().flatten().min()
    }

    fn overdue(&mut self, hub: &Hub) {
        while let Some((&who, &due)) = self.unnamed.first_key_value()
            && due <= self.now
        {
            self.unnamed.pop_first();
            hub.close(who, HELLO_TIMEOUT, "hello_timeout");
        }
        while let Some(number) = self.people.overdue(self.now) {
            self.depart(number, Departure::TimedOut, hub);
        }
    }

    fn report(&mut self, report: &Report, hub: &Hub) {
        let heartbeat = Event::Heartbeat { stats: report, timestamp: self.timestamp() };
        self.dialects.broadcast(&heartbeat, None, hub);
    }

    fn closing(&mut self, hub: &Hub) {
        let shutdown = Event::Shutdown { timestamp: self.timestamp() };
        self.dialects.broadcast(&shutdown, None, hub);
    }
}
