//! Decodes what one connection has sent on, and reports it.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::header::SEC_WEBSOCKET_EXTENSIONS;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::event::{Event, What};
use super::scanner::Piece;
use super::watcher::{Note, Queued};
use crate::frame::{Checker, Decoder, Frame, Role, Violation};
use crate::handshake::parse_response;

/// The most bytes that are kept of the body of an answer: enough for the sentence of a refusal.
pub const BODY_KEPT: usize = 1024;

/// The observer of one connection, in a task of its own.
pub(super) struct Observer {
    events: mpsc::Sender<Event>,
    connection: u64,
    peer: SocketAddr,
    keep: usize,
    /// The number of the WebSocket of the present event.
    socket: u64,
    decoders: [Decoder; 2],
    checkers: [Checker; 2],
    /// Whether an extension was agreed on: it gives reserved bits a meaning, and changes payloads.
    is_extended: bool,
    answer: Option<(Bytes, BytesMut, u64)>,
}

impl Observer {
    pub(super) fn new(
        events: mpsc::Sender<Event>,
        connection: u64,
        peer: SocketAddr,
        keep: usize,
    ) -> Self {
        Self {
            events,
            connection,
            peer,
            keep,
            socket: 0,
            decoders: [Decoder::new(keep), Decoder::new(keep)],
            checkers: [Checker::new(Role::Client), Checker::new(Role::Server)],
            is_extended: false,
            answer: None,
        }
    }

    /// Reports everything until the connection is over, or until nobody wants the events.
    pub(super) async fn run(mut self, mut queued: mpsc::UnboundedReceiver<Queued>) {
        let mut last = None;
        while let Some(Queued { at, socket, note, .. }) = queued.recv().await {
            last = Some(at);
            self.socket = socket;
            if self.observe(at, note).await.is_none() {
                return;
            }
        }
        if let Some(at) = last {
            // An answer whose body the end of the connection ends.
            let _ = self.answered(at).await;
        }
    }

    async fn observe(&mut self, at: Instant, note: Note) -> Option<()> {
        match note {
            Note::Piece(Role::Client, Piece::Head(head, _), _) => {
                self.send(at, What::Request { head, peer: self.peer }).await?;
            }
            Note::Piece(Role::Server, Piece::Head(head, is_open), _) => {
                self.answer = Some((head.clone(), BytesMut::new(), 0));
                if is_open {
                    self.is_extended =
                        parse_response(&head).ok().flatten().is_some_and(|(response, _)| {
                            response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS)
                        });
                    self.answered(at).await?;
                }
            }
            Note::Piece(_, Piece::Body(bytes), _) => {
                if let Some((_, body, len)) = &mut self.answer {
                    let room = BODY_KEPT - body.len();
                    body.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    *len += bytes.len() as u64;
                }
            }
            Note::Piece(_, Piece::BodyEnd, _) => self.answered(at).await?,
            Note::Piece(sender, Piece::Frames(bytes), fault) => {
                self.decoders[sender as usize].push(&bytes);
                while let Some(frame) = self.decoders[sender as usize].next_frame() {
                    let violation = self.check(sender, &frame);
                    let fault = fault.clone();
                    self.send(at, What::Frame { sender, frame, violation, fault }).await?;
                }
            }
            Note::Piece(sender, Piece::Stray(bytes), _) => {
                self.send(at, What::Stray { sender, bytes }).await?;
            }
            Note::Gap(sender, frames, bytes) => {
                self.decoders[sender as usize] = Decoder::new(self.keep);
                self.checkers[sender as usize] = Checker::new(sender);
                self.send(at, What::Missed { sender, frames, bytes }).await?;
            }
            Note::Told(what) => {
                if let What::Ended { sender, .. } = what {
                    if sender == Role::Server {
                        self.answered(at).await?;
                    }
                    if let Some(torn) = self.decoders[sender as usize].pending() {
                        self.send(at, What::Torn { sender, torn }).await?;
                    }
                }
                self.send(at, what).await?;
            }
        }
        Some(())
    }

    /// The rule that a frame breaks, as far as an extension does not change it.
    fn check(&mut self, sender: Role, frame: &Frame) -> Option<Violation> {
        let checker = &mut self.checkers[sender as usize];
        if !self.is_extended {
            return checker.check(frame).err();
        }
        let plain = frame.clone().rsv(0);
        checker.check(&plain).err().filter(|broken| *broken != Violation::TextNotUtf8)
    }

    /// Reports the answer that was begun, if one was.
    async fn answered(&mut self, at: Instant) -> Option<()> {
        let Some((head, body, len)) = self.answer.take() else { return Some(()) };
        self.send(at, What::Answer { head, body: body.freeze(), len }).await
    }

    /// `None` once nobody wants the events.
    async fn send(&self, at: Instant, what: What) -> Option<()> {
        let Self { connection, socket, .. } = *self;
        self.events.send(Event { connection, socket, at, what }).await.ok()
    }
}
