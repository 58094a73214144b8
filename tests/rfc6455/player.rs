//! Plays a case over a plain TCP connection, and says what went otherwise.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http::{HeaderValue, Response};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use ws101::client::{self, Answer, Asked, Received, ResponseFault};
use ws101::frame::{Frame, Opcode};

use crate::case::{MASK, NO_CODE, Step};

/// How long anything may take on a busy machine before it counts as never.
const DEADLINE: Duration = Duration::from_secs(20);

/// The most a target sends back in one frame.
const KEEP: usize = 1 << 20;

/// Its pong comes behind all that was said before.
const FENCE: &str = "still there?";

/// Plays `steps`; if they leave the connection open, a ping proves that it lives.
pub async fn play(address: SocketAddr, steps: Vec<Step>) -> Result<()> {
    let mut client = Client::connect(address).await?;
    let ends = matches!(steps.last(), Some(Step::Refused(..) | Step::Closed(_)));
    client = client.play(steps).await?;
    if !ends {
        client.write(&Frame::ping(FENCE).masked(MASK).to_bytes()).await?;
        client.hears(vec![Frame::pong(FENCE)]).await.context("it lives, and has no more to say")?;
    }
    Ok(())
}

pub struct Client {
    /// What the server sends must keep the rules too: the client checks it.
    client: client::Client<TcpStream>,
    /// What was sent, until the answer is read.
    request: Option<Vec<u8>>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let tcp = client::connect(address, DEADLINE).await?;
        Ok(Self { client: client::Client::new(tcp, b"", KEEP), request: Some(Vec::new()) })
    }

    pub async fn play(mut self, steps: Vec<Step>) -> Result<Self> {
        for step in steps {
            self = self.step(step).await?;
        }
        Ok(self)
    }

    async fn step(mut self, step: Step) -> Result<Self> {
        match step {
            Step::Send(pieces) => {
                for piece in pieces {
                    self.write(&piece).await?;
                    tokio::task::yield_now().await;
                }
                Ok(self)
            }
            Step::Switched { accept, subprotocol } => self.switched(accept, subprotocol).await,
            Step::Refused(status, header) => self.refused(status, header).await,
            Step::Hears(frames) => self.hears(frames).await.map(|()| self),
            Step::Closed(codes) => self.closed(&codes).await.map(|()| self),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(request) = &mut self.request {
            request.extend_from_slice(bytes);
        }
        timeout(DEADLINE, self.client.write(bytes)).await.context("it reads")?.context("sending")
    }

    /// The answer, and what is wrong with it.
    async fn head(self) -> Result<(Self, Response<()>, Vec<ResponseFault>)> {
        let mut tcp = self.client.into_io();
        let answer = client::ask(&mut tcp, b"", Instant::now() + DEADLINE).await;
        let faults = answer.faults(&Asked::of(&self.request.unwrap_or_default()));
        let Answer::Response { response, rest, .. } = answer else {
            bail!("no answer: {faults:?}");
        };
        let client = client::Client::new(tcp, &rest, KEEP);
        Ok((Self { client, request: None }, response, faults))
    }

    /// RFC 6455 §4.2.2, 5: what a 101 carries, and what nobody agreed on.
    async fn switched(self, accept: &str, subprotocol: Option<&str>) -> Result<Self> {
        let (client, response, faults) = self.head().await?;
        ensure!(response.status() == 101, "status {} instead of 101", response.status());
        for (name, wanted) in [
            ("upgrade", Some("websocket")),
            ("connection", Some("Upgrade")),
            ("sec-websocket-accept", Some(accept)),
            ("sec-websocket-protocol", subprotocol),
            ("sec-websocket-extensions", None),
        ] {
            let found = response.headers().get_all(name).iter().map(|value| value.to_str());
            let found: Vec<_> = found.collect();
            let fine = match (wanted, &found[..]) {
                (None, []) => true,
                (Some(wanted), [Ok(found)]) if name == "sec-websocket-accept" => wanted == *found,
                (Some(wanted), [Ok(found)]) => wanted.eq_ignore_ascii_case(found),
                _ => false,
            };
            ensure!(fine, "{name}: {found:?} instead of {wanted:?}");
        }
        // A client that offers a subprotocol which nobody speaks fails; the server is right.
        let is_ignored =
            |fault: &ResponseFault| matches!(fault, ResponseFault::SubprotocolIgnored(_));
        ensure!(faults.iter().all(is_ignored), "{faults:?}");
        Ok(client)
    }

    async fn refused(self, wanted: u16, header: Option<(&str, &str)>) -> Result<Self> {
        let (mut client, response, _) = self.head().await?;
        let status = response.status();
        ensure!(status == wanted, "status {status} instead of {wanted}");
        if let Some((name, value)) = header {
            let found = response.headers().get(name).map(HeaderValue::as_bytes);
            ensure!(found == Some(value.as_bytes()), "{name}: {found:?} instead of {value}");
        }
        // The text of the refusal is no frames, and is passed over.
        let mut tcp = client.client.into_io();
        let mut scrap = vec![0; 64 * 1024];
        while timeout(DEADLINE, tcp.read(&mut scrap)).await.context("the end")?? > 0 {}
        client.client = client::Client::new(tcp, b"", KEEP);
        Ok(client)
    }

    /// The next frame, sound in itself; `None` at the end.
    async fn frame(&mut self) -> Result<Option<Frame>> {
        match timeout(DEADLINE, self.client.receive()).await.context("nothing came")? {
            Received::Frame(frame) => Ok(Some(frame)),
            Received::Broken(frame, violation) => Err(violation).with_context(|| frame.to_string()),
            Received::BrokenHeader(violation) => Err(violation.into()),
            Received::End(Some(error)) => Err(error).context("reading"),
            Received::End(None) => {
                ensure!(!self.client.is_within_frame(), "it ended within a frame");
                Ok(None)
            }
        }
    }

    /// Data in its order; of several pongs due, only the last must come (RFC 6455 §5.5.3).
    async fn hears(&mut self, wanted: Vec<Frame>) -> Result<()> {
        let control = |frame: &Frame| frame.header.opcode.is_control();
        let (pongs, data): (Vec<_>, Vec<_>) = wanted.into_iter().partition(control);
        let (mut pongs, mut data) = (pongs.into_iter().peekable(), data.into_iter().peekable());
        while pongs.peek().is_some() || data.peek().is_some() {
            let frame = self.frame().await?.context("it ended")?;
            let due = if control(&frame) {
                pongs.any(|pong| pong == frame)
            } else {
                data.next_if_eq(&frame).is_some()
            };
            ensure!(
                due,
                "{} instead of {}",
                shown(&frame),
                data.peek().map_or(String::new(), shown)
            );
        }
        Ok(())
    }

    /// The server says goodbye and hangs up, and does both first (RFC 6455 §7.1.1).
    async fn closed(&mut self, codes: &[u16]) -> Result<()> {
        let frame = self.frame().await?.context("it ended without a close frame")?;
        ensure!(frame.header.opcode == Opcode::Close, "{} instead of a close", shown(&frame));
        let code = frame.close_code().map_or(NO_CODE, |(code, _)| code);
        ensure!(codes.contains(&code), "close {code} instead of {codes:?}");
        match self.frame().await.context("the end")? {
            Some(frame) => bail!("{} after the close frame", shown(&frame)),
            None => Ok(()),
        }
    }
}

/// A frame in a complaint.
fn shown(frame: &Frame) -> String {
    let Frame { header, payload, .. } = frame;
    let front = &payload[..payload.len().min(40)];
    format!("{} of {} bytes: {:?}", header.opcode, header.len, String::from_utf8_lossy(front))
}
