//! The tree of the language, which the parser builds and the printer prints.

use std::io::ErrorKind;
use std::time::Duration;

use super::json::Json;
use super::notes::Note;
use super::text::Text;
use crate::frame::Opcode;

/// A whole file: its notes and its steps.
///
/// It parses from text by [`FromStr`](std::str::FromStr) and displays as text that parses to the same.
/// [`scenario`](crate::scenario) plays it.
///
/// ```
/// use std::time::Duration;
/// use ws101::wst::{Item, Note, Scenario};
///
/// let text = "\
/// @timeout 2s
///
/// == bob says hi
/// bob -> GET /ws
/// bob <- 101
/// bob >> text \"hi\"
/// bob << text \"hi\" within 1s
/// ";
/// let scenario: Scenario = text.parse().unwrap();
/// assert_eq!(scenario.notes, [Note::Timeout(Duration::from_secs(2))]);
/// assert_eq!(scenario.steps[0].title, "bob says hi");
/// assert!(matches!(scenario.steps[0].lines[2].item, Item::Action(..)));
/// assert_eq!(scenario.to_string(), text);
///
/// let error = "bob << txt \"hi\"".parse::<Scenario>().unwrap_err();
/// assert!(error.to_string().starts_with("line 1, column 8: expected "), "{error}");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// The notes for the whole file: the `@` lines before anything else.
    pub notes: Vec<Note>,
    /// The steps in their order. The first has an empty title if the file begins without one.
    pub steps: Vec<Step>,
}

/// A step: its title and the lines up to the next title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The number of its title line.
    pub place: LineNumber,
    /// Its title.
    pub title: String,
    /// The `@` lines below the title.
    pub notes: Vec<Note>,
    /// The actions, expectations, waits and remarks in it.
    pub lines: Vec<ScenarioLine>,
}

/// The number of a line in its file, from 1; 0 for a line that was not read from a file.
///
/// Any two are equal, so that equal lines at different places of a file compare as equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineNumber(pub usize);

impl PartialEq for LineNumber {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// One line of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioLine {
    /// Its number.
    pub place: LineNumber,
    /// The parsed line.
    pub item: Item,
}

/// The content of a line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// `# text`: a remark, which changes nothing.
    Comment(String),
    /// `-- wait 20s`: the player waits.
    Wait(Duration),
    /// An action of the named client.
    Action(String, Action),
    /// Something that the named client is expected to receive, or the end of its connection.
    Expectation(String, Expectation),
}

impl Item {
    /// The name of the client; `None` for remarks and waits.
    #[must_use]
    pub fn lane(&self) -> Option<&str> {
        match self {
            Self::Comment(_) | Self::Wait(_) => None,
            Self::Action(lane, _) | Self::Expectation(lane, _) => Some(lane),
        }
    }

    /// The same line with these modifiers. A line that cannot have any is unchanged.
    #[must_use]
    pub fn with(mut self, new: Modifiers) -> Self {
        match &mut self {
            Self::Expectation(_, Expectation { modifiers, .. })
            | Self::Action(_, Action::Send(_, modifiers) | Action::SendPart(_, modifiers)) => {
                *modifiers = new;
            }
            _ => {}
        }
        self
    }
}

/// An action of a client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// `bob -> GET /ws`: it connects and sends a request.
    Ask(Ask),
    /// `bob >> text "hi"`: it sends a frame, or the fragments of a message.
    ///
    /// Behind a ping or close that it answers, a pong or close is the one that the client sends by
    /// itself: the player waits for it and does not send another.
    Send(FramePattern, Modifiers),
    /// `bob >> raw 81 02`: it sends these bytes.
    SendRaw(Payload),
    /// `bob >> torn text 2 of 5 bytes`: it has sent the first part of a frame.
    ///
    /// Only transcripts write it. The line does not hold the bytes, so the player cannot send them.
    SendPart(PartialFrame, Modifiers),
    /// `bob -- cut`: it does something to its connection.
    Connection(ConnectionAction),
}

/// The request of a client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ask {
    /// `GET /ws subprotocol=chat no-key`: a valid handshake, except for these headers.
    Usual {
        /// The method, `GET` in a valid handshake.
        method: String,
        /// The path, with or without a query.
        target: Text,
        /// Headers that are added or changed; `None` leaves the header out.
        headers: Vec<(String, Option<Text>)>,
    },
    /// `"GET / HTTP/1.1\r\n\r\n"`, with or without `raw` before it: exactly these bytes.
    Raw(Payload),
}

/// An action of a client on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionAction {
    /// `cut`: the client ends the connection in order, without a close frame.
    Cut,
    /// `reset`: the client resets the connection.
    Reset,
    /// `half-close`: the client ends its half of the connection, and goes on reading.
    HalfClose,
    /// `mute`: from now on the client answers neither pings nor close frames.
    Mute,
    /// `stop reading`: the client stops reading, so that buffers fill.
    StopReading,
    /// `resume`: the client reads again.
    Resume,
    /// `dribble 1`: from now on the client writes this many bytes at a time; 0 turns that off.
    Dribble(usize),
}

/// Something that a client is expected to receive.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// `~`: in any order with the lines of this client next to it that are marked `~`.
    pub any_order: bool,
    /// `?`: it may be missing.
    pub optional: bool,
    /// The event.
    pub what: Observation,
    /// The time, and the bytes.
    pub modifiers: Modifiers,
}

