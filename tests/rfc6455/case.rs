//! A case: what a client does, and what RFC 6455 says must come of it.

use bytes::{Bytes, BytesMut};
use ws101::frame::{Frame, Opcode};

use crate::target::Target::{self, Echo, FullChat, RawEcho};

/// Any mask will do; this one is that of RFC 6455 §5.7.
pub const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The key of RFC 6455 §1.3, and what it earns.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What every target says before the text that it sends back.
pub const PREFIX: &str = "Принято: ";

/// "No code at all", as RFC 6455 §7.1.5 numbers it: it is never sent.
pub const NO_CODE: u16 = 1005;

/// One rule, and how it is tried.
pub struct Case {
    /// `s5_1_unmasked_frame`: the section, then what is done.
    pub name: String,
    /// `MUST`, `SHOULD` or `MAY`, then the rule in words of ours.
    pub rule: &'static str,
    pub targets: &'static [Target],
    steps: Vec<Step>,
    pub exceptions: Vec<Exception>,
}

/// Where a target is known to do something else, which is held to as well.
pub struct Exception {
    pub target: Target,
    pub reason: &'static str,
    /// What comes instead of the case's last step.
    instead: Step,
}

#[derive(Clone)]
pub enum Step {
    /// The client writes, once for each piece.
    Send(Vec<Bytes>),
    /// 101, with this accept key and this subprotocol.
    Switched { accept: &'static str, subprotocol: Option<&'static str> },
    /// Another status, with this header if one is due, and the end of the connection.
    Refused(u16, Option<(&'static str, &'static str)>),
    /// These frames and no others; data and control frames each in their order.
    Hears(Vec<Frame>),
    /// A close frame with one of these codes, and nothing behind it but the end.
    Closed(Vec<u16>),
}

impl Case {
    /// A case that begins with a connection and nothing said.
    pub fn new(name: impl Into<String>, rule: &'static str) -> Self {
        let targets = &[RawEcho, Echo, FullChat];
        Self { name: name.into(), rule, targets, steps: vec![], exceptions: vec![] }
    }

    /// A case that begins behind a sound handshake.
    pub fn open(name: impl Into<String>, rule: &'static str) -> Self {
        Self::new(name, rule).send(head(&[])).switched()
    }

    pub fn only(mut self, targets: &'static [Target]) -> Self {
        self.targets = targets;
        self
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Send(vec![bytes.into()]))
    }

    pub fn frames(self, frames: impl IntoIterator<Item = Frame>) -> Self {
        self.send(masked(frames))
    }

    pub fn byte_by_byte(self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let pieces = (0..bytes.len()).map(|at| bytes.slice(at..=at)).collect();
        self.then(Step::Send(pieces))
    }

    pub fn switched(self) -> Self {
        self.then(Step::Switched { accept: ACCEPT, subprotocol: None })
    }

    pub fn switched_with(self, accept: &'static str, subprotocol: Option<&'static str>) -> Self {
        self.then(Step::Switched { accept, subprotocol })
    }

    pub fn refused(self, status: u16) -> Self {
        self.then(Step::Refused(status, None))
    }

    pub fn refused_with(self, status: u16, name: &'static str, value: &'static str) -> Self {
        self.then(Step::Refused(status, Some((name, value))))
    }

    pub fn hears(self, frames: impl IntoIterator<Item = Frame>) -> Self {
        self.then(Step::Hears(Vec::from_iter(frames)))
    }

    pub fn closed(self, codes: impl IntoIterator<Item = u16>) -> Self {
        self.then(Step::Closed(Vec::from_iter(codes)))
    }

    /// `target` does not do as the case's last step says, but as `instead` says.
    pub fn except(mut self, target: Target, reason: &'static str, instead: Step) -> Self {
        self.exceptions.push(Exception { target, reason, instead });
        self
    }

    /// What is to be played before `target`.
    pub fn script(&self, target: Target) -> Vec<Step> {
        let mut steps = self.steps.clone();
        if let Some(known) = self.exceptions.iter().find(|known| known.target == target) {
            steps.pop();
            steps.push(known.instead.clone());
        }
        steps
    }

    /// The same script with its last wish turned into one that no target grants.
    pub fn turned(&self, target: Target) -> Vec<Step> {
        let mut steps = self.script(target);
        match steps.last_mut() {
            Some(Step::Hears(frames)) if !frames.is_empty() => {
                let last = frames.pop().map(|frame| Frame::new(frame.header.opcode, "no"));
                frames.extend(last);
            }
            Some(Step::Closed(codes)) => codes.iter_mut().for_each(|code| *code ^= 0x4000),
            Some(Step::Refused(status, _)) => *status += 1,
            Some(Step::Switched { accept, .. }) => *accept = "no",
            // Nothing was to be heard: then this answer is too much.
            _ => steps.push(Step::Send(vec![masked([Frame::ping("one too many")])])),
        }
        steps
    }

    /// `5.5.1`, for `s5_5_1_one_byte`.
    pub fn section(&self) -> String {
        let words = self.name.trim_start_matches('s').split('_');
        let numbers = words.take_while(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        numbers.collect::<Vec<_>>().join(".")
    }
}

/// A sound handshake; a line with a name that is there replaces it, with an empty value removes it.
///
/// A change without a colon replaces the first line.
pub fn head(changes: &[&str]) -> String {
    let mut lines = vec![
        "GET /chat HTTP/1.1".to_owned(),
        "Host: example.com".to_owned(),
        "Upgrade: websocket".to_owned(),
        "Connection: Upgrade".to_owned(),
        format!("Sec-WebSocket-Key: {KEY}"),
        "Sec-WebSocket-Version: 13".to_owned(),
    ];
    for change in changes {
        let Some((name, value)) = change.split_once(": ") else {
            lines[0] = change.to_string();
            continue;
        };
        let place = lines.iter().position(|line| line.starts_with(&format!("{name}: ")));
        match place {
            Some(at) if value.is_empty() => drop(lines.remove(at)),
            Some(at) => lines[at] = change.to_string(),
            None => lines.push(change.to_string()),
        }
    }
    lines.join("\r\n") + "\r\n\r\n"
}

/// The frames' bytes, masked as a client's must be.
pub fn masked(frames: impl IntoIterator<Item = Frame>) -> Bytes {
    let mut bytes = BytesMut::new();
    frames.into_iter().for_each(|frame| frame.masked(MASK).encode(&mut bytes));
    bytes.freeze()
}

pub fn cont(payload: impl Into<Bytes>) -> Frame {
    Frame::new(Opcode::Continuation, payload)
}

/// What the targets send back for `text`.
pub fn echoed(text: &str) -> Frame {
    Frame::text(format!("{PREFIX}{text}"))
}
