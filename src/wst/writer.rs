//! Turns requests, answers and frames into lines of the language.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use http::{HeaderMap, Request, StatusCode, Version};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ids::Ids;
use super::text::{Part, Text, readable};
use super::{
    Action, Ask, End, FramePattern, Item, Json, Kind, Modifiers, Observation, PartialFrame,
    Payload, ResponsePart, ResponsePattern,
};
use crate::escape::Hex;
use crate::frame::{Frame, Opcode, Role, Torn};
use crate::handshake::{parse_request, parse_response};

/// The headers of every handshake (RFC 6455 §4.1), which a line leaves out.
///
/// `Host` is the address of the server. The key is that of RFC 6455 §1.3, the same in every transcript.
pub const USUAL_HEADERS: [(&str, &str); 5] = [
    ("Host", ""),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

/// Text of up to this many bytes is written in full, longer text by length and digest.
///
/// JSON of any length is written in full if the frame was kept whole: a digest over an id would
/// differ in every run.
const TEXT_SHOWN: usize = 1024;

/// The same limit for a string in JSON.
const STRING_SHOWN: usize = 256;

/// The same limit for bytes that are not text.
const BINARY_SHOWN: usize = 32;

/// The bytes of a digest that are written: enough to tell payloads apart.
const DIGEST_SHOWN: usize = 6;

/// The longest unit that a repeated payload may consist of: `"abc"*1000`.
///
/// Each length up to it is tried once, so it bounds the work for a payload.
const UNIT_LIMIT: usize = 64;

/// The most bytes of a frame that are written beside it.
const WIRE_SHOWN: usize = 16;

/// Turns requests, answers and frames into lines. Use one writer for one conversation.
///
/// Values that differ from run to run get a name: the first id in bob's lane is `<bob>` from then on, a
/// time is `<*>`. [`replayable`](Self::replayable) and [`literal`](Self::literal) writers differ in that.
#[derive(Debug, Default)]
pub struct LineWriter {
    ids: Ids,
    any: BTreeSet<String>,
    manner: Manner,
    host: String,
    /// Headers that are not written.
    left_out: Vec<(String, String)>,
    /// Headers of answers that are written, in lower case.
    shown_headers: BTreeSet<String>,
}

/// The way ids, times and long payloads are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    /// Ids and times by name, long payloads by length and digest.
    #[default]
    Named,
    /// Received payloads as `Named` does; sent payloads in full, with a name only for a known id.
    Replayable,
    /// Ids and times as they are; sent payloads in full.
    Literal,
}

impl LineWriter {
    /// A writer whose lines can be played as they are: ids and times that are received get names,
    /// and all that a client sends is written in full.
    #[must_use]
    pub fn replayable() -> Self {
        Self { manner: Manner::Replayable, ..Self::default() }
    }

    /// A writer that writes ids and times as they are, and all that a client sends in full.
    #[must_use]
    pub fn literal() -> Self {
        Self { manner: Manner::Literal, ..Self::default() }
    }

    /// Makes it a [literal](Self::literal) writer from now on.
    pub fn set_literal(&mut self) {
        self.manner = Manner::Literal;
    }

    /// The same writer for requests to `host`; their lines leave the `Host` header out.
    #[must_use]
    pub fn for_host(mut self, host: &str) -> Self {
        self.set_host(host);
        self
    }

    /// Sets the host that requests go to; their lines leave the `Host` header out.
    pub fn set_host(&mut self, host: &str) {
        host.clone_into(&mut self.host);
    }

    /// The host that requests go to.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// These headers of requests are not written.
    pub fn leave_out(&mut self, headers: &[(String, String)]) {
        headers.clone_into(&mut self.left_out);
    }

    /// Writes `<*>` for the value of every JSON field of this name.
    pub fn any(&mut self, field: &str) {
        self.any.insert(field.to_owned());
    }

    /// Writes this header of every answer that has it.
    pub fn show_header(&mut self, name: &str) {
        self.shown_headers.insert(name.to_ascii_lowercase());
    }

