//! Asks a real server by a ping whether it has handled everything that it received.

use std::time::Duration;

use tokio::time::timeout;

use super::super::client::MASK;
use super::super::fence_token::fence_token;
use super::{Lane, Phase};
use crate::frame::Frame;

/// How long a real server may take to answer a request, a ping or a close frame. If it takes longer, the
/// lane sends no more fences, and only the quiet time shows that the server is done.
const DEADLINE: Duration = Duration::from_secs(2);

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
        let answered = timeout(DEADLINE, async {
            while self.phase == Phase::Opening {
                self.see().await;
            }
            if self.phase == Phase::Open {
                self.write(Frame::ping(token.clone()).masked(MASK).to_bytes()).await;
            }
            while self.phase == Phase::Closing || self.phase == Phase::Open && self.fence != token {
                self.see().await;
            }
        });
        self.is_fenced = answered.await.is_ok();
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
