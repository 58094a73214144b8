//! Sends pings, and finds out that a peer is lost (RFC 6455 §5.5.2, §5.5.3).
//!
//! TCP does not report a pulled cable: the socket stays open. So the server sends a ping every
//! [`period`](HeartbeatOptions::period). The peer's WebSocket implementation, not its program, must answer
//! with a pong that carries the same bytes.
//!
//! A pong proves that the peer's machine and its WebSocket implementation work. It does not prove
//! that the page works: a frozen tab still answers. Any other byte proves the same. So a pong may be
//! late while other bytes arrive, because it cannot overtake the frame before it (RFC 6455 §5.4).
//!
//! ```
//! use std::time::Duration;
//!
//! use tokio_tungstenite::tungstenite::Message;
//! use ws101::heartbeat::{Heartbeat, HeartbeatOptions, PeerLost};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
//! let period = Duration::from_secs(10);
//! let pong_timeout = Duration::from_secs(5);
//! let options = HeartbeatOptions { period, pong_timeout, ..HeartbeatOptions::default() };
//! let mut heartbeat = Heartbeat::new(options);
//!
//! // Send the ping that `beat` returns, and report every message that the peer sends.
//! assert_eq!(heartbeat.beat().await, Ok(Message::Ping("1".into())));
//! heartbeat.heard(&Message::Pong("1".into()));
//!
//! // The second ping gets no pong in time.
//! assert_eq!(heartbeat.beat().await, Ok(Message::Ping("2".into())));
//! assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(pong_timeout)));
//! # });
//! ```

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::limits::{IDLE_TIMEOUT, PING_PERIOD, PONG_TIMEOUT};
use crate::timestamp;

/// The reply to a page's own ping, `{"type":"pong"}` with the ping's `timestamp`; none if `message` is
/// not such a ping.
///
/// A page cannot send the ping of RFC 6455 §5.5.2, so it sends one in JSON. There is no deadline for
/// it, because the browser may run the timers of a hidden tab only once a minute.
#[must_use]
pub fn pong(message: &Message) -> Option<Message> {
    let Message::Text(text) = message else { return None };
    let ping: Value = serde_json::from_str(text).ok()?;
    let answer = json!({
        "type": "pong", "timestamp": ping["timestamp"], "serverTime": timestamp::now(),
    });
    (ping["type"] == "ping").then(|| Message::text(answer.to_string()))
}

/// The reason why a heartbeat takes a peer for lost. The connection then ends with close code 1011.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerLost {
    /// The peer did not answer a ping within this time.
    #[error("no pong in {} ms (RFC 6455 5.5.3)", .0.as_millis())]
    NoPong(Duration),
    /// The peer sent nothing for this time, not even a pong.
    #[error("nothing heard for {} ms", .0.as_millis())]
    Idle(Duration),
}

/// The close frame for a peer that may still receive it.
impl From<PeerLost> for CloseFrame {
    fn from(lost: PeerLost) -> Self {
        Self { code: CloseCode::Error, reason: lost.to_string().into() }
    }
}

/// A deadline noticed later than this was missed because this program did not run: a debugger stopped
/// it, or the computer slept.
const PAUSE: Duration = Duration::from_secs(1);

/// The purpose of a deadline. Of several deadlines at the same time, the first in this list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// For the pong to a ping.
    Pong,
    /// For any byte.
    Idle,
    /// For sending the next ping.
    Ping,
}

/// The times of a [`Heartbeat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatOptions {
    /// The time between two pings: 25 s by default; zero sends none.
    pub period: Duration,
    /// The time that a pong may take: 10 s by default.
    pub pong_timeout: Duration,
    /// The time after which a peer that sent no byte is taken for lost: 60 s by default; zero is no
    /// limit. If it is longer than `period`, it never ends a connection whose peer answers pings,
    /// even if the user sends nothing.
    pub idle_timeout: Duration,
}

impl Default for HeartbeatOptions {
    fn default() -> Self {
        Self { period: PING_PERIOD, pong_timeout: PONG_TIMEOUT, idle_timeout: IDLE_TIMEOUT }
    }
}

/// The deadlines of one connection: when to send a ping, and when to take the peer for lost.
#[derive(Debug)]
pub struct Heartbeat {
    period: Option<Duration>,
    pong_timeout: Duration,
    idle_timeout: Option<Duration>,
    next_ping: Instant,
    /// Pings sent so far. It is also the payload of the last one.
    sent: u64,
    /// The payload of the last ping that was answered.
    answered: u64,
    /// When the last message arrived; with `beat_hearing`, when the last byte arrived.
    last_heard: Instant,
    /// When this program last resumed after a [`PAUSE`]. Deadlines count from then, because the peer
    /// did not cause the pause.
    awake: Instant,
}

