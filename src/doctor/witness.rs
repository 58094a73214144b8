//! A connection that does nothing wrong, and shows whether the server outlives what others do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::opening::open;
use super::talk::{Talk, TalkEvent, closed};
use super::target::Target;
use crate::frame::{Frame, Opcode};

/// The payload of the ping that asks whether the server lives.
const TOKEN: &str = "ws101 alive";

/// How long a test runs alone, so that a death can be told to be of it.
const TURN: Duration = Duration::from_millis(300);

/// How long after the last test a server may end, and still be found to be dead.
const LATE: Duration = Duration::from_millis(300);

/// How often a server is asked for a new connection after it lost one, and the pause before each time:
/// something may be starting it again.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// How many timeouts of the target one look may take, and all looks between tests together.
const LOOK: u32 = 2;

/// A connection that does nothing wrong, and what it has seen of the server's end.
pub(super) struct Witness<'t> {
    target: &'t Target,
    peer: SocketAddr,
    /// `None` if the server let in no further connection, or has closed this one in order: then only new
    /// connections tell.
    talk: Option<Talk>,
    /// The time that looks have taken.
    spent: Duration,
}

/// How a witness finds the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It answers, or lets in a new connection.
    Well,
    /// It has cut the connection, and lets in a new one.
    Cut,
    /// It lets in nobody.
    Dead,
}

impl<'t> Witness<'t> {
    pub(super) async fn new(target: &'t Target, peer: SocketAddr) -> Self {
        let talk = open(target, peer).await;
        Self { target, peer, talk, spent: Duration::ZERO }
    }

    /// Starts a test, which runs alone for [`TURN`] at most, and tells whether the server outlives that.
    ///
    /// A server that cuts the witness, and lives, may have been started again. The test is started a second
    /// time then: only if the new witness is cut as well, the server is taken to have died.
    ///
    /// A server that is slow to answer is not looked at any more after a while; then all tests pass here.
    ///
    /// Not cancel safe: a pong of the witness may be lost.
    pub(super) async fn outlives(
        &mut self,
        mut start: impl FnMut() -> oneshot::Receiver<()>,
    ) -> bool {
        let mut was_cut = false;
        loop {
            let _ = timeout(TURN, start()).await;
            if self.spent > self.target.timeout * LOOK {
                return true;
            }
            let began = Instant::now();
            let look = self.look().await;
            self.spent += began.elapsed();
            match look {
                Look::Well => return true,
                Look::Cut if !was_cut => was_cut = true,
                Look::Cut | Look::Dead => return false,
            }
        }
    }

    /// Closes its connection: from now on only new ones tell. Cancel safe.
    pub(super) async fn leave(&mut self) {
        if let Some(talk) = self.talk.take() {
            talk.leave().await;
        }
    }

    /// Whether a new connection is let in, and nothing on it answers a ping. Not cancel safe.
    pub(super) async fn is_new_one_deaf(&mut self) -> bool {
        let Some(mut talk) = open(self.target, self.peer).await else { return false };
        talk.send_frame(Frame::ping(TOKEN)).await;
        let deadline = Instant::now() + self.target.timeout;
        loop {
            match talk.receive(deadline).await {
                TalkEvent::Frame(frame) if frame.header.opcode == Opcode::Text => {}
                event => return matches!(event, TalkEvent::Nothing(_)),
            }
        }
    }

    /// Whether the server has ended after all tests. It waits for [`LATE`] first. Not cancel safe.
    pub(super) async fn has_ended_late(&mut self) -> bool {
        sleep(LATE).await;
        self.look().await == Look::Dead
    }

    /// Looks whether the server lives. Not cancel safe.
    pub(super) async fn look(&mut self) -> Look {
        let limit = self.target.timeout * LOOK;
        timeout(limit, self.find()).await.unwrap_or(Look::Dead)
    }

    async fn find(&mut self) -> Look {
        let is_cut = match self.ping().await {
            Some(true) => return Look::Well,
            Some(false) => true,
            None => false,
        };
        // It may have its own reason to end a connection, or to answer no ping: a new one decides.
        for _ in 0..TRIES {
            self.talk = open(self.target, self.peer).await;
            if self.talk.is_some() {
                return if is_cut { Look::Cut } else { Look::Well };
            }
            sleep(PAUSE).await;
        }
        Look::Dead
    }

    /// Whether a ping is answered; `Some(false)` if the connection is cut instead, `None` if there is none,
    /// or it is closed in order, or stays silent.
    async fn ping(&mut self) -> Option<bool> {
        let talk = self.talk.as_mut()?;
        talk.send_frame(Frame::ping(TOKEN)).await;
        let deadline = Instant::now() + self.target.timeout;
        loop {
            match talk.receive(deadline).await {
                TalkEvent::Frame(frame) if closed(&frame).is_some() => return None,
                TalkEvent::Frame(frame) => {
                    if frame.header.opcode == Opcode::Pong && frame.payload == TOKEN {
                        return Some(true);
                    }
                }
                TalkEvent::End(_) => return Some(false),
                TalkEvent::Broken(_) | TalkEvent::Nothing(_) => return None,
            }
        }
    }
}