impl From<Observation> for Expectation {
    fn from(what: Observation) -> Self {
        Self { any_order: false, optional: false, what, modifiers: Modifiers::default() }
    }
}

/// An event that a client can observe.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Observation {
    /// `<- 101`, `<- 404 "…"`.
    Answer(ResponsePattern),
    /// `<- "SSH-2.0"`, with or without `raw` before it: bytes that are neither HTTP nor frames.
    Stray(Payload),
    /// `<< text "hi"`.
    Frame(FramePattern),
    /// `<< torn text 2 of 5 bytes`: the first part of a frame, then the end of the connection.
    Torn(PartialFrame),
    /// `-- eof`.
    End(End),
    /// `<< nothing for 200ms`.
    Nothing(Duration),
    /// `-- not connected`: there is no connection to send anything on.
    NotConnected,
    /// `-- missed 3 events`: the server sent more than the observer kept.
    Missed(u64),
}

/// The first part of a frame whose rest did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartialFrame {
    /// `torn ...`: any.
    Any,
    /// `torn header`: less than a header.
    Header,
    /// `torn text 2 of 5 bytes`: a header, and a part of the payload.
    Payload {
        /// The opcode in the header.
        opcode: Opcode,
        /// The bytes of the payload that came.
        received: u64,
        /// The length in the header.
        len: u64,
    },
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponsePattern {
    /// The status is one of these.
    pub statuses: Vec<u16>,
    /// `bad-accept`, `bad-upgrade` and so on: the parts of a 101 that are wrong, in their order.
    pub faults: Vec<ResponsePart>,
    /// Headers that must be there, with these values.
    pub headers: Vec<(String, Text)>,
    /// The body, without white space at its end.
    pub body: Payload,
}

/// The part of a 101 that a fault is about; displays as transcripts write it: `bad-accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ResponsePart {
    /// `Sec-WebSocket-Accept`.
    Accept,
    /// `Upgrade`.
    Upgrade,
    /// `Connection`.
    Connection,
    /// `Sec-WebSocket-Protocol`.
    Subprotocol,
    /// `Sec-WebSocket-Extensions`.
    Extensions,
    /// Any other header.
    Headers,
}

impl ResponsePart {
    /// All of them, in the order in which transcripts write them.
    pub const ALL: [Self; 6] = [
        Self::Accept,
        Self::Upgrade,
        Self::Connection,
        Self::Subprotocol,
        Self::Extensions,
        Self::Headers,
    ];
}

/// The end of a connection, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// `eof`: in order.
    Eof,
    /// `reset by peer`.
    Reset,
    /// `end`: either.
    Any,
    /// `connection refused`: there was no connection.
    Refused,
    /// `timed out`, or another of the failures in [`FAILURES`](super::FAILURES).
    Failed(ErrorKind),
}

/// A frame, as it is sent or expected.
#[derive(Clone, Debug, PartialEq)]
pub struct FramePattern {
    /// The kind.
    pub kind: Kind,
    /// `rsv=4`: its reserved bits.
    pub rsv: u8,
    /// `fin=0`: whether it ends a message; `None` if the line does not say it.
    pub fin: Option<bool>,
    /// `unmasked` from a client, `masked` from a server: the mask is against the rules (RFC 6455 §5.1).
    pub wrong_mask: bool,
    /// `header=10`: the size of a header that is longer than it needs to be, in bytes.
    pub header: Option<usize>,
    /// `len=2^63`: the length in the header, if it is not that of the payload.
    pub len: Option<u64>,
    /// `text/3`: sent in this many fragments.
    pub fragments: Option<usize>,
    /// The payload.
    pub payload: Payload,
}

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A text frame that holds JSON.
    Json,
    /// Any other.
    Frame(Opcode),
}

/// The payload of a frame, or a body.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// Not written: a client sends no payload; a received ping or pong may have any.
    Unsaid,
    /// `...`: anything.
    Any,
    /// `"hi"`, or `"hi"*1000`.
    Text(Text, usize),
    /// `00 ff`, or `2a*126`: the bytes, and how often they are repeated.
    Bytes(Vec<u8>, usize),
    /// `{"type":"pong"}`.
    Json(Json),
    /// `1000 "bye"`: one of these codes; the reason, `None` for any.
    Close(Vec<u16>, Option<Text>),
    /// `70000 bytes sha256:…`.
    Digest(u64, String),
}

/// The time and the bytes that may follow an event on its line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// The time.
    pub timing: Option<Timing>,
    /// `| 81 02 68 69`: its bytes; the flag says that more follow.
    pub wire: Option<(Vec<u8>, bool)>,
}

/// The time of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Timing {
    /// `within 19s..21s`: counted from the last event of this client or the last action of any client, whichever is later.
    Within(Duration, Duration),
    /// `at 25s`: counted from the beginning of the last `-- wait`, rounded as transcripts round.
    At(Duration),
}

impl Payload {
    /// Whether it has a placeholder: a name, `<*>` or `...`.
    pub(crate) fn has_placeholders(&self) -> bool {
        match self {
            Self::Any | Self::Close(_, None) => true,
            Self::Text(text, _) | Self::Close(_, Some(text)) => text.has_placeholders(),
            Self::Json(json) => json.has_placeholders(),
            Self::Unsaid | Self::Bytes(..) | Self::Digest(..) => false,
        }
    }
}
