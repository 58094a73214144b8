//! Who is here, and saying things to them.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::task::{coop::unconstrained, yield_now};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::log::Log;
use super::outlet::{Outlet, Wire};
use crate::frame::{self, Opcode};
use crate::stream::Io;

/// A member's number: counts up from 1 in order of joining, so that transcripts repeat.
pub type ClientId = u64;

/// How many members are written to before other tasks get a turn.
const TURN: usize = 256;

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
}

#[derive(Debug, Default)]
struct State {
    last_id: ClientId,
    members: BTreeMap<ClientId, Member>,
    /// Set once everyone was closed: newcomers are closed with the same frame.
    closed: Option<CloseFrame>,
    log: Log,
    /// A task is writing rounds.
    writing: bool,
}

#[derive(Clone, Debug)]
struct Member {
    outlet: Outlet,
    /// Broadcasts are not for it.
    excluded: bool,
}

impl Member {
    /// Puts it level with what was said to all, before something is said to it alone.
    fn caught_up(&self, log: &Log) -> MutexGuard<'_, Wire<dyn Io>> {
        let mut wire = self.outlet.lock();
        if self.excluded {
            wire.seen = log.end();
        } else {
            log.catch_up(&mut wire);
        }
        wire
    }
}

impl Hub {
    /// A hub without members. Each may have `capacity` bytes unsent; then `overflow` decides.
    #[must_use]
    pub fn new(capacity: usize, overflow: Overflow) -> Self {
        Self { state: Arc::default(), capacity, overflow }
    }

    /// Makes the connection behind `outlet` a member until the mailbox is dropped.
    ///
    /// It hears what is said from now on. After [`close_all`](Self::close_all)
    /// it is closed at once, with the same code.
    #[must_use]
    pub fn join(&self, outlet: &Outlet) -> Mailbox {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        let mut wire = outlet.lock();
        wire.seen = state.log.end();
        match state.closed.clone() {
            Some(frame) => wire.close(Some(frame)),
            None => {
                state.members.insert(id, Member { outlet: outlet.clone(), excluded: false });
            }
        }
        drop(wire);
        Mailbox { id, outlet: outlet.clone(), hub: self.clone() }
    }

    /// Says `message` to every member.
    ///
    /// It is encoded once, and written together with all else that is said
    /// before the runtime comes round to it.
    pub fn broadcast(&self, message: impl Into<Message>) -> Delivery {
        self.publish(&message.into(), None)
    }

    /// Says `message` to every member but `sender`.
    pub fn broadcast_except(&self, sender: ClientId, message: impl Into<Message>) -> Delivery {
        self.publish(&message.into(), Some(sender))
    }

    /// Says `message` to one member, after all that was said before.
    pub fn send(&self, to: ClientId, message: impl Into<Message>) -> Delivery {
        let frame = encoded(&message.into());
        let mut state = self.lock();
        let Some(member) = state.members.get(&to) else { return Delivery::default() };
        let mut wire = member.caught_up(&state.log);
        wire.owe(frame, 0);
        let evicted = self.overdrawn(&mut wire);
        drop(wire);
        if evicted {
            state.members.remove(&to);
        }
        Delivery { members: 1 }
    }

    /// Keeps broadcasts from one member until [`include`](Self::include); it still hears
    /// what is said to it alone.
    pub fn exclude(&self, id: ClientId) {
        self.set_excluded(id, true);
    }

    /// Lets one member hear broadcasts again, from the next one on.
    pub fn include(&self, id: ClientId) {
        self.set_excluded(id, false);
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
        for member in std::mem::take(&mut state.members).into_values() {
            member.caught_up(&state.log).close(Some(frame.clone()));
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

    fn set_excluded(&self, id: ClientId, excluded: bool) {
        let mut state = self.lock();
        let State { members, log, .. } = &mut *state;
        if let Some(member) = members.get_mut(&id) {
            // What was broadcast until now is still for those it was said to.
            drop(member.caught_up(log));
            member.excluded = excluded;
        }
    }

    fn remove(&self, id: ClientId, frame: Option<CloseFrame>) {
        let mut state = self.lock();
        if let Some(member) = state.members.remove(&id) {
            member.caught_up(&state.log).close(frame);
        }
    }

    fn publish(&self, message: &Message, except: Option<ClientId>) -> Delivery {
        let mut state = self.lock();
        let State { members, log, writing, .. } = &mut *state;
        let spared = except.and_then(|id| members.get(&id)).filter(|member| !member.excluded);
        let listening = members.values().filter(|member| !member.excluded).count();
        let delivery = Delivery { members: listening - usize::from(spared.is_some()) };
        if delivery.members == 0 {
            return delivery;
        }
        let mut spared = spared.map(|member| member.caught_up(log));
        encode(message, &mut log.open);
        if let Some(wire) = &mut spared {
            wire.seen = log.end();
        }
        if !std::mem::replace(writing, true) {
            // A round ends by itself; tokio's budget would make sockets look
            // full that are not.
            tokio::spawn(unconstrained(self.clone().write_rounds()));
        }
        delivery
    }

    /// Writes round after round until nothing more was said.
    async fn write_rounds(self) {
        loop {
            // Whoever is ready to speak adds to this round.
            yield_now().await;
            let (round, end, members) = {
                let mut state = self.lock();
                let (round, end) = state.log.take_round();
                if round.is_empty() {
                    state.writing = false;
                    return;
                }
                let listening = state.members.iter().filter(|(_, member)| !member.excluded);
                let members: Vec<_> =
                    listening.map(|(&id, member)| (id, member.outlet.clone())).collect();
                (round, end, members)
            };
            for (turn, (id, outlet)) in members.iter().enumerate() {
                if self.write_round(&round, end, outlet) {
                    self.lock().members.remove(id);
                }
                if turn % TURN == TURN - 1 {
                    yield_now().await;
                }
            }
        }
    }

    /// Writes to one member what it has not seen of a round; true if that ended its membership.
    fn write_round(&self, round: &Bytes, end: u64, outlet: &Outlet) -> bool {
        let mut wire = outlet.lock();
        if wire.left || wire.seen >= end {
            return false;
        }
        let fresh = usize::try_from(end - wire.seen).unwrap_or(usize::MAX).min(round.len());
        wire.seen = end;
        wire.offer(round.slice(round.len() - fresh..));
        self.overdrawn(&mut wire)
    }

    /// Applies the policy for the slow; true if it ended the membership.
    fn overdrawn(&self, wire: &mut Wire<dyn Io>) -> bool {
        if wire.queued() <= self.capacity {
            return false;
        }
        let (keep, evict) = match self.overflow {
            Overflow::DropOldest => (self.capacity, false),
            Overflow::Disconnect => (0, true),
        };
        while wire.queued() > keep && wire.drop_oldest() {}
        if evict {
            wire.close(Some(CloseFrame { code: CloseCode::Again, reason: "too slow".into() }));
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
        poll_fn(|cx| self.outlet.lock().poll_session(cx)).await
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
