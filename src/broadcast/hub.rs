//! The hub as its users see it: members join, messages are broadcast or sent, memberships end.
use tokio::task::coop::unconstrained;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::encode::{encode, encoded};
use super::mailbox::Mailbox;
use super::member::{Audience, ClientId};
use super::outlet::Outlet;
use super::roster::Member;
use super::scheduler::spawn;
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
        let mut wire = outlet.lock();
        wire.audience = Audience::default();
        wire.seen = state.end(Audience::default());
        wire.input.pace.clone_from(&self.0.pace);
        if let Some(frame) = state.closed.clone() {
            wire.close(Some(frame));
        } else {
            let member = Member { outlet: outlet.clone(), audience: Audience::default() };
            state.members.insert(id, member);
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
        self.publish(audience, except, &message.into())
    }

    /// The number of members of an audience. A caller need not make a message for an empty audience.
    #[must_use]
    pub fn listeners(&self, audience: Audience) -> usize {
        self.0.lock().members.listeners(audience)
    }

    /// Moves one member to another audience.
    ///
    /// It still receives all that was broadcast to its old audience before the call, and from then
    /// on what is broadcast to the new one.
    pub fn seat(&self, id: ClientId, audience: Audience) {
        let mut state = self.0.lock();
        let end = state.end(audience);
        if let Some(member) = state.members.remove(id) {
            let mut wire = member.caught_up(&state.logs);
            wire.audience = audience;
            wire.seen = end;
            drop(wire);
            state.members.insert(id, Member { audience, ..member });
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
        self.0.lock().remove(id, Some(frame));
    }

    /// Ends every membership with `code`, and every one that begins later.
    pub fn close_all(&self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let mut state = self.0.lock();
        state.closed = Some(frame.clone());
        for member in std::mem::take(&mut state.members).iter() {
            member.caught_up(&state.logs).close(Some(frame.clone()));
        }
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

    fn publish(&self, audience: Audience, except: Option<ClientId>, message: &Message) -> Delivery {
        let mut state = self.0.lock();
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
