//! `--har`: the session as an HTTP archive, with messages as Chrome writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::time::Instant;
use ws101::address::Address;
use ws101::frame::{Frame, Opcode, Role};
use ws101::handshake::{parse_request, parse_response};
use ws101::http::{HeaderMap, Version};
use ws101::proxy::{Event, Totals, What};
use ws101::timestamp;

use super::clock::Clock;
use super::lanes::Lanes;
use super::output::Output;
use super::words;
use crate::lang::Lang;
use crate::output::print_error;

/// The most bytes of messages that are kept for the file, which is written at the end: 64 MiB.
const KEPT: usize = 64 * 1024 * 1024;

/// The most requests that are kept.
const ENTRIES: usize = 10_000;

/// The bytes that a message counts beside its own.
const MESSAGE_COST: usize = 128;

/// An archive in memory, written at the end.
pub struct Har {
    path: PathBuf,
    url: Address,
    clock: Clock,
    entries: Vec<Entry>,
    /// The latest entry of each connection that is not over.
    open: BTreeMap<u64, usize>,
    lanes: Lanes,
    kept: usize,
    left_out: u64,
    lang: Lang,
}

/// A request, its answer, and the messages behind it.
struct Entry {
    at: Instant,
    request: Value,
    response: Value,
    is_socket: bool,
    messages: Vec<Value>,
    /// The opcode and the bytes of a message whose fragments come, from each side.
    begun: [Option<(Opcode, Vec<u8>)>; 2],
    last: Instant,
}

impl Har {
    /// An archive of requests to `url`, for a file at `path`.
    pub fn new(path: &Path, url: &Address, lang: Lang) -> Result<Self> {
        // A file that cannot be written is told now, and not at the end of the lesson.
        fs::write(path, "").with_context(|| path.display().to_string())?;
        Ok(Self {
            path: path.to_owned(),
            url: url.clone(),
            clock: Clock::start(),
            entries: Vec::new(),
            open: BTreeMap::new(),
            lanes: Lanes::default(),
            kept: 0,
            left_out: 0,
            lang,
        })
    }

    fn request(&mut self, event: &Event, head: &[u8]) {
        let is_socket = self.lanes.request(event, head).is_upgrade;
        let Ok(Some((request, _))) = parse_request(head) else { return };
        if self.entries.len() >= ENTRIES {
            self.left_out += 1;
            self.open.remove(&event.connection);
            return;
        }
        let scheme = match (is_socket, self.url.tls) {
            (true, false) => "ws",
            (true, true) => "wss",
            (false, false) => "http",
            (false, true) => "https",
        };
        let target = request.uri().to_string();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        });
        let request = json!({
            "method": request.method().as_str(),
            "url": format!("{scheme}://{}{target}", self.url.authority()),
            "httpVersion": version(request.version()),
            "cookies": [],
            "headers": headers(request.headers()),
            "queryString": pairs.collect::<Vec<_>>(),
            "headersSize": head.len(),
            "bodySize": 0,
        });
        self.open.insert(event.connection, self.entries.len());
        self.entries.push(Entry {
            at: event.at,
            request,
            response: response(0, "", "HTTP/1.1", &Value::Array(Vec::new()), 0, 0),
            is_socket,
            messages: Vec::new(),
            begun: [None, None],
            last: event.at,
        });
    }

    fn answer(&mut self, event: &Event, head: &[u8], len: u64) {
        let Ok(Some((answer, _))) = parse_response(head) else { return };
        let Some(entry) = self.entry(event) else { return };
        let status = answer.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let (version, headers) = (version(answer.version()), headers(answer.headers()));
        entry.response = response(status.as_u16(), reason, version, &headers, head.len(), len);
    }

    /// Adds a frame, and a message once its last fragment is there.
    fn frame(&mut self, event: &Event, sender: Role, frame: &Frame, fault: Option<&str>) {
        let time = self.clock.time(event.at).duration_since(UNIX_EPOCH).unwrap_or_default();
        let cost = frame.payload.len() + MESSAGE_COST;
        if self.kept + cost > KEPT {
            self.left_out += 1;
            return;
        }
        let Some(entry) = self.entry(event) else { return };
        let begun = &mut entry.begun[sender as usize];
        let opcode = frame.header.opcode;
        let (opcode, data) = match opcode {
            _ if opcode.is_control() => (opcode, frame.payload.to_vec()),
            Opcode::Continuation => {
                let (opcode, mut data) = begun.take().unwrap_or((opcode, Vec::new()));
                data.extend_from_slice(&frame.payload);
                (opcode, data)
            }
            _ => (opcode, frame.payload.to_vec()),
        };
        if frame.header.fin || opcode.is_control() {
            let text = str::from_utf8(&data).ok().filter(|_| opcode == Opcode::Text);
            let mut message = json!({
                "type": match sender { Role::Client => "send", Role::Server => "receive" },
                "time": time.as_secs_f64(),
                "opcode": opcode.bits(),
                "data": text.map_or_else(|| BASE64.encode(&data), str::to_owned),
            });
            if let Some(fault) = fault {
                message["_fault"] = fault.into();
            }
            entry.messages.push(message);
        } else {
            *begun = Some((opcode, data));
        }
        self.kept += cost;
    }

    fn entry(&mut self, event: &Event) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(*self.open.get(&event.connection)?)?;
        entry.last = event.at;
        Some(entry)
    }

    fn document(&self) -> Value {
        let entries = self.entries.iter().map(|entry| {
            let time = entry.last.saturating_duration_since(entry.at).as_secs_f64() * 1e3;
            let mut value = json!({
                "startedDateTime": timestamp::of(self.clock.time(entry.at)),
                "time": time,
                "request": entry.request,
                "response": entry.response,
                "cache": {},
                "timings": {"send": 0, "wait": time, "receive": 0},
            });
            if entry.is_socket {
                value["_resourceType"] = "websocket".into();
                value["_webSocketMessages"] = entry.messages.clone().into();
            }
            value
        });
        json!({"log": {
            "version": "1.2",
            "creator": {"name": "ws101", "version": env!("CARGO_PKG_VERSION")},
            "pages": [],
            "entries": entries.collect::<Vec<_>>(),
        }})
    }
}

impl Output for Har {
    fn event(&mut self, event: &Event) -> Result<()> {
        match &event.what {
            What::Request { head, .. } => self.request(event, head),
            What::Answer { head, len, .. } => self.answer(event, head, *len),
            What::Frame { sender, frame, fault, .. } => {
                self.frame(event, *sender, frame, fault.as_deref());
            }
            What::Ended { .. } if !self.lanes.is_first_end(event) => {
                self.open.remove(&event.connection);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, _: &Totals) -> Result<()> {
        let path = self.path.display().to_string();
        fs::write(&self.path, self.document().to_string()).with_context(|| path.clone())?;
        if self.left_out > 0 {
            print_error(format_args!("{}", words::left_out(&path, self.left_out, self.lang)));
        }
        Ok(())
    }
}

fn response(
    status: u16,
    reason: &str,
    version: &str,
    headers: &Value,
    head: usize,
    body: u64,
) -> Value {
    json!({
        "status": status,
        "statusText": reason,
        "httpVersion": version,
        "cookies": [],
        "headers": headers,
        "content": {"size": body, "mimeType": ""},
        "redirectURL": "",
        "headersSize": head,
        "bodySize": body,
    })
}

fn version(version: Version) -> &'static str {
    if version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" }
}

fn headers(headers: &HeaderMap) -> Value {
    let pairs = headers.iter().map(|(name, value)| {
        json!({"name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes())})
    });
    Value::Array(pairs.collect())
}
