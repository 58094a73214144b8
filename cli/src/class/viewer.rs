//! `/class/events`: a WebSocket that tells a page of the class what happens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, interval_at};
use ws101::bytes::BytesMut;
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role};
use ws101::handshake::{Policy, encode};
use ws101::http::Request;
use ws101::stream::{Io, LINGER, linger, within};
use ws101::upgrade::refuse;

use super::ring::Batch;
use super::state::Class;

/// Where it is.
pub const PATH: &str = "/class/events";

/// The query of a phone, which is told of the class and its question, but of no events.
const ONLY_CLASS: &str = "only=class";

/// How long a viewer may take no byte. Then it is left alone: it comes back when it can.
const WRITE: Duration = Duration::from_secs(20);

/// The time between two pings, and the longest without a byte from a viewer is two of them.
const PING: Duration = Duration::from_secs(20);

/// How many bytes are kept of what a viewer says: the longest control frame.
const KEEP: usize = 125;

/// Answers the request, and tells the class until the viewer leaves.
pub async fn watch(class: Arc<Class>, request: Request<()>, host: String, io: impl Io) {
    let policy = Policy { paths: vec![PATH.into()], ..Policy::default() };
    match policy.answer(&request) {
        Err(rejection) => drop(refuse(io, rejection).await),
        Ok(agreement) => {
            let mut viewer = Viewer {
                io,
                next: 0,
                wants_events: request.uri().query() != Some(ONLY_CLASS),
                heard: Instant::now(),
                decoder: Decoder::new(KEEP),
                checker: Checker::new(Role::Client),
            };
            // An error is the end of a viewer's connection: it comes back if it likes.
            let _ = viewer.run(&class, &encode(&agreement.to_response()), &host).await;
        }
    }
}

struct Viewer<S> {
    io: S,
    /// The number of the next event.
    next: u64,
    /// Whether it is told the events, too.
    wants_events: bool,
    /// When its last byte came.
    heard: Instant,
    decoder: Decoder,
    checker: Checker,
}

impl<S: Io> Viewer<S> {
    async fn run(&mut self, class: &Class, head: &[u8], host: &str) -> io::Result<()> {
        let (mut events, mut state) = (class.ring.news(), class.news());
        state.mark_changed();
        let mut pings = interval_at(Instant::now() + PING, PING);
        self.write(head).await?;
        loop {
            if state.has_changed().unwrap_or(false) {
                state.mark_unchanged();
                self.write(&Frame::text(class.hello(host).to_string()).to_bytes()).await?;
            }
            if self.wants_events {
                events.mark_unchanged();
                let batch = class.ring.from(self.next);
                if !batch.lines.is_empty() {
                    self.tell(batch).await?;
                    continue;
                }
            }
            let mut bytes = [0; 1024];
            // The bytes of a viewer come first: they may wait since a long write, and are no silence.
            tokio::select! {
                biased;
                read = self.io.read(&mut bytes) => match read? {
                    0 => return Ok(()),
                    size => if !self.hear(&bytes[..size]).await? {
                        linger(&mut self.io, LINGER).await;
                        return Ok(());
                    }
                },
                () = class.ending() => {
                    self.write(&Frame::close(1001, "").to_bytes()).await?;
                    linger(&mut self.io, LINGER).await;
                    return Ok(());
                }
                _ = pings.tick() => {
                    if self.heard.elapsed() > 2 * PING {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    self.write(&Frame::ping("").to_bytes()).await?;
                }
                _ = state.changed() => state.mark_changed(),
                _ = events.changed(), if self.wants_events => {}
            }
        }
    }

    async fn tell(&mut self, batch: Batch) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        if batch.left_out > 0 {
            let told = json!({"type": "left_out", "events": batch.left_out});
            Frame::text(told.to_string()).encode(&mut bytes);
        }
        for line in batch.lines {
            Frame::text(line).encode(&mut bytes);
        }
        self.next = batch.next;
        self.write(&bytes).await
    }

    /// Takes what the viewer says; `false` at the end.
    async fn hear(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.heard = Instant::now();
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.next_frame() {
            let answer = match (self.checker.check(&frame), frame.header.opcode) {
                (Err(violation), _) => Frame::close(violation.code(), ""),
                (Ok(()), Opcode::Close) => Frame::new(Opcode::Close, frame.payload.clone()),
                (Ok(()), Opcode::Ping) => Frame::pong(frame.payload.clone()),
                // A page has nothing to say here.
                _ => continue,
            };
            let is_end = answer.header.opcode == Opcode::Close;
            self.write(&answer.to_bytes()).await?;
            if is_end {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes all of it, however slowly the viewer takes it.
    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match within(WRITE, self.io.write(bytes)).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        within(WRITE, self.io.flush()).await
    }
}
