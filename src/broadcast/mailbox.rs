//! One connection's membership of a hub.

use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::encode::encoded;
use super::member::ClientId;
use super::outlet::Outlet;
use super::scheduler::sleep;
use super::shared::Shared;

/// One connection's membership. Dropping it ends the membership.
#[derive(Debug)]
pub struct Mailbox {
    id: ClientId,
    outlet: Outlet,
    hub: Shared,
}

impl Mailbox {
    pub(super) fn new(id: ClientId, outlet: Outlet, hub: Shared) -> Self {
        Self { id, outlet, hub }
    }

    /// The member's id.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// Writes the member's backlog to its stream, until the hub ends the membership.
    ///
    /// Returns the close frame that the session has to send. The task that reads the socket must
    /// poll it. Without it, what the stream did not take at once stays in the backlog.
    ///
    /// Cancel safe: dropped, it loses nothing, and the next call continues.
    ///
    /// # Errors
    ///
    /// The stream's error, when it can no longer be written to.
    pub async fn drive(&self) -> io::Result<CloseFrame> {
        // On the heap, and only while there is a backlog: most members have none.
        let mut timer = None;
        poll_fn(|cx| {
            loop {
                let mut wire = self.outlet.lock();
                if let ended @ Poll::Ready(_) = wire.poll_session(cx, self.hub.deadline) {
                    return ended;
                }
                let Some(left) = wire.time_left(self.hub.deadline) else {
                    timer = None;
                    return Poll::Pending;
                };
                drop(wire);
                ready!(timer.get_or_insert_with(|| Box::pin(sleep(left))).as_mut().poll(cx));
                timer = None;
            }
        })
        .await
    }

    /// When the last byte arrived from this member. Any byte shows that the peer is alive.
    ///
    /// While the hub does not read from this member because of its [`pace`](super::HubOptions::pace), this
    /// is the time in the future at which it will read again.
    #[must_use]
    pub fn heard_at(&self) -> Instant {
        self.outlet.lock().input.heard_at
    }

    /// Sends `message`, a ping for instance, to this member alone and at once.
    ///
    /// It may overtake messages that were broadcast but not yet written. It never overtakes what
    /// is in the backlog.
    pub fn say(&self, message: &Message) {
        self.outlet.lock().try_write(encoded(message));
    }

    /// Ends the membership without a close frame. The member receives nothing that is sent later.
    ///
    /// Call it before you send a close frame, because nothing may follow one (RFC 6455 §5.5.1).
    pub fn leave(&self) {
        self.hub.lock().remove(self.id, None);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.leave();
    }
}
