//! Asks a real server by a ping whether it has handled everything that it received.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::super::client::MASK;
use super::super::fence_token::fence_token;
use super::{Lane, Phase};
use crate::frame::Frame;

/// How long a real server may take to answer a request, a ping or a close frame. If it takes longer, the
/// lane sends no more fences, and only the quiet time shows that the server is done.
const DEADLINE: Duration = Duration::from_secs(2);

/// The same for a server whose answer is under way: it has begun, and more of it has come since the last
/// deadline.
const SLOW_DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection may take to end.
const END_DEADLINE: Duration = Duration::from_secs(10);

impl Lane {
    /// Waits for the pong to a ping. All bytes that the server wrote before that pong have then arrived.
    ///
    /// Not cancel safe: the ping may be sent and not counted as answered.
    pub(crate) async fn fence(&mut self, number: u64) {
        self.catch_up();
        if !self.is_fenced || self.said.pending().is_some() {
            return;
        }
        let token = fence_token(number);
        if !self.comes(|lane| lane.phase != Phase::Opening).await {
            self.is_fenced = false;
            return;
        }
        if self.phase == Phase::Open {
            self.write(Frame::ping(token.clone()).masked(MASK).to_bytes()).await;
        }
        let answered = self.comes(|lane| match lane.phase {
            Phase::Opening | Phase::Closing => false,
            Phase::Open => lane.fence == token,
            Phase::Kept | Phase::Over => true,
        });
        self.is_fenced = answered.await;
    }

    /// Waits until what came makes `is_there` true; tells whether it did in time. Cancel safe.
    async fn comes(&mut self, is_there: impl Fn(&Self) -> bool) -> bool {
        let began = Instant::now();
        loop {
            let before = self.progress.bytes();
            let coming = timeout(DEADLINE, async {
                while !is_there(self) {
                    self.see().await;
                }
            });
            if coming.await.is_ok() {
                return true;
            }
            let is_under_way = self.progress.has_part() && self.progress.bytes() > before;
            if !is_under_way || began.elapsed() >= SLOW_DEADLINE {
                return false;
            }
        }
    }

    /// Whether the server has shown that it has nothing more to send here: by the pong to a fence, by all of an
    /// answer, or by the end.
    pub(in super::super) fn is_known_to_be_done(&self) -> bool {
        let is_over = matches!(self.phase, Phase::Kept | Phase::Over) || !self.is_alive();
        is_over || self.is_fenced && self.said.pending().is_none()
    }

    /// Whether the pong to a ping of [`fence`](Self::fence) has come.
    pub(crate) fn has_answered_fence(&self) -> bool {
        !self.fence.is_empty()
    }

    /// Waits until the connection is over, for ten seconds at most. Cancel safe.
    pub(crate) async fn ended(&mut self) {
        let over = timeout(END_DEADLINE, async {
            while self.phase != Phase::Over {
                self.see().await;
            }
        });
        // After a timeout the transcript shows no end.
        let _ = over.await;
    }

    async fn see(&mut self) {
        match self.reports.recv().await {
            Some(seen) => self.note(seen),
            None => self.phase = Phase::Over,
        }
    }
}
