//! Prints a scenario in one canonical form.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};
use std::io::ErrorKind;

use super::text::{Part, Text, is_odd, placeholder};
use super::time::{print_range, seconds};
use super::{
    Action, Ask, ConnectionAction, End, Expectation, FramePattern, Item, Kind, Modifiers,
    Observation, PartialFrame, Payload, ResponsePart, ResponsePattern, Scenario, Timing,
};
use crate::escape::Hex;
use crate::frame::Opcode;

/// The arrows between a client's name and its action or event.
pub(super) const ARROWS: [&str; 5] = ["->", "<-", ">>", "<<", "--"];

/// The words for actions on a connection; a number follows `dribble`.
pub(super) const CONNECTION_ACTIONS: [(&str, ConnectionAction); 7] = [
    ("cut", ConnectionAction::Cut),
    ("reset", ConnectionAction::Reset),
    ("half-close", ConnectionAction::HalfClose),
    ("mute", ConnectionAction::Mute),
    ("stop reading", ConnectionAction::StopReading),
    ("resume", ConnectionAction::Resume),
    ("dribble off", ConnectionAction::Dribble(0)),
];

/// The words for the ends of a connection.
pub(super) const ENDS: [(&str, End); 4] = [
    ("eof", End::Eof),
    ("reset by peer", End::Reset),
    ("end", End::Any),
    ("connection refused", End::Refused),
];

/// The rarer failures of a connection, as they are written behind `--`.
///
/// A failure that is not in this list is written as `connection failed`.
pub const FAILURES: [(&str, ErrorKind); 7] = [
    ("connection failed", ErrorKind::Other),
    ("connection aborted", ErrorKind::ConnectionAborted),
    ("host unreachable", ErrorKind::HostUnreachable),
    ("network unreachable", ErrorKind::NetworkUnreachable),
    ("permission denied", ErrorKind::PermissionDenied),
    ("timed out", ErrorKind::TimedOut),
    ("unexpected end of file", ErrorKind::UnexpectedEof),
];

/// One line an event, lanes padded to the longest name; it reads back as the same scenario.
impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = width(self.steps.iter().flat_map(|step| &step.lines).map(|line| &line.item));
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        let mut is_first = self.notes.is_empty();
        for step in &self.steps {
            if !is_first {
                writeln!(f)?;
            }
            is_first = false;
            if !step.title.is_empty() {
                writeln!(f, "== {}", step.title)?;
            }
            for note in &step.notes {
                writeln!(f, "{note}")?;
            }
            for line in &step.lines {
                padded(f, &line.item, width)?;
            }
        }
        Ok(())
    }
}

/// The width of the longest name among the lanes of these lines, in characters.
pub(crate) fn width<'i>(items: impl Iterator<Item = &'i Item>) -> usize {
    items.filter_map(Item::lane).map(|name| lane(name).chars().count()).max().unwrap_or(0)
}

/// A line with its line feed, the client's name padded to `width` characters.
pub(crate) fn padded(f: &mut fmt::Formatter<'_>, item: &Item, width: usize) -> fmt::Result {
    match item.lane() {
        Some(name) => writeln!(f, "{:width$} {item}", lane(name)),
        None => writeln!(f, "{item}"),
    }
}

/// A client's name at the beginning of a line: in quotes if it would not read back without them.
pub(super) fn lane(name: &str) -> Cow<'_, str> {
    let is_plain = is_lane(name)
        && name.trim() == name
        && !name.chars().any(is_odd)
        && !name.split(' ').any(|word| ARROWS.contains(&word));
    if is_plain { Cow::Borrowed(name) } else { Cow::Owned(Text::plain(name).to_string()) }
}

/// Whether a client can have this name without quotes.
pub(super) fn is_lane(name: &str) -> bool {
    let odd = |c: char| "#@=~?<>\"|".contains(c) || c.is_control();
    !name.is_empty() && !name.contains(odd) && !name.starts_with('-')
}

impl Item {
    /// The whole line, with the client's name before it: `bob >> text "hi"`.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self.lane() {
            Some(name) => format!("{} {self}", lane(name)),
            None => self.to_string(),
        }
    }
}

