//! The output of `ws101 connect`: a scenario, line by line, as it happens.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::Instant;
use ws101::escape::Line;
use ws101::frame::{Frame, Role, Torn};
use ws101::wst::{
    Action, ConnectionAction, Item, LineWriter, Modifiers, Payload, ResponsePart, Timing,
};

use crate::output::print_lines;

/// The name of the client.
const NAME: &str = "you";

/// How many bytes of a frame are shown.
const SHOWN: usize = 64;

/// The shortest pause that is shown. The player needs no times for shorter ones.
const PAUSE: Duration = Duration::from_secs(1);

/// How many characters of a line of a remark are shown.
const REMARK_SHOWN: usize = 512;

/// Prints what a client sends and receives as lines that `ws101 play` plays.
///
/// Received ids and times differ from run to run, so they get names; a remark tells the value of a name.
/// A pause before the client sends is printed as `-- wait`, one before it receives as `within`.
pub struct Log {
    writer: LineWriter,
    bytes: bool,
    /// When the last line was printed, not counting remarks.
    last: Instant,
    /// How many names have a remark already.
    told: usize,
}

/// Prints each line of `text` as a remark.
pub fn remark(text: &str) {
    for line in text.lines() {
        print_lines!("{}", Item::Comment(Line::new(line, REMARK_SHOWN).to_string()));
    }
}

/// Prints the lines of a head as remarks.
pub fn head(arrow: &str, head: &[u8]) {
    for line in String::from_utf8_lossy(head).trim_end().lines() {
        remark(&format!("{arrow} {line}"));
    }
}

impl Log {
    /// A log of requests to `host`; `bytes` shows those of each frame. Values of the JSON fields
    /// `any` are shown as `<*>`.
    pub fn new(host: &str, bytes: bool, any: &[String]) -> Self {
        let mut writer = LineWriter::replayable().for_host(host);
        for field in any {
            writer.any(field);
        }
        Self { writer, bytes, last: Instant::now(), told: 0 }
    }

    /// Turns on or off that the bytes of each frame are shown.
    pub fn toggle_bytes(&mut self) {
        self.bytes = !self.bytes;
    }

    /// The request.
    pub fn request(&mut self, head: &[u8]) {
        let item = self.writer.request(NAME, head);
        self.sent(&item);
    }

    /// The answer, its body, and the parts of a 101 that are wrong.
    pub fn answer(&mut self, head: &[u8], body: &[u8], faults: impl Iterator<Item = ResponsePart>) {
        let item = self.writer.answer(NAME, head, body, faults);
        self.received(item, None);
    }

    /// Bytes that are not an HTTP response.
    pub fn stray(&mut self, bytes: &[u8]) {
        let item = self.writer.stray(NAME, Role::Server, bytes);
        self.received(item, None);
    }

    /// A frame that `sender` sends.
    pub fn frame(&mut self, sender: Role, frame: &Frame) {
        let wire = self.bytes.then(|| {
            let bytes = frame.to_bytes();
            (bytes[..bytes.len().min(SHOWN)].to_vec(), bytes.len() > SHOWN)
        });
        let item = self.writer.frame(NAME, sender, frame);
        match sender {
            Role::Client => self.sent(&item.with(Modifiers { timing: None, wire })),
            Role::Server => self.received(item, wire),
        }
    }

    /// Bytes that the client sends as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let payload = Payload::Bytes(bytes.to_vec(), 1);
        self.sent(&Item::Action(NAME.to_owned(), Action::SendRaw(payload)));
    }

    /// The first part of a frame, before the end of the connection.
    pub fn part(&mut self, torn: Torn) {
        self.received(LineWriter::part(NAME, Role::Server, torn), None);
    }

    /// The end of the connection: in order, or by a failure.
    pub fn end(&mut self, failure: Option<ErrorKind>) {
        self.received(LineWriter::end(NAME, failure), None);
    }

    /// The client ends the connection.
    pub fn cut(&mut self) {
        let action = Action::Connection(ConnectionAction::Cut);
        self.sent(&Item::Action(NAME.to_owned(), action));
    }

    fn sent(&mut self, item: &Item) {
        let pause = self.last.elapsed();
        if pause >= PAUSE {
            print_lines!("{}", Item::Wait(Duration::from_secs(pause.as_secs())));
        }
        self.print(item);
    }

    fn received(&mut self, item: Item, wire: Option<(Vec<u8>, bool)>) {
        let pause = self.last.elapsed();
        // Twice as long, so that a slower run passes, too.
        let timing = (pause >= PAUSE).then(|| {
            Timing::Within(Duration::ZERO, Duration::from_secs(2 * (pause.as_secs() + 1)))
        });
        let item = item.with(Modifiers { timing, wire });
        self.print(&item);
    }

    fn print(&mut self, item: &Item) {
        print_lines!("{}", item.to_line());
        self.last = Instant::now();
        let new = self.writer.names(self.told);
        let new: Vec<_> = new.map(|(name, id)| format!("<{name}> is {id}")).collect();
        self.told += new.len();
        for told in new {
            remark(&told);
        }
    }
}
