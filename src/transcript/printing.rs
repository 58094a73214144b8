//! What was seen on a wire, as lines of the language.

use std::iter::Peekable;
use std::slice::Iter;

use bytes::Bytes;
use tokio::time::Instant;

use super::chunks::Chunks;
use crate::client::{Asked, ResponseFault, judge_response};
use crate::frame::Role;
use crate::handshake::parse_response;
use crate::tap::{Direction, Event, Seen};
use crate::wst::{Expectation, Item, Modifiers, Observation, Timing, Writer, moment};

/// Turns what was seen into lines.
#[derive(Debug, Default)]
pub(super) struct Printer {
    pub(super) writer: Writer,
    /// Whether the bytes of each frame are shown beside it.
    pub(super) wire_bytes: bool,
}

impl Printer {
    /// A line for each thing seen in `lane`, with its time `since` the beginning of a wait.
    ///
    /// `asked` is what the answer must follow from.
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
                (Event::Head(head), Direction::Out) => self.writer.request(lane, head),
                (Event::Head(head), Direction::In) => {
                    let body = body(&mut seen);
                    let body = unchunked_as(head, &body).unwrap_or(body.into());
                    let faults = judge_response(asked, head);
                    let parts = faults.iter().filter_map(ResponseFault::part);
                    self.writer.answer(lane, head, &body, parts)
                }
                (Event::Body(bytes), _) => self.writer.stray(lane, sender, bytes),
                (Event::Frame(frame), _) => self.writer.frame(lane, sender, frame),
                (Event::Torn(torn), _) => Writer::part(lane, sender, *torn),
                (Event::Eof, _) => Writer::end(lane, None),
                (Event::Error(kind), _) => Writer::end(lane, Some(*kind)),
                (Event::Missed(count), _) => {
                    let what = Observation::Missed(*count);
                    Item::Expectation(lane.to_owned(), Expectation::from(what))
                }
            };
            let timing = since.map(|since| Timing::At(moment(at.saturating_duration_since(since))));
            let wire = match event {
                Event::Frame(frame) if self.wire_bytes => Some(Writer::wire(frame)),
                _ => None,
            };
            lines.push(item.with(Modifiers { timing, wire }));
        }
        lines
    }
}

/// Takes what directly follows a response head: the pieces of its body.
fn body(seen: &mut Peekable<Iter<'_, Seen>>) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(Seen { event: Event::Body(piece), .. }) =
        seen.next_if(|next| next.direction == Direction::In && matches!(next.event, Event::Body(_)))
    {
        body.extend_from_slice(piece);
    }
    body
}

/// The body itself, if the response to which it belongs sends it in chunks and it is complete.
fn unchunked_as(head: &[u8], body: &[u8]) -> Option<Bytes> {
    let (response, _) = parse_response(head).ok().flatten()?;
    let coding = response.headers().get("transfer-encoding")?.to_str().ok()?;
    let mut chunks = Chunks::default();
    let is_whole = coding.eq_ignore_ascii_case("chunked") && chunks.read(body);
    is_whole.then(|| chunks.whole.freeze())
}