    /// The names given to ids so far, with the ids, without the first `from`.
    pub fn names(&self, from: usize) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter(from)
    }

    /// A request: `bob -> GET /chat?name=bob subprotocol=chat`.
    ///
    /// Only headers that differ from [`USUAL_HEADERS`] are written. A request that such a line cannot
    /// express exactly is written as its bytes.
    pub fn request(&mut self, lane: &str, head: &[u8]) -> Item {
        let parsed = parse_request(head).ok().flatten().filter(|(request, _)| is_usual(request));
        let Some((request, _)) = parsed else { return self.stray(lane, Role::Client, head) };
        let method = request.method().as_str();
        let target = self.text(lane, &request.uri().to_string(), true);
        let mut headers = Vec::new();
        for (name, value) in request.headers() {
            let value = value.to_str().unwrap_or_default();
            if self.left_out.iter().any(|(left, held)| name == left.as_str() && value == held) {
                continue;
            }
            let usual = USUAL_HEADERS.iter().find(|(usual, _)| name == *usual);
            let usual = usual.map(|&(name, value)| if name == "Host" { &self.host } else { value });
            if usual != Some(value) {
                let value = self.text(lane, value, true);
                headers.push((short(name.as_str()).to_owned(), Some(value)));
            }
        }
        let missing =
            USUAL_HEADERS.iter().filter(|(name, _)| !request.headers().contains_key(*name));
        headers
            .extend(missing.map(|(name, _)| (short(&name.to_ascii_lowercase()).to_owned(), None)));
        let ask = Ask::Usual { method: method.to_owned(), target, headers };
        sent(lane, Action::Ask(ask))
    }

    /// An answer: `bob <- 101`, `bob <- 426 "the sentence"`.
    ///
    /// `faults` are the parts of a 101 that are wrong. A body that came in chunks must be decoded.
    pub fn answer(
        &mut self,
        lane: &str,
        head: &[u8],
        body: &[u8],
        faults: impl IntoIterator<Item = ResponsePart>,
    ) -> Item {
        let Ok(Some((response, _))) = parse_response(head) else {
            return self.stray(lane, Role::Server, head);
        };
        let mut answer = ResponsePattern {
            statuses: vec![response.status().as_u16()],
            faults: Vec::new(),
            headers: Vec::new(),
            body: Payload::Unsaid,
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let faults: BTreeSet<_> = faults.into_iter().collect();
            answer.faults = faults.into_iter().collect();
            for (name, short) in [
                ("sec-websocket-protocol", "subprotocol"),
                ("sec-websocket-extensions", "extensions"),
            ] {
                if let Some(value) = text_of(response.headers(), name) {
                    answer.headers.push((short.to_owned(), self.text(lane, value, false)));
                }
            }
        }
        for name in &self.shown_headers.clone() {
            if let Some(value) = text_of(response.headers(), name) {
                answer.headers.push((name.clone(), self.text(lane, value, false)));
            }
        }
        if response.status() != StatusCode::SWITCHING_PROTOCOLS && !body.trim_ascii().is_empty() {
            answer.body = self.bytes(lane, body.trim_ascii_end(), false);
        }
        seen(lane, Observation::Answer(answer))
    }

    /// Bytes that are neither a head nor a frame.
    pub fn stray(&mut self, lane: &str, sender: Role, bytes: &[u8]) -> Item {
        let payload = self.bytes(lane, bytes, sender == Role::Client);
        match sender {
            Role::Client => sent(lane, Action::Ask(Ask::Raw(payload))),
            Role::Server => seen(lane, Observation::Stray(payload)),
        }
    }

    /// A frame: `bob << text "hi"`, `bob >> rsv=4 text fin=0 unmasked "he"`.
    pub fn frame(&mut self, lane: &str, sender: Role, frame: &Frame) -> Item {
        let wrong_mask = frame.header.mask.is_none() == (sender == Role::Client);
        let pattern = self.pattern(lane, frame, wrong_mask, sender == Role::Client);
        match sender {
            Role::Client => sent(lane, Action::Send(pattern, Modifiers::default())),
            Role::Server => seen(lane, Observation::Frame(pattern)),
        }
    }

    /// The front of a frame: `bob << torn text 2 of 5 bytes`.
    #[must_use]
    pub fn part(lane: &str, sender: Role, torn: Torn) -> Item {
        let part = PartialFrame::from(torn);
        match sender {
            Role::Client => sent(lane, Action::SendPart(part, Modifiers::default())),
            Role::Server => seen(lane, Observation::Torn(part)),
        }
    }

    /// The end of a connection: in order if `failure` is `None`.
    #[must_use]
    pub fn end(lane: &str, failure: Option<ErrorKind>) -> Item {
        let end = match failure {
            None => End::Eof,
            // The system reports one or the other, depending on whether a read or a write met the reset.
            Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => End::Reset,
            Some(ErrorKind::ConnectionRefused) => End::Refused,
            Some(kind) => End::Failed(kind),
        };
        seen(lane, Observation::End(end))
    }

    /// The panic of the handler of a connection: `bob -- server panicked: "…"`.
    #[must_use]
    pub fn panic(lane: &str, message: &str) -> Item {
        let end = message.char_indices().nth(TEXT_SHOWN).map_or(message.len(), |(end, _)| end);
        seen(lane, Observation::Panicked(Text::plain(&message[..end])))
    }

    /// The first 16 bytes of a frame, and whether there are more: [`Modifiers::wire`].
    #[must_use]
    pub fn wire(frame: &Frame) -> (Vec<u8>, bool) {
        let bytes = frame.to_bytes();
        (bytes[..bytes.len().min(WIRE_SHOWN)].to_vec(), bytes.len() > WIRE_SHOWN)
    }

    /// A frame as a pattern.
    pub(super) fn pattern(
        &mut self,
        lane: &str,
        frame: &Frame,
        wrong_mask: bool,
        is_sent: bool,
    ) -> FramePattern {
        let header = &frame.header;
        let json = self.json(lane, frame, is_sent);
        let kind = if json.is_some() { Kind::Json } else { Kind::Frame(header.opcode) };
        let mut pattern = FramePattern::new(kind);
        pattern.rsv = header.rsv;
        pattern.fin = match (header.fin, header.opcode) {
            (true, Opcode::Continuation) => Some(true),
            (true, _) => None,
            (false, _) => Some(false),
        };
        pattern.wrong_mask = wrong_mask;
        pattern.header = (!header.is_minimal()).then_some(header.size);
        pattern.payload = json.map_or_else(|| self.payload(lane, frame, is_sent), Payload::Json);
        pattern
    }

    /// The canonical form of an unfragmented text frame that is a JSON object or array.
    fn json(&mut self, lane: &str, frame: &Frame, is_sent: bool) -> Option<Json> {
        let is_complete = frame.header.fin && frame.digest.is_none();
        if frame.header.opcode != Opcode::Text || !is_complete {
            return None;
        }
        let value: Value = serde_json::from_slice(&frame.payload).ok()?;
        matches!(value, Value::Object(_) | Value::Array(_))
            .then(|| self.value(lane, value, is_sent))
    }

    fn value(&mut self, lane: &str, value: Value, is_sent: bool) -> Json {
        match value {
            Value::Object(fields) => {
                // Sorted here, whatever order serde_json was built to keep.
                let mut fields: Vec<_> = fields.into_iter().collect();
                fields.sort_by(|(one, _), (other, _)| one.cmp(other));
                let field = |(name, value): (String, Value)| {
                    let is_any = self.any.contains(&name);
                    let value = if is_any { Json::Any } else { self.value(lane, value, is_sent) };
                    (name, value)
                };
                Json::Object(fields.into_iter().map(field).collect(), false)
            }
            Value::Array(values) => {
                let values = values.into_iter().map(|value| self.value(lane, value, is_sent));
                Json::Array(values.collect(), false)
            }
            Value::String(text) if text.len() > STRING_SHOWN && !self.is_whole(is_sent) => {
                Json::Long(text.len() as u64, digest(&Sha256::digest(&text).into()))
            }
            Value::String(text) => {
                let text = self.text(lane, &text, is_sent);
                match &text.0[..] {
                    [Part::Name(name)] => Json::Name(name.clone()),
                    [Part::Any] => Json::Any,
                    _ => Json::Text(text),
                }
            }
            Value::Number(number) => Json::Number(number),
            Value::Bool(value) => Json::Bool(value),
            Value::Null => Json::Null,
        }
    }

    /// Any frame's payload: `"hi"`, `00 ff`, `1000 "bye"`, `70000 bytes sha256:…`.
    fn payload(&mut self, lane: &str, frame: &Frame, is_sent: bool) -> Payload {
        if let Some(payload) = self.close(lane, frame, is_sent) {
            return payload;
        }
        let opcode = frame.header.opcode;
        let text = match opcode {
            Opcode::Binary => None,
            Opcode::Text => str::from_utf8(&frame.payload).ok(),
            _ => readable(&frame.payload),
        };
        let limit = if text.is_some() { TEXT_SHOWN } else { BINARY_SHOWN };
        if frame.header.len > limit as u64 {
            if self.is_whole(is_sent) && frame.digest.is_none() {
                return repeated(&frame.payload, text.is_some());
            }
            let hash = frame.digest.unwrap_or_else(|| Sha256::digest(&frame.payload).into());
            return Payload::Digest(frame.header.len, digest(&hash));
        }
        let may_be_unsaid =
            |opcode| !matches!(opcode, Opcode::Text | Opcode::Continuation | Opcode::Binary);
        match text {
            Some("") if may_be_unsaid(opcode) => Payload::Unsaid,
            Some(text) => Payload::Text(self.text(lane, text, is_sent), 1),
            None if frame.payload.is_empty() => Payload::Unsaid,
            None => Payload::Bytes(frame.payload.to_vec(), 1),
        }
    }

    /// `1000 "bye"`, `1000 ff`; `None` if there is no code or the reason is too long to be shown.
    fn close(&mut self, lane: &str, frame: &Frame, is_sent: bool) -> Option<Payload> {
        let (code, reason) = frame.close_code()?;
        if frame.digest.is_some() || reason.len() > TEXT_SHOWN {
            return None;
        }
        Some(match readable(reason) {
            Some(text) => Payload::Close(vec![code], Some(self.text(lane, text, is_sent))),
            None => Payload::Bytes(frame.payload.to_vec(), 1),
        })
    }

    /// Bytes outside a frame: as text if they are readable, else in hexadecimal.
    fn bytes(&mut self, lane: &str, bytes: &[u8], is_sent: bool) -> Payload {
        let text = readable(bytes);
        let limit = if text.is_some() { TEXT_SHOWN } else { BINARY_SHOWN };
        match text {
            _ if bytes.len() > limit && self.is_whole(is_sent) => repeated(bytes, text.is_some()),
            _ if bytes.len() > limit => {
                Payload::Digest(bytes.len() as u64, digest(&Sha256::digest(bytes).into()))
            }
            Some(text) => Payload::Text(self.text(lane, text, is_sent), 1),
            None => Payload::Bytes(bytes.to_vec(), 1),
        }
    }

    /// Whether a payload of any length is written in full.
    fn is_whole(&self, is_sent: bool) -> bool {
        is_sent && self.manner != Manner::Named
    }

    fn text(&mut self, lane: &str, text: &str, is_sent: bool) -> Text {
        match self.manner {
            Manner::Literal => Text::plain(text),
            Manner::Replayable if is_sent => self.ids.replace_known(text),
            Manner::Named | Manner::Replayable => self.ids.replace(text, lane),
        }
    }
}

