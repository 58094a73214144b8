//! What a client heard and nobody has compared yet: whole answers, whole messages.

use std::collections::VecDeque;
use std::io::ErrorKind;

use bytes::{Bytes, BytesMut};
use http::Response;
use tokio::time::Instant;

use crate::client::{Asked, ResponseFault, judge_response};
use crate::frame::{Frame, Opcode, Torn};
use crate::handshake::parse_response;
use crate::tap::{Event, Seen};
use crate::transcript::{Chunks, Lane};
use crate::wst::{End, steps};

/// The most bytes of a message that is put together from fragments.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// The most that may be heard and not compared: a server that sends more floods.
const ITEMS_LIMIT: usize = 20_000;
const BYTES_LIMIT: usize = 64 * 1024 * 1024;

/// One thing that was heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) at: Instant,
    pub(super) what: What,
    /// What the wire showed.
    pub(super) seen: Vec<Seen>,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Answer(Response<()>, Vec<ResponseFault>, Bytes),
    /// Bytes that are neither an answer nor a frame.
    Stray(Bytes),
    Frame(Frame),
    Torn(Torn),
    End(End),
    /// Another failure of the connection.
    Failed(ErrorKind),
    /// So much was said that some of it went unheard.
    Missed,
}

/// What a lane heard, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) items: VecDeque<Heard>,
    /// How much of what the lane has seen since its last report is taken in.
    taken: usize,
    answer: Option<Answering>,
    message: Option<Message>,
    bytes: usize,
}

/// An answer whose body is not yet all there.
#[derive(Debug)]
struct Answering {
    heard: Heard,
    body: BytesMut,
    chunks: Chunks,
}

/// A message whose last fragment is not yet there.
#[derive(Debug)]
struct Message {
    heard: Heard,
    payload: BytesMut,
}

impl Inbox {
    /// Takes in what `lane` has seen and `is_ignored` does not hold for. With `joined`, the
    /// fragments of a message become one frame.
    pub(super) fn take_in(
        &mut self,
        lane: &Lane,
        joined: bool,
        is_ignored: impl Fn(&Heard) -> bool,
    ) {
        let before = self.items.len();
        let (new, taken) = lane.came_in(self.taken);
        for seen in new {
            steps::count(1);
            self.hear(seen.clone(), joined, &lane.asked);
        }
        self.taken = taken;
        // Only what is new: what was there before has been looked at.
        let new = self.items.split_off(before);
        self.items.extend(new.into_iter().filter(|heard| {
            steps::count(1);
            !is_ignored(heard)
        }));
    }

    /// The lane has forgotten what it had seen: it was reported.
    pub(super) fn reported(&mut self) {
        self.taken = 0;
    }

    pub(super) fn pop(&mut self) -> Option<Heard> {
        let heard = self.items.pop_front()?;
        self.bytes = self.bytes.saturating_sub(size(&heard));
        Some(heard)
    }

    /// Whether more was heard than is kept.
    pub(super) fn is_flooded(&self) -> bool {
        self.items.len() > ITEMS_LIMIT || self.bytes > BYTES_LIMIT
    }

    /// Gives up waiting for the rest of an answer; tells whether there was one.
    pub(super) fn flush(&mut self) -> bool {
        let begun = self.answer.take();
        begun.map(|begun| self.push(answered(begun.heard, begun.body))).is_some()
    }

