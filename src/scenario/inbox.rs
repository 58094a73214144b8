//! The events that a client has received and the player has not compared yet: whole answers, whole messages.

use std::collections::VecDeque;
use std::io::ErrorKind;

use bytes::{Bytes, BytesMut};
use http::Response;
use tokio::time::Instant;

use crate::client::{Asked, ResponseFault, judge_response};
use crate::frame::{Frame, Opcode, Torn};
use crate::handshake::parse_response;
use crate::tap::{Seen, TapEvent};
use crate::transcript::{Chunks, Lane};
use crate::wst::{End, steps};

/// The most bytes of a message that is joined from fragments.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// The most events and bytes that may wait to be compared; a server that sends more is a flood.
const ITEMS_LIMIT: usize = 20_000;
const BYTES_LIMIT: usize = 64 * 1024 * 1024;

/// One received event.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) what: Arrived,
    /// The events that the tap reported for it.
    pub(super) seen: Vec<Seen>,
}

#[derive(Clone, Debug)]
pub(super) enum Arrived {
    Answer(Response<()>, Vec<ResponseFault>, Bytes),
    /// Bytes that are neither an answer nor a frame.
    Stray(Bytes),
    Frame(Frame),
    Torn(Torn),
    End(End),
    /// Another failure of the connection.
    Failed(ErrorKind),
    /// The handler of the connection panicked.
    Panicked(String),
    /// More events came than are kept, so some were dropped.
    Missed,
}

/// The events that a lane has received, in order.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) items: VecDeque<Arrival>,
    /// The number of events since the last report of the lane that are in this inbox.
    taken: usize,
    answer: Option<Answering>,
    message: Option<JoinedMessage>,
    bytes: usize,
}

/// An answer whose body is incomplete.
#[derive(Debug)]
struct Answering {
    arrival: Arrival,
    body: BytesMut,
    chunks: Chunks,
}

/// A message whose last fragment has not come yet.
#[derive(Debug)]
struct JoinedMessage {
    arrival: Arrival,
    payload: BytesMut,
}

impl Inbox {
    /// Adds the new events of `lane`, except those that `is_ignored` holds for. With `joined`, the
    /// fragments of a message become one frame.
    pub(super) fn take_in(
        &mut self,
        lane: &Lane,
        joined: bool,
        is_ignored: impl Fn(&Arrival) -> bool,
    ) {
        let before = self.items.len();
        let (new, taken) = lane.came_in(self.taken);
        for seen in new {
            steps::count(1);
            // A panic ends the connection, so it stands before the end.
            if matches!(seen.event, TapEvent::Eof | TapEvent::Error(_))
                && let Some(message) = lane.receive_panic()
            {
                self.flush();
                let what = Arrived::Panicked(message);
                self.push(Arrival { at: seen.at, what, seen: Vec::new() });
            }
            self.hear(seen.clone(), joined, &lane.asked);
        }
        self.taken = taken;
        // Only the new events: those before them were examined earlier.
        let new = self.items.split_off(before);
        self.items.extend(new.into_iter().filter(|arrival| {
            steps::count(1);
            !is_ignored(arrival)
        }));
    }

    /// Call it when the lane has written down its events and forgotten them.
    pub(super) fn reported(&mut self) {
        self.taken = 0;
    }

    pub(super) fn pop(&mut self) -> Option<Arrival> {
        let arrival = self.items.pop_front()?;
        self.bytes = self.bytes.saturating_sub(size(&arrival));
        Some(arrival)
    }

    /// Whether more has come than the inbox keeps.
    pub(super) fn is_flooded(&self) -> bool {
        self.items.len() > ITEMS_LIMIT || self.bytes > BYTES_LIMIT
    }

    /// Moves an incomplete answer or message to the events as it is; returns whether there was one.
    pub(super) fn flush(&mut self) -> bool {
        let answer = self.answer.take().map(|begun| answered(begun.arrival, begun.body));
        let begun = answer.or_else(|| self.message.take().map(|begun| begun.finish(false)));
        begun.map(|begun| self.push(begun)).is_some()
    }

