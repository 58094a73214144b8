//! Finding out that a peer is gone (RFC 6455 §5.5.2, §5.5.3).
//!
//! TCP says nothing when a cable is pulled: the socket stays open because no
//! one has told it otherwise. So the server asks. A ping goes out every
//! [`period`](Heartbeat::every); the peer's WebSocket implementation, not its
//! program, must answer with a pong that carries the same bytes.
//!
//! A pong proves that the peer's machine and WebSocket stack live. It does not
//! prove that the page behind it does: a frozen tab still answers. Any other byte
//! proves the same, so a pong may be late while bytes arrive: it cannot overtake
//! the frame before it (RFC 6455 §5.4).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::timestamp;

/// The answer to a page's own ping, if `message` is one: `{"type":"pong"}` with the ping's `timestamp` as it came.
///
/// The ping of RFC 6455 §5.5.2 is out of a page's reach, so pages ask in JSON. Nobody
/// is punished for asking late: a hidden tab may run its timers once a minute.
#[must_use]
pub fn pong(message: &Message) -> Option<Message> {
    let Message::Text(text) = message else { return None };
    let ping: Value = serde_json::from_str(text).ok()?;
    let answer = json!({
        "type": "pong", "timestamp": ping["timestamp"], "serverTime": timestamp::now(),
    });
    (ping["type"] == "ping").then(|| Message::text(answer.to_string()))
}

/// Why a peer is taken for gone. Both earn close code 1011.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerGone {
    /// A ping was not answered in time.
    #[error("no pong in {} ms (RFC 6455 5.5.3)", .0.as_millis())]
    NoPong(Duration),
    /// Nothing at all was heard, pongs included.
    #[error("nothing heard for {} ms", .0.as_millis())]
    Idle(Duration),
}

/// What to say to a peer that may still hear it.
impl From<PeerGone> for CloseFrame {
    fn from(gone: PeerGone) -> Self {
        Self { code: CloseCode::Error, reason: gone.to_string().into() }
    }
}

/// A deadline noticed so late has been slept through: the debugger stopped us, or the lid was shut.
const PAUSE: Duration = Duration::from_secs(1);

/// What a deadline is for; of several at once, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// For the answer to a ping.
    Pong,
    /// For anything at all.
    Word,
    /// For the next ping, which is ours to send.
    Ping,
}

/// One connection's pulse: when to ping, and when to stop believing.
#[derive(Debug)]
pub struct Heartbeat {
    period: Option<Duration>,
    pong_timeout: Duration,
    idle_timeout: Option<Duration>,
    next_ping: Instant,
    /// Pings sent so far; also the payload of the last one.
    sent: u64,
    /// The last of them known to have been answered.
    answered: u64,
    /// When the last message came, or the last byte, if `beat_hearing` is told of bytes.
    last_heard: Instant,
    /// Since when we listen without a [`PAUSE`]: a peer is not to blame for what we slept through.
    awake: Instant,
}

