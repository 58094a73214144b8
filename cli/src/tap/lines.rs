//! An event of a tap as lines of the wire language. What is no line of it is a remark.

use ws101::client::{ResponseFault, judge_response};
use ws101::escape::{HIDDEN, Line};
use ws101::frame::Role;
use ws101::handshake::{parse_request, parse_response};
use ws101::proxy::{Event, What};
use ws101::wst::{Action, Ask, ConnectionAction, Item, LineWriter, Part, Text};

use super::json::held_id;
use super::lanes::{Lanes, name};
use super::words;
use crate::lang::Lang;

/// Headers of browsers that say nothing about the WebSocket: they are left out of a line.
const QUIET_HEADERS: [&str; 10] = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Cache-Control",
    "DNT",
    "Host",
    "Pragma",
    "Sec-WebSocket-Key",
    "User-Agent",
    "Keep-Alive",
];

/// The front of the names of more such headers.
const QUIET_FRONT: &str = "sec-fetch-";

/// How many characters of a remark are shown.
const REMARK_SHOWN: usize = 1024;

/// Turns events into lines.
pub struct Lines {
    writer: LineWriter,
    lanes: Lanes,
    lang: Lang,
}

impl Lines {
    /// Lines by `writer`; remarks are in this language.
    pub fn new(writer: LineWriter, lang: Lang) -> Self {
        Self { writer, lanes: Lanes::default(), lang }
    }

    /// The lines of an event, in their order.
    pub fn of(&mut self, event: &Event) -> Vec<Item> {
        let lane = &*name(event);
        match &event.what {
            What::Request { head, .. } => {
                let asking = self.lanes.request(event, head);
                if !asking.is_upgrade {
                    return Vec::new();
                }
                self.writer.leave_out(&quiet(head));
                vec![with_named_secrets(self.writer.request(lane, head))]
            }
            What::Answer { head, body, len } => self.answer(event, lane, head, body, *len),
            What::Frame { sender, frame, violation, fault } => {
                let item = self.writer.frame(lane, *sender, frame);
                let mut lines = match fault {
                    // It is no frame of the peer's, so nobody must take it for one.
                    Some(fault) => vec![remark(&format!("[{fault}] {}", item.to_line()))],
                    None => vec![item],
                };
                lines.extend(
                    violation
                        .filter(|_| fault.is_none())
                        .map(|violation| remark(&words::broken(lane, violation, self.lang))),
                );
                lines
            }
            What::Held { sender, number, frame, fault } => {
                let item = self.writer.frame(lane, *sender, frame);
                let id = held_id(event.socket, *number);
                vec![remark(&format!("[{fault}] {id}: {}", item.to_line()))]
            }
            What::Torn { sender, torn } => vec![LineWriter::part(lane, *sender, *torn)],
            What::Stray { sender, bytes } => vec![self.writer.stray(lane, *sender, bytes)],
            What::Ended { sender, error } => {
                if !self.lanes.is_first_end(event) || event.socket == 0 {
                    return Vec::new();
                }
                vec![match (sender, error) {
                    (Role::Server, error) => LineWriter::end(lane, *error),
                    (Role::Client, error) => {
                        let action = match error {
                            None => ConnectionAction::Cut,
                            Some(_) => ConnectionAction::Reset,
                        };
                        Item::Action(lane.to_owned(), Action::Connection(action))
                    }
                }]
            }
            what => words::told(lane, what, self.lang).iter().map(|text| remark(text)).collect(),
        }
    }

    fn answer(
        &mut self,
        event: &Event,
        lane: &str,
        head: &[u8],
        body: &[u8],
        len: u64,
    ) -> Vec<Item> {
        let Ok(Some((response, _))) = parse_response(head) else { return Vec::new() };
        let status = response.status().as_u16();
        let asking = self.lanes.answered(event, status);
        if !asking.is_upgrade {
            return vec![remark(&words::page(&asking.line, status, len, self.lang))];
        }
        let is_whole = len == body.len() as u64;
        let is_plain = !response.headers().contains_key("transfer-encoding")
            && !response.headers().contains_key("content-encoding");
        let body = if is_whole && is_plain { body } else { &[] };
        let faults = judge_response(&asking.asked, head);
        let parts = faults.iter().filter_map(ResponseFault::part);
        let mut lines = vec![self.writer.answer(lane, head, body, parts)];
        if status == 101 {
            let told = |fault: &ResponseFault| {
                let told = self.lang.pick(fault.to_string(), fault.in_russian());
                remark(&format!("{lane}: {told}"))
            };
            lines.extend(faults.iter().map(told));
            if response.headers().contains_key("sec-websocket-extensions") {
                lines.push(remark(&words::extended(lane, self.lang)));
            }
        }
        lines
    }
}

/// A remark on one line.
pub fn remark(text: &str) -> Item {
    Item::Comment(Line::new(text, REMARK_SHOWN).to_string())
}

/// A request with `<secret>` as a name, as recordings have it, for the values that are hidden.
fn with_named_secrets(mut item: Item) -> Item {
    let named = Text(vec![Part::Name(HIDDEN.trim_matches(['<', '>']).to_owned())]);
    if let Item::Action(_, Action::Ask(Ask::Usual { headers, .. })) = &mut item {
        let hidden = Some(Text::plain(HIDDEN));
        for (_, value) in headers.iter_mut().filter(|(_, value)| *value == hidden) {
            *value = Some(named.clone());
        }
    }
    item
}

/// The headers of a request that a line leaves out.
fn quiet(head: &[u8]) -> Vec<(String, String)> {
    let Ok(Some((request, _))) = parse_request(head) else { return Vec::new() };
    let is_quiet = |name: &str| {
        QUIET_HEADERS.iter().any(|quiet| quiet.eq_ignore_ascii_case(name))
            || name.starts_with(QUIET_FRONT)
    };
    let headers = request.headers().iter().filter(|(name, _)| is_quiet(name.as_str()));
    let headers = headers.filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    headers.collect()
}
