//! The output of `ws101 connect`: a scenario, line by line, as it happens.

use std::io::ErrorKind;

use tokio::time::Instant;
use ws101::escape::{HIDDEN, Line, is_secret, without_secret_parameters};
use ws101::frame::{Frame, Role, Torn};
use ws101::wst::{Action, ConnectionAction, Item, LineWriter, Modifiers, Payload, ResponsePart};

use crate::lang::Lang;
use crate::output::print_lines;
use crate::pauses::Pauses;
use crate::request::Secrets;

/// The name of the client.
const NAME: &str = "you";

/// How many bytes of a frame are shown.
const SHOWN: usize = 64;

/// How many characters of a line of a remark are shown.
const REMARK_SHOWN: usize = 512;

/// Prints what a client sends and receives as lines that `ws101 play` plays.
///
/// Received ids and times differ from run to run, so they get names; a remark tells the value of a name.
/// A pause before the client sends is printed as `-- wait`, one before it receives as `within`.
pub struct Log {
    writer: LineWriter,
    bytes: bool,
    /// The texts that are not shown.
    secrets: Secrets,
    lang: Lang,
    /// Since the last line, not counting remarks.
    pauses: Pauses,
    /// How many names have a remark already.
    told: usize,
}

impl Log {
    /// A log of requests to `host`; `bytes` shows those of each frame. Values of the JSON fields
    /// `any` are shown as `<*>`, and `secrets` as `<secret>`.
    pub fn new(host: &str, bytes: bool, any: &[String], secrets: Secrets, lang: Lang) -> Self {
        let mut writer = LineWriter::replayable().for_host(host);
        for field in any {
            writer.any(field);
        }
        Self { writer, bytes, secrets, lang, pauses: Pauses::since(Instant::now()), told: 0 }
    }

    /// Each line of `text` as a remark.
    pub fn remark(&self, text: &str) {
        for line in self.secrets.hide(text).lines() {
            print_lines!("{}", Item::Comment(Line::new(line, REMARK_SHOWN).to_string()));
        }
    }

    /// The lines of our own request as remarks.
    pub fn request_lines(&self, head: &[u8]) {
        for line in String::from_utf8_lossy(head).trim_end().lines() {
            self.remark(&format!("-> {line}"));
        }
    }

    /// The lines of an answer as remarks, without what is a secret by its name, such as a cookie.
    pub fn answer_lines(&self, head: &[u8]) {
        for line in String::from_utf8_lossy(head).trim_end().lines() {
            match line.split_once(':') {
                Some((name, _)) if is_secret(name) => self.remark(&format!("<- {name}: {HIDDEN}")),
                _ => self.remark(&format!("<- {}", without_secret_parameters(line))),
            }
        }
    }

    /// Turns on or off that the bytes of each frame are shown.
    pub fn toggle_bytes(&mut self) {
        self.bytes = !self.bytes;
    }

    /// The request, without the headers `given` by options: they may be secrets, and are given again.
    pub fn request(&mut self, head: &[u8], given: &[(String, String)]) {
        self.writer.leave_out(given);
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
        if let Some(wait) = self.pauses.wait(Instant::now()) {
            print_lines!("{wait}");
        }
        self.print(item);
    }

    fn received(&mut self, item: Item, wire: Option<(Vec<u8>, bool)>) {
        let timing = self.pauses.within(Instant::now());
        let item = item.with(Modifiers { timing, wire });
        self.print(&item);
    }

    fn print(&mut self, item: &Item) {
        print_lines!("{}", self.secrets.hide(&item.to_line()));
        self.pauses.told(Instant::now());
        let new = self.writer.names(self.told);
        let new: Vec<_> = new
            .map(|(name, id)| {
                self.lang.pick(format!("<{name}> is {id}"), format!("<{name}> — это {id}"))
            })
            .collect();
        self.told += new.len();
        for told in new {
            self.remark(&told);
        }
    }
}