/// Without the client's name: `>> text "hi"`.
impl Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comment(text) => f.write_str(comment(text).trim_end()),
            Self::Wait(time) => write!(f, "-- wait {}", seconds(*time)),
            Self::Action(_, Action::Ask(ask)) => write!(f, "-> {ask}"),
            Self::Action(_, Action::Send(frame, modifiers)) => {
                write!(f, ">> {}{modifiers}", frame.to_text("unmasked"))
            }
            Self::Action(_, Action::SendRaw(bytes)) => write!(f, ">> raw{}", spaced(bytes)),
            Self::Action(_, Action::SendPart(part, modifiers)) => {
                write!(f, ">> {part}{modifiers}")
            }
            Self::Action(_, Action::Connection(action)) => write!(f, "-- {action}"),
            Self::Expectation(_, expectation) => write!(f, "{expectation}"),
        }
    }
}

/// A remark on one line: a line feed in it becomes a blank.
fn comment(text: &str) -> String {
    format!("# {}", text.replace(['\n', '\r'], " "))
}

impl Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.what {
            Observation::Answer(_) | Observation::Stray(_) => "<-",
            Observation::End(_) | Observation::NotConnected | Observation::Missed(_) => "--",
            Observation::Frame(_) | Observation::Torn(_) | Observation::Nothing(_) => "<<",
        };
        let any_order = if self.any_order { " ~" } else { "" };
        let optional = if self.optional { " ?" } else { "" };
        write!(f, "{arrow}{any_order}{optional} {}{}", self.what, self.modifiers)
    }
}

impl Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => write!(f, "{answer}"),
            Self::Stray(bytes) => write!(f, "{}", Bare(bytes)),
            Self::Frame(frame) => f.write_str(&frame.to_text("masked")),
            Self::Torn(part) => write!(f, "{part}"),
            Self::End(end) => write!(f, "{end}"),
            Self::Nothing(time) => write!(f, "nothing for {}", seconds(*time)),
            Self::NotConnected => f.write_str("not connected"),
            Self::Missed(count) => write!(f, "missed {count} events"),
        }
    }
}

impl Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Failed(kind) = self {
            let known = FAILURES.iter().find(|(_, other)| other == kind);
            return f.write_str(known.map_or(FAILURES[0].0, |(words, _)| words));
        }
        let known = ENDS.iter().find(|(_, end)| end == self);
        f.write_str(known.map_or("end", |(words, _)| words))
    }
}

impl Display for PartialFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("torn ..."),
            Self::Header => f.write_str("torn header"),
            Self::Payload { opcode, received, len } => {
                write!(f, "torn {opcode} {received} of {len} bytes")
            }
        }
    }
}

/// Bytes outside a frame: in quotes or in hexadecimal; `raw` alone if there are none.
struct Bare<'p>(&'p Payload);

impl Display for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Payload::Unsaid => f.write_str("raw"),
            Payload::Any => f.write_str("raw ..."),
            // The parser takes `2a*126` for bytes only behind `raw`.
            Payload::Bytes(bytes, 2..) if bytes.len() == 1 => write!(f, "raw {}", self.0),
            payload => write!(f, "{payload}"),
        }
    }
}

impl Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(bytes) => write!(f, "{}", Bare(bytes)),
            Self::Usual { method, target, headers } => {
                write!(f, "{method} {}", Value(target))?;
                for (name, value) in headers {
                    match value {
                        Some(value) => write!(f, " {name}={}", Value(value))?,
                        None => write!(f, " no-{name}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl Display for ResponsePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<_> = self.statuses.iter().map(ToString::to_string).collect();
        f.write_str(&statuses.join("|"))?;
        for part in &self.faults {
            write!(f, " {part}")?;
        }
        for (name, value) in &self.headers {
            write!(f, " {name}={}", Value(value))?;
        }
        let json = if matches!(self.body, Payload::Json(_)) { " json" } else { "" };
        write!(f, "{json}{}", spaced(&self.body))
    }
}

impl Display for ResponsePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "bad-accept",
            Self::Upgrade => "bad-upgrade",
            Self::Connection => "bad-connection",
            Self::Subprotocol => "bad-subprotocol",
            Self::Extensions => "bad-extensions",
            Self::Headers => "bad-headers",
        })
    }
}

