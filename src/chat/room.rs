//! The room: its members, and what it does with each request.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::dialect::{Dialect, Entry};
use super::dialects::Dialects;
use super::event::{ClientLimits, Event, Member};
use super::numbered::{self, Numbered};
use super::request::{self, CONTENT_CHARS, ErrorCode, Request, RequestError};
use crate::broadcast::{ClientId, Hub};
use crate::crowd::{Crowd, LISTED, Roll};
use crate::name::{self, Likeness, Unfit};
use crate::receipts::{Fingerprint, Receipt, Receipts};
use crate::room::Room;
use crate::settings::Settings;
use crate::stats::Report;
use crate::upgrade::Peer;
use crate::{id, timestamp};

/// The most refused requests of one connection that are logged, so that no client fills the log.
const LOGGED_MAX: u8 = 10;

/// How long a `typing` event holds unless it is repeated.
const TYPING_EXPIRES: Duration = Duration::from_secs(6);

/// Close codes of this protocol (RFC 6455 §7.4.2 leaves 4000-4999 to applications).
const VERSION: CloseCode = CloseCode::Library(4002);
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
    members: Roll<Member>,
    /// Arrivals, departures and renamings for the next summary.
    crowd: Crowd<Member>,
    /// The room had more members than a list names, so clients may not know all names.
    outgrown: bool,
    /// The results of requests with an `id`.
    pub(super) receipts: Receipts,
    /// Connections that must send a `hello`, by the time at which it is due.
    unnamed: BTreeSet<(Duration, ClientId)>,
    /// A random name of this life of the room: `seq` starts anew in another life.
    epoch: String,
    /// The number of the last lasting event.
    seq: u64,
    /// The number of the last guest.
    guests: u64,
    /// Time since the start, as the endpoint told it last.
    pub(super) now: Duration,
    pub(super) clock: Clock,
    /// The line that the endpoint is to log about the last event.
    log_line: Option<&'static str>,
    limits: ClientLimits,
    ping_interval: Duration,
    /// How long a client may take to send its `hello`, in a dialect that begins with one.
    hello: Duration,
    dialects: Dialects,
    /// The name of the dialect at paths that are no dialect's own.
    root: String,
    /// Ports with a dialect of their own, whatever the path.
    ports: Vec<(u16, &'static str)>,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// The public id; moved to the [`Member`] once there is one.
    id: String,
    dialect: &'static dyn Dialect,
    /// The session that the connection belongs to, if its client named one.
    pub(super) session: Option<Fingerprint>,
    /// When its `hello` is due, in a dialect that begins with one.
    due: Duration,
    /// The number of its refused requests that are in the log.
    logged: u8,
}

