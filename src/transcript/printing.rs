//! What was seen on a wire, one line each.

use std::fmt::Write;
use std::io::ErrorKind;
use std::iter::Peekable;
use std::slice::Iter;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Version};
use tokio::time::Instant;

use super::payload::Payloads;
use super::request::USUAL;
use crate::escape::Hex;
use crate::frame::{Frame, Opcode, Torn};
use crate::handshake::{parse_request, parse_response};
use crate::tap::{Direction, Event, Seen};

/// How many of an event's bytes are shown beside it.
const WIRE_SHOWN: usize = 16;

/// Turns what was seen into lines.
#[derive(Debug, Default)]
pub(super) struct Printer {
    pub(super) payloads: Payloads,
    /// Whether the bytes of each frame are shown beside it.
    pub(super) wire_bytes: bool,
    /// The server, as requests name it.
    pub(super) host: String,
}

impl Printer {
    /// A line for each thing seen in `lane`, with its time `since` the beginning of a wait.
    ///
    /// `accept` is what the 101 must bring.
    pub(super) fn lines(
        &mut self,
        lane: &str,
        accept: &str,
        seen: &[Seen],
        since: Option<Instant>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        let mut seen = seen.iter().peekable();
        while let Some(Seen { at, direction, event }) = seen.next() {
            let (opening, saying) = match direction {
                Direction::Out => ("->", ">>"),
                Direction::In => ("<-", "<<"),
            };
            let mut text = match (event, direction) {
                (Event::Head(head), Direction::Out) => {
                    format!("{opening} {}", self.request(lane, head))
                }
                (Event::Head(head), Direction::In) => {
                    let body = body(&mut seen);
                    format!("{opening} {}", self.response(lane, head, &body, accept))
                }
                (Event::Body(bytes), _) => {
                    format!("{opening} {}", self.payloads.stray(lane, bytes))
                }
                (Event::Frame(frame), _) => {
                    format!("{saying} {}", self.frame(lane, *direction, frame))
                }
                (Event::Torn(torn), _) => format!("{saying} {}", remains(*torn)),
                (Event::Eof, _) => "-- eof".to_owned(),
                // Which of the two depends on who was quicker.
                (Event::Error(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), _) => {
                    "-- reset by peer".to_owned()
                }
                (Event::Error(kind), _) => format!("-- {kind}"),
                (Event::Missed(count), _) => format!("-- missed {count} events"),
            };
            if let Some(since) = since {
                let _ = write!(text, " at {}", moment(at.saturating_duration_since(since)));
            }
            if self.wire_bytes
                && let Event::Frame(frame) = event
            {
                let _ = write!(text, " | {}", wire(frame));
            }
            lines.push(text);
        }
        lines
    }

    /// `GET /chat?name=bob subprotocol=chat`: what is not the same in every handshake.
    fn request(&mut self, lane: &str, head: &Bytes) -> String {
        let parsed = parse_request(head).ok().flatten();
        // Of HTTP/1.0 the version is what there is to see.
        let parsed = parsed.filter(|(request, _)| request.version() == Version::HTTP_11);
        let Some((request, _)) = parsed else { return self.payloads.stray(lane, head) };
        let target = self.payloads.value(lane, &request.uri().to_string());
        let mut words = vec![request.method().to_string(), target];
        for (name, value) in request.headers() {
            let value = value.to_str().unwrap_or("(no text)");
            let usual = USUAL.iter().find(|(usual, _)| name == *usual);
            let usual = usual.map(|&(name, value)| if name == "Host" { &self.host } else { value });
            if usual != Some(value) {
                let value = self.payloads.value(lane, value);
                words.push(format!("{}={value}", short(name.as_str())));
            }
        }
        let missing = USUAL.iter().filter(|(name, _)| !request.headers().contains_key(*name));
        words.extend(missing.map(|(name, _)| format!("no-{}", short(&name.to_ascii_lowercase()))));
        words.join(" ")
    }

    /// `101`, or `426 "the sentence"`.
    fn response(&mut self, lane: &str, head: &Bytes, body: &[u8], accept: &str) -> String {
        let Ok(Some((response, _))) = parse_response(head) else {
            return self.payloads.stray(lane, head);
        };
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let mut text = response.status().as_u16().to_string();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if header("sec-websocket-accept") != Some(accept) {
                text += " bad-accept";
            }
            if let Some(name) = header("sec-websocket-protocol") {
                let _ = write!(text, " subprotocol={}", self.payloads.value(lane, name));
            }
            if let Some(names) = header("sec-websocket-extensions") {
                let _ = write!(text, " extensions={}", self.payloads.value(lane, names));
            }
        } else if !body.trim_ascii().is_empty() {
            let _ = write!(text, " {}", self.payloads.stray(lane, body.trim_ascii_end()));
        }
        text
    }

    /// `text "hi"`, `binary 00 ff`, `rsv=4 text fin=0 unmasked "he"`.
    fn frame(&mut self, lane: &str, direction: Direction, frame: &Frame) -> String {
        let header = &frame.header;
        let json = self.payloads.json(lane, frame);
        let mut words = Vec::new();
        if header.rsv != 0 {
            words.push(format!("rsv={}", header.rsv));
        }
        words.push(if json.is_some() { "json".to_owned() } else { header.opcode.to_string() });
        match (header.fin, header.opcode) {
            (false, _) => words.push("fin=0".to_owned()),
            (true, Opcode::Continuation) => words.push("fin=1".to_owned()),
            (true, _) => {}
        }
        match (direction, header.mask) {
            (Direction::Out, None) => words.push("unmasked".to_owned()),
            (Direction::In, Some(_)) => words.push("masked".to_owned()),
            _ => {}
        }
        if !header.is_minimal() {
            words.push(format!("header={}", header.size));
        }
        words.push(json.unwrap_or_else(|| self.payloads.of(lane, frame)));
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }
}

/// A header's name without what half of them begin with.
fn short(name: &str) -> &str {
    match name.strip_prefix("sec-websocket-") {
        Some("protocol") => "subprotocol",
        Some(name) => name,
        None => name,
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

/// What came of a frame that was cut off.
pub(crate) fn remains(torn: Torn) -> String {
    match torn.header {
        Some(header) => format!("torn {} {} of {} bytes", header.opcode, torn.received, header.len),
        None => "torn header".to_owned(),
    }
}

/// The first bytes of a frame as they were on the wire.
fn wire(frame: &Frame) -> String {
    Hex::new(&frame.to_bytes(), WIRE_SHOWN).to_string()
}

/// `25s`, `1.5s`, `40ms`.
pub(crate) fn seconds(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (secs, 0) => format!("{secs}s"),
        (0, millis) => format!("{millis}ms"),
        (secs, millis) => format!("{secs}.{millis:03}").trim_end_matches('0').to_owned() + "s",
    }
}

/// When something was, as exactly as can be told: finding out that all is quiet
/// takes a millisecond a cause, by which what began at one cause comes early.
pub(crate) fn moment(time: Duration) -> String {
    let grain = if time < Duration::from_millis(950) { 10 } else { 100 };
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX - grain);
    seconds(Duration::from_millis((millis + grain / 2) / grain * grain))
}
