//! The connection after the 101: whether it stays open, answers pings and keeps the rules.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::cause::Cause;
use super::evidence::Evidence;
use crate::client::{Client, Connection, Received};
use crate::escape::Shown;
use crate::frame::{Frame, Opcode, Torn, Violation};

/// How long the doctor reads after the 101 before it pings: first messages, or an early close frame.
const GREETING: Duration = Duration::from_millis(300);

/// How many bytes of a payload are kept.
const KEEP: usize = 256;

/// How many frames become evidence.
const SHOWN: usize = 5;

/// How many bytes are shown of what is no frame.
const BYTES_SHOWN: usize = 64;

/// The payload of the ping, which the pong must repeat.
const TOKEN: &str = "ws101 doctor";

/// A connection that was upgraded.
#[derive(Debug)]
pub(super) struct Talk {
    client: Client<Box<dyn Connection>>,
    timeout: Duration,
    /// The bytes of the latest frame that breaks a rule.
    broken: Vec<u8>,
}

/// The result of [`Talk::receive`].
#[derive(Debug)]
pub(super) enum TalkEvent {
    Frame(Frame),
    /// A frame that breaks a rule.
    Broken(Violation),
    /// The end of the connection, and the part of a frame that came before it.
    End(Option<Torn>),
    /// No whole frame until the deadline, and the part of a frame that came.
    Nothing(Option<Torn>),
}

impl Talk {
    /// A connection on which a write may take `timeout`; `early` is what came behind the head of the 101.
    pub(super) fn new(io: Box<dyn Connection>, early: &[u8], timeout: Duration) -> Self {
        Self { client: Client::new(io, early, KEEP), timeout, broken: Vec::new() }
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
                Received::Broken(frame, violation) => {
                    self.broken = frame.to_bytes().to_vec();
                    return TalkEvent::Broken(violation);
                }
                Received::BrokenHeader(violation) => {
                    self.broken = self.client.torn_bytes();
                    return TalkEvent::Broken(violation);
                }
                Received::End(_) => return TalkEvent::End(self.client.torn()),
            }
        }
    }

    /// Closes the connection and ends it, once the server has ended its side, after the timeout at the
    /// latest. Some servers keep a client until both sides have ended. Cancel safe.
    pub(super) async fn leave(mut self) {
        self.send_frame(Frame::close(1000, "")).await;
        let deadline = Instant::now() + self.timeout;
        while !matches!(self.receive(deadline).await, TalkEvent::End(_) | TalkEvent::Nothing(_)) {}
    }

    /// The cause of bytes that are no sound frame: HTTP behind the 101, or chunks around the frames.
    fn broken(&self, violation: Violation, evidence: &mut Vec<Evidence>) -> Cause {
        let shown = Shown::new(&self.broken, BYTES_SHOWN);
        evidence.push(Evidence::Received(format!("← {shown}")));
        let text = String::from_utf8_lossy(&self.broken);
        let size = text.split("\r\n").next().unwrap_or_default();
        let is_size = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.starts_with("HTTP/") {
            let line = text.lines().next().unwrap_or_default();
            Cause::HttpBehind(Shown::of(line))
        } else if is_size && size.len() < text.len() {
            Cause::Chunked
        } else if is_text(&self.broken) {
            Cause::TextBehind(shown)
        } else {
            Cause::Broken(violation)
        }
    }

    /// Reads the greeting, pings, sends nothing for `quiet`, and closes. Not cancel safe.
    pub(super) async fn examine(
        &mut self,
        quiet: Duration,
        evidence: &mut Vec<Evidence>,
    ) -> Result<(), Cause> {
        let mut shown = 0;
        let mut show = |frame: &Frame, evidence: &mut Vec<Evidence>| {
            shown += 1;
            if shown <= SHOWN {
                evidence.push(Evidence::Received(format!("← {frame}")));
            }
        };
        // A server may close at once, after the 101.
        let greeted = Instant::now() + GREETING;
        loop {
            match self.receive(greeted).await {
                TalkEvent::Frame(frame) => {
                    show(&frame, evidence);
                    if let Some((code, reason)) = closed(&frame) {
                        return Err(Cause::Closed { code, reason });
                    }
                }
                TalkEvent::Broken(violation) => return Err(self.broken(violation, evidence)),
                TalkEvent::End(begun) => return Err(cut(begun)),
                TalkEvent::Nothing(_) => break,
            }
        }
        self.send_frame(Frame::ping(TOKEN)).await;
        let answered = Instant::now() + self.timeout;
        loop {
            match self.receive(answered).await {
                TalkEvent::Frame(frame) => {
                    show(&frame, evidence);
                    if let Some((code, reason)) = closed(&frame) {
                        return Err(Cause::Closed { code, reason });
                    }
                    if frame.header.opcode == Opcode::Pong && frame.payload == TOKEN {
                        break;
                    }
                }
                TalkEvent::Broken(violation) => return Err(self.broken(violation, evidence)),
                TalkEvent::End(begun) => return Err(cut(begun)),
                TalkEvent::Nothing(Some(torn)) => {
                    return Err(Cause::Unfinished { torn, within: self.timeout });
                }
                TalkEvent::Nothing(None) => return Err(Cause::NoPong(self.timeout)),
            }
        }
        let began = Instant::now();
        while began.elapsed() < quiet {
            match self.receive(began + quiet).await {
                TalkEvent::Frame(frame) => {
                    show(&frame, evidence);
                    if let Some((code, reason)) = closed(&frame) {
                        let after = began.elapsed();
                        return Err(Cause::ClosedIdle { after, code, reason });
                    }
                }
                TalkEvent::Broken(violation) => return Err(self.broken(violation, evidence)),
                TalkEvent::End(Some(torn)) => return Err(Cause::CutWithin(torn)),
                TalkEvent::End(None) => {
                    return Err(Cause::IdleTimeout { after: began.elapsed() });
                }
                TalkEvent::Nothing(Some(torn)) => {
                    return Err(Cause::Unfinished { torn, within: quiet });
                }
                TalkEvent::Nothing(None) => break,
            }
        }
        self.send_frame(Frame::close(1000, "")).await;
        Ok(())
    }
}

/// Whether these bytes are a line of a program's output rather than a frame.
fn is_text(bytes: &[u8]) -> bool {
    let is_printed = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    bytes.len() > 1 && bytes.iter().all(is_printed)
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
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_server_that_never_stops_sending_is_not_read_after_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let more = Frame::text("and").to_bytes();
        let mut talk = Talk::new(Box::new(tcp), &more, GREETING);
        assert!(matches!(talk.receive(Instant::now()).await, TalkEvent::Nothing(None)));
        assert!(matches!(talk.receive(Instant::now() + GREETING).await, TalkEvent::Frame(_)));
    }
}
