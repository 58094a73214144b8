//! The hub as its users see it: members join, messages are broadcast or sent, memberships end.

use bytes::Bytes;
use tokio::task::coop::unconstrained;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::encode::{encode, encoded};
use super::held::Request;
use super::mailbox::Mailbox;
use super::member::{Audience, ClientId};
use super::outlet::Outlet;
use super::roster::Member;
use super::scheduler::{MutexGuard, spawn};
use super::shared::{HubOptions, Shared, State};
use super::writer::Writer;

/// The number of members to which a message was sent.
///
/// The hub does not know yet whether they all receive it. The session of a member that cannot
/// keep up ends with close code 1013.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Members that the message is on its way to.
    pub members: usize,
}

/// A set of members, and one order of messages for all of them. Cheap to clone; all clones have
/// the same members.
///
/// Every method is synchronous and never waits for a socket. Broadcasting needs a tokio runtime
/// with timers, because tasks of that runtime write to the sockets.
///
/// ```
/// use tokio::io::AsyncReadExt;
/// use ws101::broadcast::{Hub, HubOptions, Outlet};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// // Each member may have 64 KiB unsent; then it is disconnected.
/// let hub = Hub::new(HubOptions { capacity: 64 * 1024, ..HubOptions::default() });
/// // In a server, `near` is a TCP stream whose handshake is over.
/// let (near, mut far) = tokio::io::duplex(1024);
/// let outlet = Outlet::new(near);
/// let mailbox = hub.join(&outlet);
///
/// assert_eq!(hub.broadcast("hi").members, 1);
///
/// let mut frame = [0; 4];
/// far.read_exact(&mut frame).await.unwrap();
/// assert_eq!(&frame, b"\x81\x02hi");
///
/// // The membership ends with the mailbox.
/// drop(mailbox);
/// assert_eq!(hub.members(), 0);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Hub(Shared);

impl Hub {
    /// A hub without members.
    #[must_use]
    pub fn new(options: HubOptions) -> Self {
        Self(Shared::new(options))
    }

    /// Makes the connection behind `outlet` a member until the mailbox is dropped.
    ///
    /// The member receives what is sent from now on. After [`close_all`](Self::close_all) the hub
    /// closes it at once, with the same code.
    ///
    /// An outlet can join once. A second membership, in any hub, receives nothing, because rounds
    /// of the first hub may still be on their way.
    #[must_use]
    pub fn join(&self, outlet: &Outlet) -> Mailbox {
        let mut state = self.0.lock();
        state.last_id += 1;
        let id = state.last_id;
        let mut audience = Audience::default();
        if let Some(held) = &mut state.held {
            // It must not receive what was broadcast before it came and is sent later.
            held.push(Request::Seat(id, audience));
            audience = Audience::EXCLUDED;
        }
        let mut wire = outlet.lock();
        wire.audience = audience;
        wire.seen = state.end(audience);
        wire.input.pace.clone_from(&self.0.pace);
        if let Some(frame) = state.closed.clone() {
            wire.close(Some(frame));
        } else {
            state.members.insert(id, audience, Member { outlet: outlet.clone() });
        }
        drop(wire);
        Mailbox::new(id, outlet.clone(), self.0.clone())
    }

    /// Sends `message` to every member of the default audience.
    ///
    /// The hub encodes it once. One write to each member carries it together with all other
    /// messages broadcast before the runtime runs the writing task.
    pub fn broadcast(&self, message: impl Into<Message>) -> Delivery {
        self.broadcast_to(Audience::default(), None, message)
    }

    /// Sends `message` to every member of the default audience except `sender`.
    pub fn broadcast_except(&self, sender: ClientId, message: impl Into<Message>) -> Delivery {
        self.broadcast_to(Audience::default(), Some(sender), message)
    }

    /// Sends `message` to one member, after all that was sent to it before.
    pub fn send(&self, to: ClientId, message: impl Into<Message>) -> Delivery {
        let frame = encoded(&message.into());
        let mut state = self.0.lock();
        if let Some(held) = &mut state.held {
            held.push(Request::Send(to, frame));
            return Delivery { members: 1 };
        }
        self.send_now(&mut state, to, frame)
    }

    fn send_now(&self, state: &mut State, to: ClientId, frame: Bytes) -> Delivery {
        let Some(member) = state.members.get(to) else { return Delivery::default() };
        let mut wire = member.caught_up(&state.logs);
        if wire.left {
            // A round evicted it, and the writer has not removed it from the members yet.
            return Delivery::default();
        }
        wire.enqueue(frame, 0);
        let evicted = self.0.is_evicted(&mut wire);
        drop(wire);
        if evicted {
            state.members.remove(to);
        }
        Delivery { members: 1 }
    }

    /// Sends `message` to the members of one audience, but not to `except`.
    pub fn broadcast_to(
        &self,
        audience: Audience,
        except: Option<ClientId>,
        message: impl Into<Message>,
    ) -> Delivery {
        let message = message.into();
        let mut state = self.0.lock();
        let State { members, held, .. } = &mut *state;
        if let Some(held) = held {
            held.push(Request::Broadcast { audience, except, message });
            return Delivery { members: members.listeners(audience) };
        }
        self.publish(state, audience, except, &message)
    }

