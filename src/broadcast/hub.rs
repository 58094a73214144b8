//! Who is here, and saying things to them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::task::coop::unconstrained;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::log::Log;
use super::mailbox::Mailbox;
use super::outlet::{Outlet, Wire, too_slow};
use super::pace::Pace;
use super::roster::{List, Member, Roster};
use super::scheduler::{Mutex, MutexGuard, spawn};
use super::writer::Writer;
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

/// What to do with a member whose backlog would exceed the hub's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Forget the oldest messages: right for prices, cursors, telemetry.
    DropOldest,
    /// End the membership with close code 1013: right for chat, where a silent gap would be a lie.
    Disconnect,
}

/// A hub with a pace says at once as much as this part of a member's backlog holds.
const BURST: usize = 4;

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
/// needs a tokio runtime with its timers, whose tasks do the writing.
#[derive(Clone, Debug)]
pub struct Hub {
    state: Arc<Mutex<State>>,
    capacity: usize,
    overflow: Overflow,
    pub(super) deadline: Duration,
    pace: Option<Arc<Pace>>,
}

/// What a hub's clones share.
#[derive(Debug, Default)]
pub(super) struct State {
    last_id: ClientId,
    pub(super) members: Roster,
    /// Set once everyone was closed: newcomers are closed with the same frame.
    closed: Option<CloseFrame>,
    /// What was said, by audience; an audience that was never spoken to has none.
    pub(super) logs: BTreeMap<Audience, Log>,
    /// A task is writing rounds.
    pub(super) writing: bool,
}

/// What one audience is told at once.
pub(super) struct Round {
    pub(super) frames: Bytes,
    /// Where it ends in the audience's log.
    pub(super) end: u64,
    pub(super) members: List,
}

impl State {
    /// How far an audience's log has come.
    fn end(&self, audience: Audience) -> u64 {
        self.logs.get(&audience).map_or(0, Log::end)
    }

    /// Bytes said to all audiences so far.
    pub(super) fn said(&self) -> u64 {
        self.logs.values().map(Log::end).sum()
    }

    /// Whether a round waits to be written.
    pub(super) fn unsaid(&self) -> bool {
        self.logs.values().any(|log| !log.open.is_empty())
    }

    /// Closes the rounds that are open. Audiences that were told nothing cost nothing.
    pub(super) fn take_rounds(&mut self) -> Vec<Round> {
        let Self { members, logs, writing, .. } = self;
        let rounds = logs.iter_mut().filter_map(|(&audience, log)| {
            let (frames, end) = log.take_round();
            (!frames.is_empty()).then(|| Round { frames, end, members: members.list(audience) })
        });
        let rounds: Vec<_> = rounds.collect();
        *writing = !rounds.is_empty();
        rounds
    }
}

impl Hub {
    /// A hub without members. Each may have `capacity` bytes unsent; then `overflow` decides.
    #[must_use]
    pub fn new(capacity: usize, overflow: Overflow) -> Self {
        let deadline = WRITE_DEADLINE;
        Self { state: Arc::default(), capacity, overflow, deadline, pace: None }
    }

    /// The same, saying to one member at most `bytes` a second of what members cause, and a
    /// quarter of the capacity at once; 0 is no limit.
    ///
    /// A member whose line carries more than that is not evicted because of what others say.
    /// Nothing is refused or lost: when more was said, [`Outlet`]s of members are not read from
    /// until time has made up for it, so that TCP holds back those who speak. That takes as long
    /// as a burst at most. Members that sent little lately, 4 KiB at once and 512 bytes a second, are
    /// held back last: a quarter of the burst is theirs alone. A message longer than the burst is
    /// said whole. Members that joined before are not held back.
    #[must_use]
    pub fn pace(self, bytes: u32) -> Self {
        let burst = u32::try_from(self.capacity / BURST).unwrap_or(u32::MAX);
        let pace = (bytes > 0).then(|| Arc::new(Pace::new(bytes, burst)));
        Self { pace, ..self }
    }

    /// The same, ending memberships (1013) whose stream took nothing for `deadline` of what
    /// waits for it, whatever the policy; otherwise [`WRITE_DEADLINE`].
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
        wire.listening.pace.clone_from(&self.pace);
        if let Some(frame) = state.closed.clone() {
            wire.close(Some(frame));
        } else {
            let member = Member { outlet: outlet.clone(), audience: Audience::default() };
            state.members.insert(id, member);
        }
        drop(wire);
        Mailbox::new(id, outlet.clone(), self.clone())
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
        for member in std::mem::take(&mut state.members).iter() {
            member.caught_up(&state.logs).close(Some(frame.clone()));
        }
    }

    /// How many members there are now.
    #[must_use]
    pub fn members(&self) -> usize {
        self.lock().members.len()
    }

    /// Lock order: hub, then outlet. Neither is held over an `.await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends one membership without a goodbye, if it has not ended.
    pub(crate) fn leave(&self, id: ClientId) {
        self.remove(id, None);
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
        let before = log.open.len();
        encode(message, &mut log.open);
        if let Some(pace) = &self.pace {
            pace.spend(audience, log.open.len() - before);
        }
        if let Some(wire) = &mut spared {
            wire.seen = log.end();
        }
        let has_writer = std::mem::replace(writing, true);
        drop(spared);
        drop(state);
        if !has_writer {
            let writer = Writer::of(self.clone());
            // A round ends by itself; tokio's budget would make sockets look
            // full that are not. The hub is not locked: a runtime that has
            // ended drops the task here and now.
            spawn(unconstrained(writer.write_rounds()));
        }
        delivery
    }

    /// Applies the policy for the slow; true if it ended the membership.
    pub(super) fn overdrawn(&self, wire: &mut Wire<dyn Io>) -> bool {
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

pub(super) fn encoded(message: &Message) -> Bytes {
    let mut frame = BytesMut::new();
    encode(message, &mut frame);
    frame.freeze()
}