impl Chat {
    /// An empty chat with the limits and the root dialect of `settings`.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            connections: BTreeMap::new(),
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
            log_line: None,
            limits: ClientLimits {
                content: CONTENT_CHARS,
                username: name::NAME_CHARS,
                message_bytes: settings.max_message_bytes,
            },
            ping_interval: settings.heartbeat,
            hello: settings.hello,
            dialects: Dialects::default(),
            root: settings.root_dialect.clone(),
            ports: Vec::new(),
        }
    }

    /// Reads the time of day from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
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
        let message = self.dialect_of(who).and_then(|dialect| dialect.write(event));
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

    // ---- requests

    /// Does what a client asks for.
    ///
    /// # Errors
    ///
    /// The request cannot be done, and nothing has changed.
    fn handle(&mut self, who: ClientId, request: Request, hub: &Hub) -> Result<(), RequestError> {
        match request {
            Request::Hello { version, username, lang, session } => {
                let session = session.as_deref().map(numbered::session).transpose()?;
                self.hello(who, version, username, lang.as_deref(), hub)?;
                if session.is_some()
                    && let Some(connection) = self.connections.get_mut(&who)
                {
                    connection.session = session;
                }
            }
            Request::Bye => hub.close(who, CloseCode::Normal, "bye"),
            Request::Message { id, content, username, data } => {
                let mut member = self.member_or_guest(who, hub)?;
                let numbered = Numbered::new(id.as_deref(), ["message", content.as_str()]);
                if let Some(receipt) = self.done_before(who, numbered)? {
                    self.resend(who, &member, numbered, &content, receipt, hub);
                    return Ok(());
                }
                if let Some(username) = username.filter(|name| *name != member.username)
                    && let Ok((renamed, _)) = self.rename(who, &member, username, hub)
                {
                    member = renamed;
                }
                let receipt = self.message(who, &member, numbered, &content, data.as_ref(), hub);
                self.confirm(who, numbered, receipt, hub);
            }
            Request::Typing { active } => {
                let member = self.member(who)?;
                if !self.crowd.passing(self.members.len()) {
                    return Ok(());
                }
                let typing = Event::Typing { user: &member, active, expires: TYPING_EXPIRES };
                self.dialects.broadcast(&typing, Some(who), hub);
            }
            Request::Rename { id, username } => {
                let member = self.member(who)?;
                let numbered = Numbered::new(id.as_deref(), ["rename", username.as_str()]);
                if let Some(receipt) = self.done_before(who, numbered)? {
                    self.acknowledge(who, numbered, receipt, true, hub);
                    return Ok(());
                }
                let renamed = self.rename(who, &member, username, hub);
                let (_, receipt) = renamed.map_err(|error| error.about(id.clone()))?;
                self.confirm(who, numbered, receipt, hub);
            }
            Request::Ping { timestamp } => {
                let entry = self.dialect_of(who).map(Dialect::entry);
                if entry.is_some_and(Entry::begins_with_hello) {
                    self.member(who)?;
                }
                let pong = Event::Pong { timestamp, server_time: self.timestamp() };
                self.reply(who, &pong, hub);
            }
        }
        Ok(())
    }

    fn member(&self, who: ClientId) -> Result<Member, RequestError> {
        let words = r#"say {"type":"hello","v":1} first: until then nobody knows you are here"#;
        let error = || RequestError::new(ErrorCode::HelloRequired, words);
        self.members.get(who).cloned().ok_or_else(error)
    }

    /// The member that sends a message; a listener becomes a guest.
    fn member_or_guest(&mut self, who: ClientId, hub: &Hub) -> Result<Member, RequestError> {
        if self.members.get(who).is_none()
            && let Some(dialect) = self.dialect_of(who)
            && matches!(dialect.entry(), Entry::Listener)
        {
            let name = self.guest_name(dialect.guest_language());
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
    ) -> Result<(), RequestError> {
        if self.member(who).is_ok() {
            return Err(RequestError::bad_message("you have said hello already"));
        }
        if version != 1 {
            self.reply(who, &Event::Error(RequestError::version(version)), hub);
            hub.close(who, VERSION, "version");
            return Ok(());
        }
        let named = username.is_some();
        let username = match username {
            Some(name) => self.free_name(who, name)?,
            None => self.guest_name(lang.unwrap_or_default()),
        };
        // After the last error: a client whose `hello` is refused keeps its dialect.
        if let Some(connection) = self.connections.get_mut(&who) {
            let dialect = connection.dialect;
            connection.dialect = dialect.after_hello().unwrap_or(dialect);
        }
        self.admit(who, username, named, hub);
        Ok(())
    }

    /// Makes a client a member: sends it a welcome, and sends its arrival to the others.
    fn admit(&mut self, who: ClientId, username: String, named: bool, hub: &Hub) {
        let Some(connection) = self.connections.get_mut(&who) else { return };
        let dialect = connection.dialect;
        let id = std::mem::take(&mut connection.id);
        let member = Member { id, username, named, dialect: dialect.name() };
        self.unnamed.remove(&(connection.due, who));
        if !self.members.enter(who, member.clone()) {
            return;
        }
        hub.seat(who, self.dialects.audience(dialect));
        let count = self.members.len();
        self.outgrown |= count > LISTED;
        let at_once = self.crowd.came(count, member.clone());
        self.seq += u64::from(at_once);
        let timestamp = self.timestamp();
        let welcome = Event::Welcome {
            session: id::random(),
            user: &member,
            epoch: &self.epoch,
            seq: self.seq,
            members: self.listed(),
            count,
            limits: self.limits,
            ping_interval: self.ping_interval,
            timestamp: timestamp.clone(),
        };
        self.reply(who, &welcome, hub);
        if !at_once {
            return;
        }
        let seq = self.seq;
        let members = self.listed();
        let joined = Event::UserJoined { seq, user: &member, members, count, timestamp };
        self.dialects.broadcast(&joined, Some(who), hub);
    }

    /// Sends a message to all members. The result is the receipt for its sender.
    fn message(
        &mut self,
        who: ClientId,
        member: &Member,
        numbered: Option<Numbered>,
        content: &str,
        data: Option<&Value>,
        hub: &Hub,
    ) -> Receipt {
        self.seq += 1;
        let receipt = self.receipt(Some(self.seq));
        let made_up = numbered.is_none().then(id::random);
        let message = Event::Message {
            seq: self.seq,
            id: numbered.map(|request| request.id).or(made_up.as_deref()).unwrap_or_default(),
            user: member,
            content,
            data,
            timestamp: timestamp::of(receipt.at),
        };
        let dialect = self.dialect_of(who);
        let for_sender = dialect.and_then(|dialect| dialect.write_to_sender(&message));
        self.dialects.broadcast(&message, for_sender.as_ref().map(|_| who), hub);
        if let Some(frame) = for_sender {
            hub.send(who, frame);
        }
        receipt
    }

    /// Gives a member another name, if it is free, and tells all members. A member that asks for
    /// the name it has causes no event, and its receipt has no `seq`.
    fn rename(
        &mut self,
        who: ClientId,
        member: &Member,
        username: String,
        hub: &Hub,
    ) -> Result<(Member, Receipt), RequestError> {
        let username = self.free_name(who, username)?;
        let renamed = Member { username, named: true, ..member.clone() };
        self.members.enter(who, renamed.clone());
        if renamed.username == member.username {
            return Ok((renamed, self.receipt(None)));
        }
        let at_once = self.crowd.renamed(self.members.len(), renamed.clone());
        self.seq += u64::from(at_once);
        // A renaming in a summary is not a lasting event and has no number.
        let seq = at_once.then_some(self.seq);
        let receipt = self.receipt(seq);
        let event = Event::Renamed {
            seq,
            user: &renamed,
            from: &member.username,
            members: self.listed(),
            count: self.members.len(),
            timestamp: timestamp::of(receipt.at),
        };
        if at_once {
            self.dialects.broadcast(&event, None, hub);
        } else {
            self.reply(who, &event, hub);
        }
        Ok((renamed, receipt))
    }

    // ---- members

    /// The members that an event lists: at most [`LISTED`].
    fn listed(&self) -> Vec<&Member> {
        self.members.listed().collect()
    }

    /// The name, if `who` may have it: it is not reserved, and no other member's name looks like
    /// it. A member may take another spelling of its own name: a guest, its name in capitals.
    fn free_name(&self, who: ClientId, name: String) -> Result<String, RequestError> {
        if !self.members.is_free(who, &name) {
            return Err(RequestError::new(
                ErrorCode::NameTaken,
                "somebody here has that name already",
            ));
        }
        let own = self.members.get(who).is_some_and(|own| name::alike(&own.username, &name));
        if !own && name::is_reserved(&name) {
            return Err(RequestError::unfit(Unfit::Reserved));
        }
        Ok(name)
    }

    /// A guest's name that nobody has, in Russian if `lang` is. `guests` only grows, so a name
    /// that a client took in advance is tried once, not once for every guest.
    fn guest_name(&mut self, lang: &str) -> String {
        let guest = if lang.starts_with("ru") { "Гость" } else { "Guest" };
        loop {
            self.guests += 1;
            let name = format!("{guest} {}", self.guests);
            if self.members.is_free(ClientId::MAX, &name) {
                return name;
            }
        }
    }

    /// Broadcasts the arrivals, departures and renamings of the last second that were too many for
    /// single events.
    fn broadcast_crowd(&mut self, hub: &Hub) {
        let summary = self.crowd.end_period();
        let count = self.members.len();
        let lists_all = count <= LISTED;
        // The room fits into a list again, so clients get all names.
        let shrank = lists_all && std::mem::take(&mut self.outgrown);
        if summary.is_empty() && !shrank {
            return;
        }
        let is_followed = summary.went.is_complete()
            && summary.renamed.is_complete()
            && (summary.came.is_complete() || !lists_all);
        let presence = Event::Presence {
            full: shrank || !is_followed,
            summary: &summary,
            members: self.listed(),
            count,
            timestamp: self.timestamp(),
        };
        self.dialects.broadcast(&presence, None, hub);
    }

    fn timestamp(&self) -> String {
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
        let Some(dialect) = self.dialects.of(peer, &self.root, &self.ports) else {
            hub.close(who, CloseCode::Policy, self.dialects.unknown());
            return;
        };
        // A session's name that is not random enough is ignored, and the connection gets a session
        // of its own.
        let session = peer.query("session").and_then(|name| numbered::session(name).ok());
        let due = self.now + self.hello;
        let id = peer.id.clone();
        self.connections.insert(who, Connection { id, dialect, session, due, logged: 0 });
        let entry = dialect.entry();
        if matches!(entry, Entry::Listener) {
            hub.seat(who, self.dialects.audience(dialect));
        }
        self.reply(who, &Event::Connected { id: &peer.id, timestamp: self.timestamp() }, hub);
        match entry {
            Entry::Guest => {
                let name = self.guest_name(dialect.guest_language());
                self.admit(who, name, false, hub);
            }
            Entry::Hello => {
                self.unnamed.insert((due, who));
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
        let outcome = dialect.read(&text).and_then(|request| self.handle(who, request, hub));
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

    fn left(&mut self, who: ClientId, hub: &Hub) {
        self.session_ended(who);
        let Some(connection) = self.connections.remove(&who) else { return };
        self.unnamed.remove(&(connection.due, who));
        let Some(member) = self.members.leave(who) else { return };
        let count = self.members.len();
        if !self.crowd.went(count, member.clone()) {
            return;
        }
        self.seq += 1;
        let left = Event::UserLeft {
            seq: self.seq,
            user: &member,
            members: self.listed(),
            count,
            timestamp: self.timestamp(),
        };
        self.dialects.broadcast(&left, None, hub);
    }

    fn tick(&mut self, now: Duration, hub: &Hub) {
        self.receipts.expire(now);
        self.broadcast_crowd(hub);
    }

    fn noted(&mut self) -> Option<&'static str> {
        self.log_line.take()
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
        let heartbeat = Event::Heartbeat { stats: report, timestamp: self.timestamp() };
        self.dialects.broadcast(&heartbeat, None, hub);
    }

    fn closing(&mut self, hub: &Hub) {
        let shutdown = Event::Shutdown { timestamp: self.timestamp() };
        self.dialects.broadcast(&shutdown, None, hub);
    }
}