impl Heartbeat {
    /// Pings every `period`; a pong may take `pong_timeout`.
    ///
    /// A `period` of zero never pings.
    #[must_use]
    pub fn every(period: Duration, pong_timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            period: (!period.is_zero()).then_some(period),
            pong_timeout,
            idle_timeout: None,
            next_ping: now + period,
            sent: 0,
            answered: 0,
            last_heard: now,
            awake: now,
        }
    }

    /// Also gives up on a peer that sent nothing for `timeout`; zero means never.
    ///
    /// Longer than the ping period, this never ends a connection that answers
    /// its pings, however quiet its user is.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = (!timeout.is_zero()).then_some(timeout);
        self
    }

    /// Takes note of something received. Hand it every message, pongs included.
    pub fn heard(&mut self, message: &Message) {
        self.last_heard = Instant::now();
        if let Message::Pong(payload) = message {
            self.answered(payload);
        }
    }

    /// A pong answers its own ping and all before it (RFC 6455 §5.5.3).
    fn answered(&mut self, payload: &[u8]) {
        let number = std::str::from_utf8(payload).ok().and_then(|text| text.parse::<u64>().ok());
        // A pong may also come unasked; only a ping of ours can be answered.
        let Some(number) = number.filter(|n| (self.answered + 1..=self.sent).contains(n)) else {
            return;
        };
        self.answered = number;
    }

    /// By when the oldest unanswered ping must be answered, if nothing came since `heard`.
    fn pong_due(&self, heard: Option<Instant>) -> Option<Instant> {
        let unanswered = u32::try_from(self.sent - self.answered).unwrap_or(u32::MAX);
        let period = self.period.filter(|_| unanswered > 0)?;
        let went_out = self.next_ping - period * unanswered;
        Some(went_out.max(self.awake).max(heard.unwrap_or(went_out)) + self.pong_timeout)
    }

    /// Waits for the next beat and returns the ping to send. Cancel safe.
    ///
    /// Its payload counts up from 1, in decimal, so that a late pong can be
    /// told from the one awaited.
    ///
    /// After a pause of this program, a ping that is overdue goes out at once, and
    /// every deadline counts from then.
    ///
    /// This judges by whole messages, as [`heard`](Self::heard) was told of them. A frame that
    /// takes longer than the pong's time keeps the pong waiting behind it (RFC 6455 §5.4): where
    /// the stream knows when bytes come, use [`beat_hearing`](Self::beat_hearing).
    ///
    /// # Errors
    ///
    /// [`PeerGone`] when a deadline has passed; calling again at once says so again.
    pub fn beat(&mut self) -> impl Future<Output = Result<Message, PeerGone>> {
        self.next_beat(|| None)
    }

    /// The same, for a peer that any byte shows to be alive: `heard_at` tells when the last one
    /// came, as [`Mailbox::heard_at`](crate::broadcast::Mailbox::heard_at) does. Cancel safe.
    ///
    /// A pong is late when, after its ping, nothing has come for the pong's time. A peer that
    /// never ends a message is for [`Limited`](crate::limits::Limited) to judge.
    ///
    /// # Errors
    ///
    /// As for [`beat`](Self::beat).
    pub fn beat_hearing(
        &mut self,
        heard_at: impl Fn() -> Instant,
    ) -> impl Future<Output = Result<Message, PeerGone>> {
        self.next_beat(move || Some(heard_at()))
    }

    /// The next deadline, and what it is for, if nothing came since `heard`.
    fn due(&self, heard: Option<Instant>) -> Option<(Instant, Due)> {
        let ping = self.period.map(|_| (self.next_ping, Due::Ping));
        let answer = self.pong_due(heard).map(|at| (at, Due::Pong));
        let idle = self.idle_timeout;
        let idle = idle.map(|timeout| (self.last_heard.max(self.awake) + timeout, Due::Word));
        [ping, answer, idle].into_iter().flatten().min()
    }

    // Not an `async fn`: one would hold what it is given twice, in every connection's task.
    #[allow(clippy::manual_async_fn)]
    fn next_beat(
        &mut self,
        heard_at: impl Fn() -> Option<Instant>,
    ) -> impl Future<Output = Result<Message, PeerGone>> {
        async move {
            loop {
                let heard = heard_at();
                self.last_heard = self.last_heard.max(heard.unwrap_or(self.last_heard));
                let Some((next, due)) = self.due(heard) else {
                    return std::future::pending().await;
                };
                sleep_until(next).await;
                let now = Instant::now();
                if now - next > PAUSE {
                    self.awake = now;
                    self.next_ping = self.next_ping.max(now);
                    continue;
                }
                match due {
                    Due::Ping => {
                        self.sent += 1;
                        self.next_ping = now + self.period.unwrap_or_default();
                        return Ok(Message::Ping(Bytes::from(self.sent.to_string())));
                    }
                    // Bytes came meanwhile.
                    _ if heard_at() > heard => {}
                    Due::Pong => return Err(PeerGone::NoPong(self.pong_timeout)),
                    Due::Word => {
                        return Err(PeerGone::Idle(self.idle_timeout.unwrap_or_default()));
                    }
                }
            }
        }
    }
}
