//! After the 101: does it stay, does it answer, does it keep the rules.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::Cause;
use crate::client::{Client, Received};
use crate::escape::Shown;
use crate::frame::{Frame, Opcode, Torn};

/// How long a server may take to greet, or to have second thoughts.
const GREETING: Duration = Duration::from_millis(300);

/// How much of a payload is kept.
const KEEP: usize = 256;

/// How many frames are shown.
const SHOWN: usize = 5;

/// What is sent to be sent back.
const TOKEN: &str = "ws101 doctor";

/// A connection that was upgraded.
#[derive(Debug)]
pub(super) struct Talk {
    client: Client<TcpStream>,
    patience: Duration,
}

/// What can be heard.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(Frame),
    /// A frame that breaks a rule.
    Broken(crate::frame::Violation),
    /// The end of the connection, and what there was of a frame then: the part that came.
    End(Option<Torn>),
    /// Nothing whole until the deadline, and what there is of a frame.
    Nothing(Option<Torn>),
}

impl Talk {
    /// `patience` is how long a write may take.
    pub(super) fn new(tcp: TcpStream, hasty: &[u8], patience: Duration) -> Self {
        Self { client: Client::new(tcp, hasty, KEEP), patience }
    }

    /// Sends bytes; whether they arrived shows in what is heard.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(self.patience, self.client.write(bytes)).await;
    }

    pub(super) async fn say(&mut self, frame: Frame) {
        let _ = timeout(self.patience, self.client.send(frame)).await;
    }

    /// The next frame that is not a ping; pings are answered. After the deadline nothing is heard,
    /// whatever is there.
    pub(super) async fn hear(&mut self, deadline: Instant) -> Heard {
        // A timeout looks at the clock last, and there are those who never stop talking.
        if Instant::now() >= deadline {
            return Heard::Nothing(self.stuck());
        }
        match timeout_at(deadline, self.next()).await {
            Ok(heard) => heard,
            Err(_) => Heard::Nothing(self.stuck()),
        }
    }

    /// What there is of a frame that has been coming for a while; of a flood, each is new.
    fn stuck(&self) -> Option<Torn> {
        let since = self.client.torn_since();
        let since = since.filter(|since| since.elapsed() >= self.patience / 2);
        since.and(self.client.torn())
    }

    async fn next(&mut self) -> Heard {
        loop {
            match self.client.receive().await {
                Received::Frame(frame) if frame.header.opcode == Opcode::Ping => {
                    self.say(Frame::pong(frame.payload)).await;
                }
                Received::Frame(frame) => return Heard::Frame(frame),
                Received::Broken(_, violation) | Received::BrokenHeader(violation) => {
                    return Heard::Broken(violation);
                }
                Received::End(_) => return Heard::End(self.client.torn()),
            }
        }
    }

    /// Listens, pings, is silent, and says goodbye.
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
        // Second thoughts first: a close frame, or the end.
        let greeted = Instant::now() + GREETING;
        loop {
            match self.hear(greeted).await {
                Heard::Frame(frame) => {
                    show(&frame);
                    if let Some((code, reason)) = closed(&frame) {
                        return Err(Cause::Closed { code, reason });
                    }
                }
                Heard::Broken(violation) => return Err(Cause::Broken(violation)),
                Heard::End(begun) => return Err(cut(begun)),
                Heard::Nothing(_) => break,
            }
        }
        self.say(Frame::ping(TOKEN)).await;
        let answered = Instant::now() + self.patience;
        loop {
            match self.hear(answered).await {
                Heard::Frame(frame) => {
                    show(&frame);
                    if let Some((code, reason)) = closed(&frame) {
                        return Err(Cause::Closed { code, reason });
                    }
                    if frame.header.opcode == Opcode::Pong && frame.payload == TOKEN {
                        break;
                    }
                }
                Heard::Broken(violation) => return Err(Cause::Broken(violation)),
                Heard::End(begun) => return Err(cut(begun)),
                Heard::Nothing(Some(torn)) => {
                    return Err(Cause::Unfinished { torn, within: self.patience });
                }
                Heard::Nothing(None) => return Err(Cause::NoPong(self.patience)),
            }
        }
        let began = Instant::now();
        while began.elapsed() < quiet {
            let code = match self.hear(began + quiet).await {
                Heard::Frame(frame) => {
                    show(&frame);
                    match closed(&frame) {
                        Some((code, _)) => Some(code),
                        None => continue,
                    }
                }
                Heard::Broken(violation) => return Err(Cause::Broken(violation)),
                Heard::End(Some(torn)) => return Err(Cause::CutWithin(torn)),
                Heard::End(None) => None,
                Heard::Nothing(Some(torn)) => {
                    return Err(Cause::Unfinished { torn, within: quiet });
                }
                Heard::Nothing(None) => break,
            };
            return Err(Cause::IdleTimeout { after: began.elapsed(), code });
        }
        self.say(Frame::close(1000, "")).await;
        Ok(())
    }
}

/// The end of a connection, perhaps inside a frame.
fn cut(begun: Option<Torn>) -> Cause {
    begun.map_or(Cause::Cut, Cause::CutWithin)
}

/// The code and the reason of a close frame.
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
    async fn who_never_stops_talking_is_not_heard_after_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let more = Frame::text("and").to_bytes();
        let mut talk = Talk::new(tcp, &more, GREETING);
        assert!(matches!(talk.hear(Instant::now()).await, Heard::Nothing(None)));
        assert!(matches!(talk.hear(Instant::now() + GREETING).await, Heard::Frame(_)));
    }
}
