//! Plays a case over a plain TCP connection, and says what went otherwise.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role};
use ws101::handshake::parse_response;

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
    client.play(steps).await?;
    if !ends {
        client.write(&Frame::ping(FENCE).masked(MASK).to_bytes()).await?;
        client.hears(vec![Frame::pong(FENCE)]).await.context("it lives, and has no more to say")?;
    }
    Ok(())
}

pub struct Client {
    tcp: TcpStream,
    /// Read and not yet understood, before the first frame.
    bytes: Vec<u8>,
    decoder: Decoder,
    /// What the server sends must keep the rules too.
    checker: Checker,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let tcp = timeout(DEADLINE, TcpStream::connect(address)).await??;
        // So that pieces leave as pieces.
        tcp.set_nodelay(true)?;
        let (decoder, checker) = (Decoder::new(KEEP), Checker::new(Role::Server));
        Ok(Self { tcp, bytes: vec![], decoder, checker })
    }

    pub async fn play(&mut self, steps: Vec<Step>) -> Result<()> {
        for step in steps {
            self.step(step).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Send(pieces) => {
                for piece in pieces {
                    self.write(&piece).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Step::Switched { accept, subprotocol } => self.switched(accept, subprotocol).await,
            Step::Refused(status, header) => self.refused(status, header).await,
            Step::Hears(frames) => self.hears(frames).await,
            Step::Closed(codes) => self.closed(&codes).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        timeout(DEADLINE, self.tcp.write_all(bytes)).await.context("it reads")?.context("sending")
    }

    /// The next bytes; none at the end.
    async fn read(&mut self) -> Result<Vec<u8>> {
        let mut buffer = vec![0; 64 * 1024];
        let reading = timeout(DEADLINE, self.tcp.read(&mut buffer)).await;
        let n = reading.context("nothing came")?.context("reading")?;
        buffer.truncate(n);
        Ok(buffer)
    }

    async fn head(&mut self) -> Result<(u16, HeaderMap)> {
        loop {
            if let Some((response, size)) = parse_response(&self.bytes)? {
                self.bytes.drain(..size);
                return Ok((response.status().as_u16(), response.into_parts().0.headers));
            }
            let more = self.read().await?;
            ensure!(!more.is_empty(), "it ended without an answer");
            self.bytes.extend(more);
        }
    }

    /// RFC 6455 §4.2.2, 5: what a 101 carries, and what nobody agreed on.
    async fn switched(&mut self, accept: &str, subprotocol: Option<&str>) -> Result<()> {
        let (status, headers) = self.head().await?;
        ensure!(status == 101, "status {status} instead of 101");
        for (name, wanted) in [
            ("upgrade", Some("websocket")),
            ("connection", Some("Upgrade")),
            ("sec-websocket-accept", Some(accept)),
            ("sec-websocket-protocol", subprotocol),
            ("sec-websocket-extensions", None),
        ] {
            let found: Vec<_> = headers.get_all(name).iter().map(|v| v.to_str()).collect();
            let fine = match (wanted, &found[..]) {
                (None, []) => true,
                (Some(wanted), [Ok(found)]) if name == "sec-websocket-accept" => wanted == *found,
                (Some(wanted), [Ok(found)]) => wanted.eq_ignore_ascii_case(found),
                _ => false,
            };
            ensure!(fine, "{name}: {found:?} instead of {wanted:?}");
        }
        self.decoder.push(&std::mem::take(&mut self.bytes));
        Ok(())
    }

    async fn refused(&mut self, wanted: u16, header: Option<(&str, &str)>) -> Result<()> {
        let (status, headers) = self.head().await?;
        ensure!(status == wanted, "status {status} instead of {wanted}");
        if let Some((name, value)) = header {
            let found = headers.get(name).map(HeaderValue::as_bytes);
            ensure!(found == Some(value.as_bytes()), "{name}: {found:?} instead of {value}");
        }
        while !self.read().await.context("the end")?.is_empty() {}
        Ok(())
    }

    /// The next frame, sound in itself; `None` at the end.
    async fn frame(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                self.checker.check(&frame)?;
                return Ok(Some(frame));
            }
            let more = self.read().await?;
            if more.is_empty() {
                ensure!(self.decoder.pending().is_none(), "it ended within a frame");
                return Ok(None);
            }
            self.decoder.push(&more);
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