impl From<Torn> for PartialFrame {
    fn from(torn: Torn) -> Self {
        match torn.header {
            Some(header) => {
                Self::Payload { opcode: header.opcode, received: torn.received, len: header.len }
            }
            None => Self::Header,
        }
    }
}

fn sent(lane: &str, action: Action) -> Item {
    Item::Action(lane.to_owned(), action)
}

fn seen(lane: &str, what: Observation) -> Item {
    Item::Expectation(lane.to_owned(), what.into())
}

/// Whether a line can tell the request: its version, its method and its headers.
fn is_usual(request: &Request<()>) -> bool {
    let headers = request.headers();
    request.version() == Version::HTTP_11
        && request.method().as_str().bytes().all(|byte| byte.is_ascii_uppercase())
        && headers.keys_len() == headers.len()
        && headers.values().all(|value| value.to_str().is_ok())
}

/// A header's name without `sec-websocket-`; `subprotocol` for the longest.
fn short(name: &str) -> &str {
    match name.strip_prefix("sec-websocket-") {
        Some("protocol") => "subprotocol",
        Some(name) => name,
        None => name,
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The first digits of a digest: `0123456789ab`.
fn digest(whole: &[u8; 32]) -> String {
    Hex::new(&whole[..DIGEST_SHOWN], DIGEST_SHOWN).to_string().replace(' ', "")
}

/// A payload in full; as a repetition, `"x"*70000`, if it is one.
fn repeated(bytes: &[u8], is_text: bool) -> Payload {
    let is_unit = |size: &usize| {
        let unit = &bytes[..*size];
        bytes.len().is_multiple_of(*size)
            && bytes.chunks_exact(*size).all(|chunk| chunk == unit)
            && (!is_text || str::from_utf8(unit).is_ok())
    };
    let size = (1..=UNIT_LIMIT.min(bytes.len())).find(is_unit).unwrap_or(bytes.len());
    let unit = &bytes[..size];
    let times = bytes.len() / size.max(1);
    match str::from_utf8(unit) {
        Ok(text) if is_text => Payload::Text(Text::plain(text), times),
        _ => Payload::Bytes(unit.to_vec(), times),
    }
}
