//! Who is here, and saying things to them.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::task::{coop::unconstrained, yield_now};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::log::Log;
use super::outlet::{Outlet, Wire, too_slow};
use super::roster::{Member, Roster};
use super::scheduler::{Instant, Mutex, MutexGuard, sleep, spawn};
use crate::frame::{self, Opcode};
use crate::limits::WRITE_DEADLINE;
use crate::stream::Io;

/// A member's number: counts up from 1 in order of joining, so that transcripts repeat.
pub type ClientId = u64;

/// Those who hear the same broadcasts, as the same bytes. Every member is in one audience;
/// at first, and in a hub that knows no others, in `Audience::default()`.
///
/// A chat that says each event in several dialects has one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audience(pub u8);

impl Audience {
    /// Nobody broadcasts to it: its members hear what is said to them alone.
    const EXCLUDED: Self = Self(u8::MAX);
}

/// How many members are written to before other tasks get a turn.
const TURN: usize = 256;

/// How many times a round waits for silence before it begins all the same.
const WAITS: usize = 8;

/// A round that waited for another to end waits this part of the other's time longer: who answers
/// what the other told them comes along, instead of taking turns with this one for ever.
const PAUSE: u32 = 8;

/// The least that a timer can wait: smaller rooms have no pause.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// What to do with a member whose backlog would exceed the hub's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Forget the oldest messages: right for prices, cursors, telemetry.
    DropOldest,
    /// End the membership with close code 1013: right for chat, where a silent gap would be a lie.
    Disconnect,
}

/// To whom a message was said. Whether they all receive it, nobody knows yet:
/// who cannot keep up is told by how its session ends (1013).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Members the message is on its way to.
    pub members: usize,
}

/// A set of members and one order of messages for all of them. Cheap to clone.
///
/// Everything here is synchronous and never waits for a socket. Broadcasting
/// needs a tokio runtime, whose tasks do the writing.
#[derive(Clone, Debug)]
pub struct Hub {
    state: Arc<Mutex<State>>,
    capacity: usize,
    overflow: Overflow,
    deadline: Duration,
}

#[derive(Debug, Default)]
struct State {
    last_id: ClientId,
    members: Roster,
    /// Set once everyone was closed: newcomers are closed with the same frame.
    closed: Option<CloseFrame>,
    /// What was said, by audience; an audience that was never spoken to has none.
    logs: BTreeMap<Audience, Log>,
    /// A task is writing rounds.
    writing: bool,
}

/// What each audience is told in one round, and where that ends in its log.
type Rounds = BTreeMap<Audience, (Bytes, u64)>;

impl State {
    /// How far an audience's log has come.
    fn end(&self, audience: Audience) -> u64 {
        self.logs.get(&audience).map_or(0, Log::end)
    }

    /// Bytes said to all audiences so far.
    fn said(&self) -> u64 {
        self.logs.values().map(Log::end).sum()
    }

    /// Whether a round waits to be written.
    fn unsaid(&self) -> bool {
        self.logs.values().any(|log| !log.open.is_empty())
    }

    /// Closes the rounds that are open: their bytes and ends, and those to write them to.
    fn take_rounds(&mut self) -> (Rounds, Arc<[(ClientId, Member)]>) {
        let rounds = self.logs.iter_mut().map(|(&audience, log)| (audience, log.take_round()));
        let rounds: Rounds = rounds.filter(|(_, (round, _))| !round.is_empty()).collect();
        self.writing = !rounds.is_empty();
        (rounds, self.members.everyone())
    }
}

impl Hub {
    /// A hub without members. Each may have `capacity` bytes unsent; then `overflow` decides.
    #[must_use]
    pub fn new(capacity: usize, overflow: Overflow) -> Self {
        Self { state: Arc::default(), capacity, overflow, deadline: WRITE_DEADLINE }
    }

    /// The same, ending memberships (1013) whose stream took nothing for `deadline` of what
    /// waits for it, whatever the policy; otherwise [`WRITE_DEADLINE`].
    ///
    /// A session notices when something wakes it: its next ping at the latest.
    #[must_use]
    pub fn write_within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Makes the connection behind `outlet` a member until the mailbox is dropped.
    ///
    /// It hears what is said from now on. After [`close_all`](Self::close_all)
    /// it is closed at once, with the same code.
    ///
    /// An outlet joins once: rounds of the hub that it left may still be on their
    /// way, so a second membership, in any hub, hears nothing.
    #[must_use]
    pub fn join(&self, outlet: &Outlet) -> Mailbox {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        let mut wire = outlet.lock();
        (wire.audience, wire.seen) = (Audience::default(), state.end(Audience::default()));
        if let Some(frame) = state.closed.clone() {
            wire.close(Some(frame));
        } else {
            let member = Member { outlet: outlet.clone(), audience: Audience::default() };
            state.members.insert(id, member);
        }
        drop(wire);
        Mailbox { id, outlet: outlet.clone(), hub: self.clone() }
    }