    pub(super) fn hear(&mut self, seen: Seen, joined: bool, asked: &Asked) {
        let at = seen.at;
        let new = |what| Arrival { at, what, seen: vec![seen.clone()] };
        match &seen.event {
            TapEvent::Head(head) => match parse_response(head) {
                Ok(Some((response, _))) => {
                    let faults = judge_response(asked, head);
                    let begun = new(Arrived::Answer(response, faults, Bytes::new()));
                    let body = BytesMut::new();
                    let chunks = Chunks::default();
                    self.answer = Some(Answering { arrival: begun, body, chunks });
                    self.finish_answer();
                }
                _ => self.push(new(Arrived::Stray(head.clone()))),
            },
            TapEvent::Body(piece) => match &mut self.answer {
                Some(begun) => {
                    steps::count(piece.len());
                    begun.body.extend_from_slice(piece);
                    begun.arrival.seen.push(seen);
                    self.finish_answer();
                }
                _ => self.push(new(Arrived::Stray(piece.clone()))),
            },
            TapEvent::Frame(frame) if joined && !frame.header.opcode.is_control() => {
                let frame = frame.clone();
                self.join(new(Arrived::Frame(frame)));
            }
            TapEvent::Frame(frame) => self.push(new(Arrived::Frame(frame.clone()))),
            TapEvent::Torn(torn, _) => self.push(new(Arrived::Torn(*torn))),
            TapEvent::Eof => {
                self.flush();
                self.push(new(Arrived::End(End::Eof)));
            }
            TapEvent::Error(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                self.flush();
                self.push(new(Arrived::End(End::Reset)));
            }
            TapEvent::Error(kind) => self.push(new(Arrived::Failed(*kind))),
            TapEvent::Missed(_) => self.push(new(Arrived::Missed)),
        }
    }

    /// Moves the answer to the events once its body is complete.
    fn finish_answer(&mut self) {
        let Some(begun) = &mut self.answer else { return };
        let Arrived::Answer(response, ..) = &begun.arrival.what else { return };
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
        // An answer that is longer than the limit is a flood: it does not wait for its end.
        if is_whole || begun.body.len() > BYTES_LIMIT {
            self.flush();
        }
    }

    /// Adds a data frame to the message it belongs to.
    fn join(&mut self, arrival: Arrival) {
        let Arrived::Frame(frame) = &arrival.what else { return };
        let is_next = frame.header.opcode == Opcode::Continuation && frame.header.rsv == 0;
        let fin = frame.header.fin;
        let fits = |begun: &JoinedMessage| {
            frame.digest.is_none() && begun.payload.len() + frame.payload.len() <= MESSAGE_LIMIT
        };
        match self.message.take() {
            Some(mut begun) if is_next && fits(&begun) => {
                steps::count(frame.payload.len());
                begun.payload.extend_from_slice(&frame.payload);
                begun.arrival.at = arrival.at;
                begun.arrival.seen.extend(arrival.seen);
                if fin { self.push(begun.finish(true)) } else { self.message = Some(begun) }
            }
            begun => {
                if let Some(begun) = begun {
                    self.push(begun.finish(false));
                }
                let begins = !fin && !is_next && frame.digest.is_none();
                if begins {
                    let payload = BytesMut::from(&frame.payload[..]);
                    self.message = Some(JoinedMessage { arrival, payload });
                } else {
                    self.push(arrival);
                }
            }
        }
    }

    pub(super) fn push(&mut self, arrival: Arrival) {
        self.bytes += size(&arrival);
        self.items.push_back(arrival);
    }
}

impl JoinedMessage {
    /// The message as one frame; `fin` says whether its last fragment has come.
    fn finish(mut self, fin: bool) -> Arrival {
        if let Arrived::Frame(whole) = &mut self.arrival.what
            && self.arrival.seen.len() > 1
        {
            whole.header.len = self.payload.len() as u64;
            whole.header.fin = fin;
            let plain = crate::frame::Header::new(whole.header.opcode, whole.header.len);
            whole.header.size = plain.size;
            whole.payload = self.payload.freeze();
        }
        self.arrival
    }
}

fn answered(mut arrival: Arrival, whole: BytesMut) -> Arrival {
    if let Arrived::Answer(_, _, body) = &mut arrival.what {
        *body = whole.freeze();
    }
    arrival
}

fn size(arrival: &Arrival) -> usize {
    match &arrival.what {
        Arrived::Frame(frame) => frame.payload.len(),
        Arrived::Answer(_, _, bytes) | Arrived::Stray(bytes) => bytes.len(),
        _ => 0,
    }
}