    pub(super) fn hear(&mut self, seen: Seen, joined: bool, asked: &Asked) {
        let at = seen.at;
        let new = |what| Heard { at, what, seen: vec![seen.clone()] };
        match &seen.event {
            Event::Head(head) => match parse_response(head) {
                Ok(Some((response, _))) => {
                    let faults = judge_response(asked, head);
                    let begun = new(What::Answer(response, faults, Bytes::new()));
                    let (body, chunks) = (BytesMut::new(), Chunks::default());
                    self.answer = Some(Answering { heard: begun, body, chunks });
                    self.finish_answer();
                }
                _ => self.push(new(What::Stray(head.clone()))),
            },
            Event::Body(piece) => match &mut self.answer {
                Some(begun) => {
                    steps::count(piece.len());
                    begun.body.extend_from_slice(piece);
                    begun.heard.seen.push(seen);
                    self.finish_answer();
                }
                _ => self.push(new(What::Stray(piece.clone()))),
            },
            Event::Frame(frame) if joined && !frame.header.opcode.is_control() => {
                let frame = frame.clone();
                self.join(new(What::Frame(frame)));
            }
            Event::Frame(frame) => self.push(new(What::Frame(frame.clone()))),
            Event::Torn(torn) => self.push(new(What::Torn(*torn))),
            Event::Eof => {
                self.flush();
                self.push(new(What::End(End::Eof)));
            }
            Event::Error(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                self.flush();
                self.push(new(What::End(End::Reset)));
            }
            Event::Error(kind) => self.push(new(What::Failed(*kind))),
            Event::Missed(_) => self.push(new(What::Missed)),
        }
    }

    /// Lets go of the answer once all of it is there.
    fn finish_answer(&mut self) {
        let Some(begun) = &mut self.answer else { return };
        let What::Answer(response, ..) = &begun.heard.what else { return };
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let length = header("content-length").and_then(|value| value.trim().parse::<usize>().ok());
        let is_chunked =
            header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let is_whole = match (response.status().as_u16(), length) {
            (100..=199 | 204 | 304, _) => true,
            _ if is_chunked => begun.chunks.read(&begun.body),
            (_, Some(length)) => begun.body.len() >= length,
            (_, None) => false,
        };
        if is_whole && is_chunked {
            begun.body = std::mem::take(&mut begun.chunks.whole);
        }
        // What is longer than is kept does not wait for its end: it is a flood.
        if is_whole || begun.body.len() > BYTES_LIMIT {
            self.flush();
        }
    }

    /// Adds a data frame to the message it belongs to.
    fn join(&mut self, heard: Heard) {
        let What::Frame(frame) = &heard.what else { return };
        let is_next = frame.header.opcode == Opcode::Continuation && frame.header.rsv == 0;
        let fin = frame.header.fin;
        let fits = |begun: &Message| {
            frame.digest.is_none() && begun.payload.len() + frame.payload.len() <= MESSAGE_LIMIT
        };
        match self.message.take() {
            Some(mut begun) if is_next && fits(&begun) => {
                steps::count(frame.payload.len());
                begun.payload.extend_from_slice(&frame.payload);
                begun.heard.at = heard.at;
                begun.heard.seen.extend(heard.seen);
                if fin { self.push(begun.finish(true)) } else { self.message = Some(begun) }
            }
            begun => {
                if let Some(begun) = begun {
                    self.push(begun.finish(false));
                }
                let begins = !fin && !is_next && frame.digest.is_none();
                if begins {
                    let payload = BytesMut::from(&frame.payload[..]);
                    self.message = Some(Message { heard, payload });
                } else {
                    self.push(heard);
                }
            }
        }
    }

    pub(super) fn push(&mut self, heard: Heard) {
        self.bytes += size(&heard);
        self.items.push_back(heard);
    }
}

impl Message {
    /// The message as one frame; `fin` tells whether its last fragment is there.
    fn finish(mut self, fin: bool) -> Heard {
        if let What::Frame(whole) = &mut self.heard.what
            && self.heard.seen.len() > 1
        {
            whole.header.len = self.payload.len() as u64;
            whole.header.fin = fin;
            let plain = crate::frame::Header::new(whole.header.opcode, whole.header.len);
            whole.header.size = plain.size;
            whole.payload = self.payload.freeze();
        }
        self.heard
    }
}

fn answered(mut heard: Heard, whole: BytesMut) -> Heard {
    if let What::Answer(_, _, body) = &mut heard.what {
        *body = whole.freeze();
    }
    heard
}

fn size(heard: &Heard) -> usize {
    match &heard.what {
        What::Frame(frame) => frame.payload.len(),
        What::Answer(_, _, bytes) | What::Stray(bytes) => bytes.len(),
        _ => 0,
    }
}