    /// Says `message` to every member of the first audience.
    ///
    /// It is encoded once, and written together with all else that is said
    /// before the runtime comes round to it.
    pub fn broadcast(&self, message: impl Into<Message>) -> Delivery {
        self.broadcast_to(Audience::default(), None, message)
    }

    /// Says `message` to the same but `sender`.
    pub fn broadcast_except(&self, sender: ClientId, message: impl Into<Message>) -> Delivery {
        self.broadcast_to(Audience::default(), Some(sender), message)
    }

    /// Says `message` to one member, after all that was said before.
    pub fn send(&self, to: ClientId, message: impl Into<Message>) -> Delivery {
        let frame = encoded(&message.into());
        let mut state = self.lock();
        let Some(member) = state.members.get(to) else { return Delivery::default() };
        let mut wire = member.caught_up(&state.logs);
        if wire.left {
            // Evicted by a round that has not said so yet.
            return Delivery::default();
        }
        wire.owe(frame, 0);
        let evicted = self.overdrawn(&mut wire);
        drop(wire);
        if evicted {
            state.members.remove(to);
        }
        Delivery { members: 1 }
    }

    /// Says `message` to the members of one audience, but not to `except`.
    pub fn broadcast_to(
        &self,
        audience: Audience,
        except: Option<ClientId>,
        message: impl Into<Message>,
    ) -> Delivery {
        self.publish(audience, except, &message.into())
    }

    /// How many members an audience has: one that has none need not be spoken to.
    #[must_use]
    pub fn listeners(&self, audience: Audience) -> usize {
        self.lock().members.listeners(audience)
    }

    /// Puts one member into another audience: it hears all that the old one was told so far,
    /// and from now on what the new one is told.
    pub fn seat(&self, id: ClientId, audience: Audience) {
        let mut state = self.lock();
        let end = state.end(audience);
        if let Some(member) = state.members.remove(id) {
            let mut wire = member.caught_up(&state.logs);
            (wire.audience, wire.seen) = (audience, end);
            drop(wire);
            state.members.insert(id, Member { audience, ..member });
        }
    }

    /// Keeps broadcasts from one member until [`include`](Self::include); it still hears
    /// what is said to it alone.
    pub fn exclude(&self, id: ClientId) {
        self.seat(id, Audience::EXCLUDED);
    }

    /// Lets one member hear broadcasts again, from the next one on.
    pub fn include(&self, id: ClientId) {
        self.seat(id, Audience::default());
    }

    /// Ends one membership with `code`, once what was said before has been delivered.
    pub fn close(&self, id: ClientId, code: CloseCode, reason: &'static str) {
        self.remove(id, Some(CloseFrame { code, reason: reason.into() }));
    }

    /// Ends every membership with `code`, those still to come included.
    pub fn close_all(&self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let mut state = self.lock();
        state.closed = Some(frame.clone());
        for member in std::mem::take(&mut state.members).into_members() {
            member.caught_up(&state.logs).close(Some(frame.clone()));
        }
    }

    /// How many members there are now.
    #[must_use]
    pub fn members(&self) -> usize {
        self.lock().members.len()
    }

