//! Turns events of a tap into lines of the language.

use std::iter::Peekable;
use std::slice::Iter;

use bytes::Bytes;
use tokio::time::Instant;

use super::chunks::Chunks;
use crate::client::{Asked, ResponseFault, judge_response};
use crate::frame::Role;
use crate::handshake::parse_response;
use crate::tap::{Direction, Seen, TapEvent};
use crate::wst::{Expectation, Item, LineWriter, Modifiers, Observation, Timing, moment};

/// Turns events of a tap into lines of the language.
#[derive(Debug, Default)]
pub(super) struct Printer {
    pub(super) writer: LineWriter,
    /// Whether the bytes of each frame are shown beside it.
    pub(super) wire_bytes: bool,
}

impl Printer {
    /// A line for each event of `lane`, with its time if `since` is the beginning of a wait.
    ///
    /// The answer is checked against `asked`.
    pub(super) fn lines(
        &mut self,
        lane: &str,
        asked: &Asked,
        seen: &[Seen],
        since: Option<Instant>,
    ) -> Vec<Item> {
        let mut lines = Vec::new();
        let mut seen = seen.iter().peekable();
        while let Some(Seen { at, direction, event }) = seen.next() {
            let sender = match direction {
                Direction::Out => Role::Client,
                Direction::In => Role::Server,
            };
            let item = match (event, direction) {
                (TapEvent::Head(head), Direction::Out) => self.writer.request(lane, head),
                (TapEvent::Head(head), Direction::In) => {
                    let body = body(&mut seen);
                    let body = unchunked_as(head, &body).unwrap_or(body.into());
                    let faults = judge_response(asked, head);
                    let parts = faults.iter().filter_map(ResponseFault::part);
                    self.writer.answer(lane, head, &body, parts)
                }
                (TapEvent::Body(bytes), _) => self.writer.stray(lane, sender, bytes),
                (TapEvent::Frame(frame), _) => self.writer.frame(lane, sender, frame),
                (TapEvent::Torn(torn, _), _) => LineWriter::part(lane, sender, *torn),
                (TapEvent::Eof, _) => LineWriter::end(lane, None),
                (TapEvent::Error(kind), _) => LineWriter::end(lane, Some(*kind)),
                (TapEvent::Missed(count), _) => {
                    let what = Observation::Missed(*count);
                    Item::Expectation(lane.to_owned(), Expectation::from(what))
                }
            };
            let timing = since.map(|since| Timing::At(moment(at.saturating_duration_since(since))));
            let wire = match event {
                TapEvent::Frame(frame) if self.wire_bytes => Some(LineWriter::wire(frame)),
                _ => None,
            };
            lines.push(item.with(Modifiers { timing, wire }));
        }
        lines
    }
}

/// Takes the pieces of a body, which directly follow the response head.
fn body(seen: &mut Peekable<Iter<'_, Seen>>) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(Seen { event: TapEvent::Body(piece), .. }) = seen
        .next_if(|next| next.direction == Direction::In && matches!(next.event, TapEvent::Body(_)))
    {
        body.extend_from_slice(piece);
    }
    body
}

/// The decoded body, if the response sends it in chunks and it is complete.
fn unchunked_as(head: &[u8], body: &[u8]) -> Option<Bytes> {
    let (response, _) = parse_response(head).ok().flatten()?;
    let coding = response.headers().get("transfer-encoding")?.to_str().ok()?;
    let mut chunks = Chunks::default();
    let is_whole = coding.eq_ignore_ascii_case("chunked") && chunks.read(body);
    is_whole.then(|| chunks.whole.freeze())
}
