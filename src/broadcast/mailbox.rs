//! One connection's part in the hub.

use std::future::poll_fn;
use std::io;
use std::task::{Poll, ready};

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::hub::{ClientId, Hub, encoded};
use super::outlet::Outlet;
use super::scheduler::sleep;

/// One connection's membership; dropping it ends it.
#[derive(Debug)]
pub struct Mailbox {
    id: ClientId,
    outlet: Outlet,
    hub: Hub,
}

impl Mailbox {
    pub(super) fn new(id: ClientId, outlet: Outlet, hub: Hub) -> Self {
        Self { id, outlet, hub }
    }

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
        // On the heap, and only while something waits: most members keep up.
        let mut patience = None;
        poll_fn(|cx| {
            loop {
                let mut wire = self.outlet.lock();
                if let ended @ Poll::Ready(_) = wire.poll_session(cx, self.hub.deadline) {
                    return ended;
                }
                let Some(left) = wire.patience(self.hub.deadline) else {
                    patience = None;
                    return Poll::Pending;
                };
                drop(wire);
                ready!(patience.get_or_insert_with(|| Box::pin(sleep(left))).as_mut().poll(cx));
                patience = None;
            }
        })
        .await
    }

    /// When the last byte came from this member: any byte is a sign of life. Of a member that is
    /// not read from because of the hub's [`pace`](Hub::pace), when it will be again.
    #[must_use]
    pub fn heard_at(&self) -> Instant {
        self.outlet.lock().listening.heard_at
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
        self.hub.leave(self.id);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.leave();
    }
}
