//! The connection after the 101: whether it stays open, answers pings and keeps the rules.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::cause::Cause;
use crate::client::{Client, Received};
use crate::escape::Shown;
use crate::frame::{Frame, Opcode, Torn};

/// How long the doctor reads after the 101 before it pings: first messages, or an early close frame.
const GREETING: Duration = Duration::from_millis(300);

/// How many bytes of a payload are kept.
const KEEP: usize = 256;

/// How many frames become evidence.
const SHOWN: usize = 5;

/// The payload of the ping, which the pong must repeat.
const TOKEN: &str = "ws101 doctor";

/// A connection that was upgraded.
#[derive(Debug)]
pub(super) struct Talk {
    client: Client<TcpStream>,
    timeout: Duration,
}

/// The result of [`Talk::receive`].
#[derive(Debug)]
pub(super) enum TalkEvent {
    Frame(Frame),
    /// A frame that breaks a rule.
    Broken(crate::frame::Violation),
    /// The end of the connection, and the part of a frame that came before it.
    End(Option<Torn>),
    /// No whole frame until the deadline, and the part of a frame that came.
    Nothing(Option<Torn>),
}

impl Talk {
    /// A connection on which a write may take `timeout`; `early` is what came behind the head of the 101.
    pub(super) fn new(tcp: TcpStream, early: &[u8], timeout: Duration) -> Self {
        Self { client: Client::new(tcp, early, KEEP), timeout }
    }

    /// Sends bytes. An error shows in what is received next. Not cancel safe: a part may be written.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(self.timeout, self.client.write(bytes)).await;
    }

    /// Sends a frame. An error shows in what is received next. Not cancel safe: a part may be written.
    pub(super) async fn send_frame(&mut self, frame: Frame) {
        let _ = timeout(self.timeout, self.client.send(frame)).await;
    }

    /// The next frame that is not a ping; pings are answered. After the deadline it gives
    /// [`TalkEvent::Nothing`], even if a frame is there.
    ///
    /// Not cancel safe: a pong may be written in part.
    pub(super) async fn receive(&mut self, deadline: Instant) -> TalkEvent {
        // `timeout_at` polls the stream before the clock, so a server that never stops sending would
        // keep it from ever timing out.
        if Instant::now() >= deadline {
            return TalkEvent::Nothing(self.stuck());
        }
        match timeout_at(deadline, self.next()).await {
            Ok(event) => event,
            Err(_) => TalkEvent::Nothing(self.stuck()),
        }
    }

    /// The part of a frame that has been incomplete for half the timeout or longer. In a flood each
    /// partial frame is new, so there is none.
    fn stuck(&self) -> Option<Torn> {
        let since = self.client.torn_since();
        let since = since.filter(|since| since.elapsed() >= self.timeout / 2);
        since.and(self.client.torn())
    }

    async fn next(&mut self) -> TalkEvent {
        loop {
            match self.client.receive().await {
                Received::Frame(frame) if frame.header.opcode == Opcode::Ping => {
                    self.send_frame(Frame::pong(frame.payload)).await;
                }
                Received::Frame(frame) => return TalkEvent::Frame(frame),
                Received::Broken(_, violation) | Received::BrokenHeader(violation) => {
                    return TalkEvent::Broken(violation);
                }
                Received::End(_) => return TalkEvent::End(self.client.torn()),
            }
        }
    }

    /// Reads the greeting, pings, sends nothing for `quiet`, and closes. Not cancel safe.
    pub(super) async fn examine(
        &mut self,
        quiet: Duration,
        evidence: &mut Vec<String>,
    ) -> Result<(), Cause> {
        let mut shown = 0;
        let mut show = |frame: &Frame| {
            shown += 1;
            if shown <= SHOWN {
                evidence.push(format!("← {frame}"));
            }
        };
        // A server may close at once, after the 101.
        let greeted = Instant::now() + GREETING;
        loop {
            match self.receive(greeted).await {
                TalkEvent::Frame(frame) => {
                    show(&frame);
                    if let Some((code, reason)) = closed(&frame) {
                        return Err(Cause::Closed { code, reason });
                    }
                }
                TalkEvent::Broken(violation) => return Err(Cause::Broken(violation)),
                TalkEvent::End(begun) => return Err(cut(begun)),
                TalkEvent::Nothing(_) => break,
            }
        }
        self.send_frame(Frame::ping(TOKEN)).await;
        let answered = Instant::now() + self.timeout;
        loop {
            match self.receive(answered).await {
                TalkEvent::Frame(frame) => {
                    show(&frame);
                    if let Some((code, reason)) = closed(&frame) {
                        return Err(Cause::Closed { code, reason });
                    }
                    if frame.header.opcode == Opcode::Pong && frame.payload == TOKEN {
                        break;
                    }
                }
                TalkEvent::Broken(violation) => return Err(Cause::Broken(violation)),
                TalkEvent::End(begun) => return Err(cut(begun)),
                TalkEvent::Nothing(Some(torn)) => {
                    return Err(Cause::Unfinished { torn, within: self.timeout });
                }
                TalkEvent::Nothing(None) => return Err(Cause::NoPong(self.timeout)),
            }
        }
        let began = Instant::now();
        while began.elapsed() < quiet {
            let code = match self.receive(began + quiet).await {
                TalkEvent::Frame(frame) => {
                    show(&frame);
                    match closed(&frame) {
                        Some((code, _)) => Some(code),
                        None => continue,
                    }
                }
                TalkEvent::Broken(violation) => return Err(Cause::Broken(violation)),
                TalkEvent::End(Some(torn)) => return Err(Cause::CutWithin(torn)),
                TalkEvent::End(None) => None,
                TalkEvent::Nothing(Some(torn)) => {
                    return Err(Cause::Unfinished { torn, within: quiet });
                }
                TalkEvent::Nothing(None) => break,
            };
            return Err(Cause::IdleTimeout { after: began.elapsed(), code });
        }
        self.send_frame(Frame::close(1000, "")).await;
        Ok(())
    }
}

/// The cause for a connection that ended without a close frame, perhaps inside a frame.
fn cut(begun: Option<Torn>) -> Cause {
    begun.map_or(Cause::Cut, Cause::CutWithin)
}

/// The code and the reason, if this is a close frame; 1005 if it has no code.
pub(super) fn closed(frame: &Frame) -> Option<(u16, Shown)> {
    let is_close = frame.header.opcode == Opcode::Close;
    let (code, reason) = frame.close_code().unwrap_or((1005, b""));
    is_close.then(|| (code, Shown::of(reason)))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_that_never_stops_sending_is_not_read_after_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let more = Frame::text("and").to_bytes();
        let mut talk = Talk::new(tcp, &more, GREETING);
        assert!(matches!(talk.receive(Instant::now()).await, TalkEvent::Nothing(None)));
        assert!(matches!(talk.receive(Instant::now() + GREETING).await, TalkEvent::Frame(_)));
    }
}