impl Display for ConnectionAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Dribble(bytes @ 1..) = self {
            return write!(f, "dribble {bytes}");
        }
        let known = CONNECTION_ACTIONS.iter().find(|(_, action)| action == self);
        f.write_str(known.map_or("cut", |(words, _)| words))
    }
}

impl FramePattern {
    /// `rsv=4 text fin=0 unmasked "he"`; `wrong` is the word for a mask that breaks the rules.
    pub(super) fn to_text(&self, wrong: &str) -> String {
        let mut out = String::new();
        if self.rsv != 0 {
            let _ = write!(out, "rsv={} ", self.rsv);
        }
        match self.kind {
            Kind::Json => out.push_str("json"),
            Kind::Frame(opcode) => {
                let _ = write!(out, "{opcode}");
            }
        }
        if let Some(fragments) = self.fragments {
            let _ = write!(out, "/{fragments}");
        }
        if let Some(fin) = self.fin {
            let _ = write!(out, " fin={}", u8::from(fin));
        }
        if self.wrong_mask {
            let _ = write!(out, " {wrong}");
        }
        if let Some(size) = self.header {
            let _ = write!(out, " header={size}");
        }
        if let Some(len) = self.len {
            let _ = write!(out, " len={len}");
        }
        match &self.payload {
            // The reason is not UTF-8.
            Payload::Bytes(bytes, 1) if self.is_close() && bytes.len() > 2 => {
                let code = u16::from_be_bytes([bytes[0], bytes[1]]);
                let _ = write!(out, " {code} {}", Hex::new(&bytes[2..], usize::MAX));
                out
            }
            payload => out + &spaced(payload),
        }
    }

    fn is_close(&self) -> bool {
        self.kind == Kind::Frame(Opcode::Close)
    }
}

impl Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => Ok(()),
            Self::Any => f.write_str("..."),
            Self::Text(text, 1) => write!(f, "{text}"),
            Self::Text(text, times) => write!(f, "{text}*{times}"),
            Self::Bytes(bytes, 1) => write!(f, "{}", Hex::new(bytes, usize::MAX)),
            Self::Bytes(bytes, times) => write!(f, "{}*{times}", Hex::new(bytes, usize::MAX)),
            Self::Json(json) => write!(f, "{json}"),
            Self::Close(codes, reason) => {
                let codes: Vec<_> = codes.iter().map(ToString::to_string).collect();
                f.write_str(&codes.join("|"))?;
                match reason {
                    None => f.write_str(" ..."),
                    Some(reason) if reason.0.is_empty() => Ok(()),
                    Some(reason) => write!(f, " {reason}"),
                }
            }
            Self::Digest(len, digest) => write!(f, "{len} bytes sha256:{digest}"),
        }
    }
}

impl Display for Modifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timing {
            None => {}
            Some(Timing::Within(from, to)) => write!(f, " within {}", print_range(from, to))?,
            Some(Timing::At(time)) => write!(f, " at {}", seconds(time))?,
        }
        if let Some((bytes, more)) = &self.wire {
            let more = if *more { " …" } else { "" };
            write!(f, " | {}{more}", Hex::new(bytes, usize::MAX))?;
        }
        Ok(())
    }
}

/// A payload with a blank before it, where there is one.
fn spaced(payload: &Payload) -> String {
    match payload {
        Payload::Unsaid => String::new(),
        payload => format!(" {payload}"),
    }
}

/// A text, without quotes if it reads as one word.
struct Value<'t>(&'t Text);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !reads_as_a_word(self.0) {
            return write!(f, "{}", self.0);
        }
        for part in &self.0.0 {
            match part {
                Part::Plain(text) => f.write_str(text)?,
                Part::Any => f.write_str("<*>")?,
                Part::Name(name) => write!(f, "<{name}>")?,
            }
        }
        Ok(())
    }
}

fn reads_as_a_word(text: &Text) -> bool {
    let is_word = |part: &Part| match part {
        Part::Plain(text) => {
            let fits = |c: char| !" \"\\".contains(c) && !is_odd(c);
            let placeholders = text.char_indices().filter(|(_, c)| *c == '<');
            text.chars().all(fits)
                && !{ placeholders }.any(|(at, _)| placeholder(&text[at..]).is_some())
        }
        Part::Any | Part::Name(_) => true,
    };
    !text.0.is_empty() && text.0.iter().all(is_word)
}
