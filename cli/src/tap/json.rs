//! `--json`: one event a line, each complete in itself.

use anyhow::Result;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Map, Value, json};
use ws101::escape::Json as JsonText;
use ws101::fault::PATIENCE;
use ws101::frame::{Frame, Opcode, Role, Torn};
use ws101::handshake::{parse_request, parse_response};
use ws101::proxy::{Event, Totals, What};
use ws101::timestamp;

use super::clock::Clock;
use super::output::Output;
use crate::output::try_document;
use crate::request::Secrets;

/// Prints events as JSON.
pub struct Json {
    clock: Clock,
    secrets: Secrets,
}

impl Json {
    /// `secrets` are shown as `<secret>`.
    pub fn new(secrets: Secrets) -> Self {
        Self { clock: Clock::start(), secrets }
    }

    fn print(&self, value: &Value) -> Result<()> {
        let line = self.secrets.hide(&value.to_string());
        Ok(try_document(&format!("{}\n", JsonText(&line)))?)
    }

    /// An event as one line, without its end.
    pub fn line(&self, event: &Event) -> String {
        let mut line = Map::new();
        line.insert("time".into(), timestamp::of(self.clock.time(event.at)).into());
        line.insert("connection".into(), event.connection.into());
        if event.socket > 0 {
            line.insert("socket".into(), format!("c{}", event.socket).into());
        }
        if let Value::Object(fields) = fields(event) {
            line.extend(fields);
        }
        JsonText(&self.secrets.hide(&Value::Object(line).to_string())).to_string()
    }
}

impl Output for Json {
    fn event(&mut self, event: &Event) -> Result<()> {
        Ok(try_document(&format!("{}\n", self.line(event)))?)
    }

    fn end(&mut self, totals: &Totals) -> Result<()> {
        let of =
            |role| json!({"frames": totals.frames_from(role), "bytes": totals.bytes_from(role)});
        self.print(&json!({
            "event": "summary",
            "connections": totals.connections(),
            "sockets": totals.sockets(),
            "client": of(Role::Client),
            "server": of(Role::Server),
        }))
    }
}

fn fields(event: &Event) -> Value {
    // Pages have no section there.
    let section = |section: &'static str| (event.socket > 0).then_some(section);
    match &event.what {
        What::Request { head, peer } => {
            let parsed = parse_request(head).ok().flatten();
            let request = parsed.as_ref().map(|(request, _)| {
                json!({
                    "method": request.method().as_str(),
                    "target": request.uri().to_string(),
                    "headers": headers(request.headers()),
                })
            });
            json!({"event": "request", "from": "client", "peer": peer.to_string(), "request": request, "section": section("RFC 6455 §4.1")})
        }
        What::Answer { head, body, len } => {
            let parsed = parse_response(head).ok().flatten();
            let headers = parsed.as_ref().map(|(response, _)| headers(response.headers()));
            let status = parsed.as_ref().map(|(response, _)| response.status().as_u16());
            let body = str::from_utf8(body).ok().filter(|body| !body.is_empty());
            json!({"event": "answer", "from": "server", "status": status, "headers": headers, "length": len, "body": body, "section": section("RFC 6455 §4.2.2")})
        }
        What::Frame { sender, frame, violation, fault } => {
            let mut fields = frame_fields(*sender, frame);
            if let Some(violation) = violation {
                fields.insert("violation".into(), violation.to_string().into());
                fields.insert("section".into(), format!("RFC 6455 {}", violation.section()).into());
            }
            if let Some(fault) = fault {
                fields.insert("fault".into(), (**fault).into());
            }
            Value::Object(fields)
        }
        What::Torn { sender, torn: Torn { header, received } } => json!({
            "event": "torn", "from": side(*sender), "received": received,
            "length": header.map(|header| header.len),
            "opcode": header.map(|header| header.opcode.bits()), "section": "RFC 6455 §5.2",
        }),
        What::Stray { sender, bytes } => {
            json!({"event": "stray", "from": side(*sender), "base64": BASE64.encode(bytes)})
        }
        What::Ended { sender, error } => {
            json!({"event": "end", "from": side(*sender), "error": error.map(|kind| kind.to_string())})
        }
        What::Unreachable(error) => {
            json!({"event": "unreachable", "status": 502, "error": error.to_string()})
        }
        What::Full(peer) => json!({"event": "full", "status": 503, "peer": peer.to_string()}),
        What::Fault(fault) => json!({"event": "fault", "fault": **fault}),
        What::Held { sender, number, frame, fault } => {
            let mut fields = frame_fields(*sender, frame);
            fields.insert("event".into(), "held".into());
            fields.insert("held".into(), held_id(event.socket, *number).into());
            fields.insert("fault".into(), (**fault).into());
            fields.insert("patience".into(), PATIENCE.as_secs().into());
            Value::Object(fields)
        }
        What::Missed { sender, frames, bytes } => {
            json!({"event": "missed", "from": side(*sender), "frames": frames, "bytes": bytes})
        }
        _ => json!({"event": "other"}),
    }
}

/// The name of a frame that waits: `c1-2` is the second of the first WebSocket.
pub fn held_id(socket: u64, number: u64) -> String {
    format!("c{socket}-{number}")
}

/// The fields of a frame.
pub fn frame_fields(sender: Role, frame: &Frame) -> Map<String, Value> {
    let header = &frame.header;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("event", "frame".into());
    put("from", side(sender).into());
    put("opcode", header.opcode.bits().into());
    put("kind", header.opcode.to_string().into());
    put("fin", header.fin.into());
    put("rsv", header.rsv.into());
    put("mask", header.mask.map(|key| HEXLOWER.encode(&key)).into());
    put("length", header.len.into());
    if let Some((code, reason)) = frame.close_code() {
        put("code", code.into());
        put("reason", String::from_utf8_lossy(reason).into());
    }
    // The front of a text may end inside a character, and a fragment may, too: then its bytes are told.
    match str::from_utf8(&frame.payload) {
        Ok(text) if !matches!(header.opcode, Opcode::Binary | Opcode::Close) => {
            put("text", text.into());
        }
        _ => put("base64", BASE64.encode(&frame.payload).into()),
    }
    if let Some(digest) = frame.digest {
        put("kept", frame.payload.len().into());
        put("sha256", HEXLOWER.encode(&digest).into());
    }
    put("section", section_of(header.opcode).into());
    fields
}

/// The section of RFC 6455 about frames of this kind.
fn section_of(opcode: Opcode) -> &'static str {
    match opcode {
        Opcode::Continuation => "RFC 6455 §5.4",
        Opcode::Text | Opcode::Binary => "RFC 6455 §5.6",
        Opcode::Close => "RFC 6455 §5.5.1",
        Opcode::Ping => "RFC 6455 §5.5.2",
        Opcode::Pong => "RFC 6455 §5.5.3",
        Opcode::Reserved(_) => "RFC 6455 §5.2",
    }
}

fn side(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}

/// Names and values, in their order.
fn headers(headers: &ws101::http::HeaderMap) -> Value {
    let pairs = headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
    Value::Array(pairs.collect())
}