    /// Lock order: hub, then outlet. Neither is held over an `.await`.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, id: ClientId, frame: Option<CloseFrame>) {
        let mut state = self.lock();
        if let Some(member) = state.members.remove(id) {
            member.caught_up(&state.logs).close(frame);
        }
    }

    fn publish(&self, audience: Audience, except: Option<ClientId>, message: &Message) -> Delivery {
        let mut state = self.lock();
        let State { members, logs, writing, .. } = &mut *state;
        let spared = except.and_then(|id| members.get(id));
        let spared = spared.filter(|member| member.audience == audience);
        let listening = members.listeners(audience);
        let delivery = Delivery { members: listening - usize::from(spared.is_some()) };
        if delivery.members == 0 {
            return delivery;
        }
        let mut spared = spared.map(|member| member.caught_up(logs));
        let log = logs.entry(audience).or_default();
        encode(message, &mut log.open);
        if let Some(wire) = &mut spared {
            wire.seen = log.end();
        }
        let has_writer = std::mem::replace(writing, true);
        drop(spared);
        drop(state);
        if !has_writer {
            let writer = Writer { hub: self.clone(), is_done: false };
            // A round ends by itself; tokio's budget would make sockets look
            // full that are not. The hub is not locked: a runtime that has
            // ended drops the task here and now.
            spawn(unconstrained(writer.write_rounds()));
        }
        delivery
    }

    /// Lets whoever is ready to speak add to the round: sockets are looked at again before a task
    /// that yields goes on.
    ///
    /// The more members there are, the more a round costs, and the longer one waits for one more word.
    async fn all_have_spoken(&self) {
        let (mut said, members) = {
            let state = self.lock();
            (state.said(), state.members.len())
        };
        let silence = 1 + members / TURN;
        let mut silent = 0;
        for _ in 0..WAITS * silence {
            yield_now().await;
            let before = std::mem::replace(&mut said, self.lock().said());
            silent = if said == before { silent + 1 } else { 0 };
            if silent == silence {
                return;
            }
        }
    }

    /// Writes to one member what it has not seen of a round; true if that ended its membership.
    fn write_round(&self, (round, end): &(Bytes, u64), member: &Member) -> bool {
        let mut wire = member.outlet.lock();
        // Seated elsewhere meanwhile, it was given its part.
        if wire.left || wire.audience != member.audience {
            return false;
        }
        if wire.seen < *end {
            let fresh = usize::try_from(end - wire.seen).unwrap_or(usize::MAX).min(round.len());
            wire.seen = *end;
            wire.offer(round.slice(round.len() - fresh..));
        }
        // What it was given when it spoke itself counts as well.
        self.overdrawn(&mut wire)
    }

    /// Applies the policy for the slow; true if it ended the membership.
    fn overdrawn(&self, wire: &mut Wire<dyn Io>) -> bool {
        if wire.queued() <= self.capacity {
            return false;
        }
        // On a busy server the session may not have had its turn: then it is we who are slow.
        wire.relieve();
        if wire.queued() <= self.capacity {
            return false;
        }
        let (keep, evict) = match self.overflow {
            Overflow::DropOldest => (self.capacity, false),
            Overflow::Disconnect => (0, true),
        };
        while wire.queued() > keep && wire.drop_oldest() {}
        if evict {
            wire.close(Some(too_slow()));
        }
        evict
    }
}

fn encode(message: &Message, out: &mut BytesMut) {
    match message {
        Message::Text(text) => frame::encode(out, Opcode::Text, text.as_bytes()),
        Message::Binary(data) => frame::encode(out, Opcode::Binary, data),
        Message::Ping(data) => frame::encode(out, Opcode::Ping, data),
        Message::Pong(data) => frame::encode(out, Opcode::Pong, data),
        // A close frame ends a membership: that is `close`. Raw frames are for tests of others.
        Message::Close(_) | Message::Frame(_) => {}
    }
}

fn encoded(message: &Message) -> Bytes {
    let mut frame = BytesMut::new();
    encode(message, &mut frame);
    frame.freeze()
}

/// The one that writes round after round, until nothing more was said.
///
/// If its runtime ends before that, or there is none, the sessions write what
/// was said so far, and the next message has another writer.
struct Writer {
    hub: Hub,
    is_done: bool,
}

impl Writer {
    async fn write_rounds(mut self) {
        let hub = &self.hub;
        loop {
            hub.all_have_spoken().await;
            let (rounds, members) = hub.lock().take_rounds();
            if rounds.is_empty() {
                self.is_done = true;
                return;
            }
            let began = Instant::now();
            for (turn, (id, member)) in members.iter().enumerate() {
                if let Some(round) = rounds.get(&member.audience)
                    && hub.write_round(round, member)
                {
                    hub.lock().members.remove(*id);
                }
                if turn % TURN == TURN - 1 {
                    yield_now().await;
                }
            }
            let pause = began.elapsed() / PAUSE;
            if pause >= SHORTEST_PAUSE && hub.lock().unsaid() {
                sleep(pause).await;
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut state = self.hub.lock();
        for (_, member) in &*state.members.everyone() {
            drop(member.caught_up(&state.logs));
        }
        state.writing = false;
    }
}

/// One connection's membership; dropping it ends it.
#[derive(Debug)]
pub struct Mailbox {
    id: ClientId,
    outlet: Outlet,
    hub: Hub,
}

impl Mailbox {
    /// The member's number.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// Keeps what was said moving towards the socket; returns when the hub ended the membership.
    ///
    /// The frame returned is the goodbye that the session is to say. To be
    /// polled by the task that reads the socket. Cancel safe.
    ///
    /// # Errors
    ///
    /// The stream's, when it can no longer be written to.
    pub async fn drive(&self) -> io::Result<CloseFrame> {
        poll_fn(|cx| self.outlet.lock().poll_session(cx, self.hub.deadline)).await
    }

    /// Says `message`, a ping for instance, to this member alone and at once.
    ///
    /// It may overtake what was broadcast in the same instant, never what is
    /// already in the backlog.
    pub fn say(&self, message: &Message) {
        self.outlet.lock().offer(encoded(message));
    }

    /// Ends the membership without a goodbye: nothing is added to what was said so far.
    ///
    /// To be done before a close frame is sent: nothing may follow one (RFC 6455 §5.5.1).
    pub fn leave(&self) {
        self.hub.remove(self.id, None);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.leave();
    }
}