impl Heartbeat {
    /// The heartbeat of a connection that begins now.
    #[must_use]
    pub fn new(options: HeartbeatOptions) -> Self {
        let HeartbeatOptions { period, pong_timeout, idle_timeout } = options;
        let now = Instant::now();
        Self {
            period: (!period.is_zero()).then_some(period),
            pong_timeout,
            idle_timeout: (!idle_timeout.is_zero()).then_some(idle_timeout),
            next_ping: now + period,
            sent: 0,
            answered: 0,
            last_heard: now,
            awake: now,
        }
    }

    /// Records a message from the peer. Call it for every message, pongs included.
    pub fn heard(&mut self, message: &Message) {
        self.last_heard = Instant::now();
        if let Message::Pong(payload) = message {
            self.answered(payload);
        }
    }

    /// A pong answers its own ping and all before it (RFC 6455 §5.5.3).
    fn answered(&mut self, payload: &[u8]) {
        let number = std::str::from_utf8(payload).ok().and_then(|text| text.parse::<u64>().ok());
        // A peer may also send a pong without a ping (RFC 6455 §5.5.3). It answers nothing.
        let Some(number) = number.filter(|n| (self.answered + 1..=self.sent).contains(n)) else {
            return;
        };
        self.answered = number;
    }

    /// The deadline for the oldest unanswered ping, if nothing arrived since `heard`.
    fn pong_due(&self, heard: Option<Instant>) -> Option<Instant> {
        let unanswered = u32::try_from(self.sent - self.answered).unwrap_or(u32::MAX);
        let period = self.period.filter(|_| unanswered > 0)?;
        let went_out = self.next_ping - period * unanswered;
        Some(went_out.max(self.awake).max(heard.unwrap_or(went_out)) + self.pong_timeout)
    }

    /// Waits until the next ping is due and returns it. The caller sends it.
    ///
    /// The payload counts up from 1, in decimal, so that a late pong can be told from the expected
    /// one. After a pause of this program, an overdue ping is due at once, and every deadline counts
    /// from then.
    ///
    /// This knows only the messages passed to [`heard`](Self::heard). A frame that takes longer than
    /// `pong_timeout` delays the pong behind it (RFC 6455 §5.4). If the stream knows when bytes
    /// arrive, use [`beat_hearing`](Self::beat_hearing).
    ///
    /// Cancel safe: dropped, it loses nothing, and the next call waits for the same deadline.
    ///
    /// # Errors
    ///
    /// [`PeerLost`] when a deadline has passed. The next call returns it again.
    pub fn beat(&mut self) -> impl Future<Output = Result<Message, PeerLost>> {
        self.next_beat(|| None)
    }

    /// The same, but any byte shows that the peer is alive. `heard_at` returns when the last byte
    /// arrived, as [`Mailbox::heard_at`](crate::broadcast::Mailbox::heard_at) does.
    ///
    /// The peer is lost when nothing arrived for `pong_timeout` after a ping. A peer that never ends
    /// a message is not lost; [`Limited`](crate::limits::Limited) limits that time.
    ///
    /// Cancel safe, as [`beat`](Self::beat) is.
    ///
    /// # Errors
    ///
    /// As for [`beat`](Self::beat).
    pub fn beat_hearing(
        &mut self,
        heard_at: impl Fn() -> Instant,
    ) -> impl Future<Output = Result<Message, PeerLost>> {
        self.next_beat(move || Some(heard_at()))
    }

    /// The next deadline, and what it is for, if nothing arrived since `heard`.
    fn due(&self, heard: Option<Instant>) -> Option<(Instant, Due)> {
        let ping = self.period.map(|_| (self.next_ping, Due::Ping));
        let answer = self.pong_due(heard).map(|at| (at, Due::Pong));
        let idle = self.idle_timeout;
        let idle = idle.map(|timeout| (self.last_heard.max(self.awake) + timeout, Due::Idle));
        [ping, answer, idle].into_iter().flatten().min()
    }

    // Not an `async fn`, whose future would hold the arguments twice, in every connection's task.
    #[allow(clippy::manual_async_fn)]
    fn next_beat(
        &mut self,
        heard_at: impl Fn() -> Option<Instant>,
    ) -> impl Future<Output = Result<Message, PeerLost>> {
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
                    // Bytes arrived in the meantime.
                    _ if heard_at() > heard => {}
                    Due::Pong => return Err(PeerLost::NoPong(self.pong_timeout)),
                    Due::Idle => {
                        return Err(PeerLost::Idle(self.idle_timeout.unwrap_or_default()));
                    }
                }
            }
        }
    }
}