    /// The number of members of an audience. A caller need not make a message for an empty audience.
    ///
    /// A hub that [holds](Self::hold) requests does not know yet how many there will be, and answers
    /// with at least 1.
    #[must_use]
    pub fn listeners(&self, audience: Audience) -> usize {
        let state = self.0.lock();
        state.members.listeners(audience).max(usize::from(state.held.is_some()))
    }

    /// Moves one member to another audience.
    ///
    /// It still receives all that was broadcast to its old audience before the call, and from then
    /// on what is broadcast to the new one.
    pub fn seat(&self, id: ClientId, audience: Audience) {
        let mut state = self.0.lock();
        match &mut state.held {
            Some(held) => held.push(Request::Seat(id, audience)),
            None => state.seat(id, audience),
        }
    }

    /// Keeps broadcasts from one member until [`include`](Self::include) is called for it. It still
    /// receives what is sent to it alone.
    pub fn exclude(&self, id: ClientId) {
        self.seat(id, Audience::EXCLUDED);
    }

    /// Lets one member receive broadcasts again, from the next one on.
    pub fn include(&self, id: ClientId) {
        self.seat(id, Audience::default());
    }

    /// Ends one membership with `code`, after all that was sent before.
    pub fn close(&self, id: ClientId, code: CloseCode, reason: impl Into<Utf8Bytes>) {
        let frame = CloseFrame { code, reason: reason.into() };
        let mut state = self.0.lock();
        match &mut state.held {
            Some(held) => held.push(Request::Close(id, frame)),
            None => state.remove(id, Some(frame)),
        }
    }

    /// Ends every membership with `code`, and every one that begins later.
    pub fn close_all(&self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let mut state = self.0.lock();
        let frame = match &mut state.held {
            Some(held) => held.close_all(frame),
            None => Some(frame),
        };
        if let Some(frame) = frame {
            state.close_all(&frame);
        }
    }

    /// Makes the hub hold what it is asked to do from now on, until [`release`](Self::release).
    ///
    /// A room whose events must be saved before anybody learns of them holds all that it sends. Only
    /// [`leave`](Self::leave), and a mailbox that is dropped, still end a membership at once.
    pub fn hold(&self) {
        self.0.lock().held.get_or_insert_default();
    }

    /// The number of requests that were held so far: a position for [`release`](Self::release).
    #[must_use]
    pub fn position(&self) -> u64 {
        self.0.lock().held.as_ref().map_or(0, |held| held.position)
    }

    /// The bytes of the requests that are held. The caller bounds them.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.0.lock().held.as_ref().map_or(0, |held| held.bytes)
    }

    /// Does what is held up to a [`position`](Self::position), in order.
    ///
    /// One task or thread at a time may call it, and it must be in a tokio runtime.
    pub fn release(&self, until: u64) {
        loop {
            // Locked anew for each, because a broadcast may start the task that writes.
            let mut state = self.0.lock();
            let Some(held) = &mut state.held else { return };
            match held.next(until) {
                Some(Request::Send(to, frame)) => {
                    self.send_now(&mut state, to, frame);
                }
                Some(Request::Broadcast { audience, except, message }) => {
                    self.publish(state, audience, except, &message);
                }
                Some(Request::Seat(id, audience)) => state.seat(id, audience),
                Some(Request::Close(id, frame)) => state.remove(id, Some(frame)),
                None => {
                    if let Some(frame) = held.closed() {
                        state.close_all(&frame);
                    }
                    return;
                }
            }
        }
    }

    /// Forgets what is held, and holds nothing any more.
    pub fn discard(&self) {
        self.0.lock().held = None;
    }

    /// The number of members now.
    #[must_use]
    pub fn members(&self) -> usize {
        self.0.lock().members.len()
    }

    /// Ends one membership without a close frame, if it has not ended.
    pub fn leave(&self, id: ClientId) {
        self.0.lock().remove(id, None);
    }

    fn publish(
        &self,
        mut state: MutexGuard<State>,
        audience: Audience,
        except: Option<ClientId>,
        message: &Message,
    ) -> Delivery {
        let State { members, logs, writing, .. } = &mut *state;
        let spared = except.filter(|&id| members.audience(id) == Some(audience));
        let spared = spared.and_then(|id| members.get(id));
        let listening = members.listeners(audience);
        let delivery = Delivery { members: listening - usize::from(spared.is_some()) };
        if delivery.members == 0 {
            return delivery;
        }
        let mut spared = spared.map(|member| member.caught_up(logs));
        let log = logs.entry(audience).or_default();
        let before = log.open.len();
        encode(message, &mut log.open);
        if let Some(pace) = &self.0.pace {
            pace.spend(audience, log.open.len() - before);
        }
        if let Some(wire) = &mut spared {
            wire.seen = log.end();
        }
        let has_writer = std::mem::replace(writing, true);
        drop(spared);
        drop(state);
        if !has_writer {
            let writer = Writer::of(self.0.clone());
            // `unconstrained`, because a round ends by itself, and tokio's budget would make
            // sockets look full that are not. The hub is not locked here: a runtime that has
            // ended drops the task inside `spawn`, and the writer's `drop` locks the hub.
            spawn(unconstrained(writer.write_rounds()));
        }
        delivery
    }
}
