//! What a line can say: the tree that the parser builds and the printer prints.

use std::io::ErrorKind;
use std::time::Duration;

use super::json::Json;
use super::text::Text;
use crate::frame::Opcode;

/// The number of a line in its file, from 1; 0 for a line that was not read from a file.
///
/// It is not part of what the line says, so any two are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(pub usize);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// One line of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its number.
    pub place: Place,
    /// What it says.
    pub item: Item,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `# text`: a remark, which changes nothing.
    Comment(String),
    /// `-- wait 20s`: time goes by.
    Wait(Duration),
    /// A client does something.
    Action(String, Action),
    /// A client receives something, or its connection ends.
    Expectation(String, Expectation),
}

/// What a client does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `bob -> GET /ws`: it connects and sends a request.
    Ask(Ask),
    /// `bob >> text "hi"`: it sends a frame, or the fragments of a message.
    ///
    /// A pong or a close behind the ping or close it answers is what a browser
    /// sends by itself: the player waits for it and does not send another.
    Send(FramePattern, Modifiers),
    /// `bob >> raw 81 02`: it sends these bytes.
    SendRaw(Payload),
    /// `bob >> torn text 2 of 5 bytes`: it has sent the front of a frame.
    ///
    /// Transcripts show it. Its bytes are not written down, so it cannot be sent again.
    SendPart(PartialFrame, Modifiers),
    /// `bob -- cut`: it does something to its connection.
    Connection(ConnectionAction),
}

/// The request of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// `GET /ws subprotocol=chat no-key`: the usual handshake, but for these headers.
    Usual {
        /// `GET`, as a rule.
        method: String,
        /// The path, with or without a query.
        target: Text,
        /// Headers that are not as usual; those without a value are left out.
        headers: Vec<(String, Option<Text>)>,
    },
    /// `"GET / HTTP/1.1\r\n\r\n"`, with or without `raw` before it: these bytes.
    Raw(Payload),
}

/// What a client does to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionAction {
    /// `cut`: it ends without a word.
    Cut,
    /// `reset`: it ends by a reset.
    Reset,
    /// `half-close`: the client says no more, and goes on reading.
    HalfClose,
    /// `mute`: the client answers neither pings nor closes.
    Mute,
    /// `stop reading`: what the server sends piles up.
    StopReading,
    /// `resume`: it reads again.
    Resume,
    /// `dribble 1`: from now on it writes so many bytes at a time; 0 ends that.
    Dribble(usize),
}

/// What a client is to receive.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// `~`: in any order with its neighbours in the lane that are so marked.
    pub any_order: bool,
    /// `?`: it may be missing.
    pub optional: bool,
    /// What.
    pub what: Observation,
    /// When, and the bytes.
    pub modifiers: Modifiers,
}

impl From<Observation> for Expectation {
    fn from(what: Observation) -> Self {
        Self { any_order: false, optional: false, what, modifiers: Modifiers::default() }
    }
}

/// Something that a client can observe.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// `<- 101`, `<- 404 "…"`.
    Answer(Answer),
    /// `<- "SSH-2.0"`, with or without `raw` before it: bytes that are no HTTP.
    Stray(Payload),
    /// `<< text "hi"`.
    Frame(FramePattern),
    /// `<< torn text 2 of 5 bytes`: the front of a frame, then the end of the connection.
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

/// The front of a frame whose rest did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartialFrame {
    /// `torn ...`: any.
    Any,
    /// `torn header`: less than a header.
    Header,
    /// `torn text 2 of 5 bytes`: a header, and so much of the payload.
    Payload {
        /// What the header says it is.
        opcode: Opcode,
        /// How many bytes of the payload came.
        received: u64,
        /// How many the header promises.
        len: u64,
    },
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Any of these.
    pub statuses: Vec<u16>,
    /// `bad-accept`, `bad-upgrade` and so on: the parts of a 101 that are wrong, in their order.
    pub faults: Vec<ResponsePart>,
    /// Headers that must be there, with these values.
    pub headers: Vec<(String, Text)>,
    /// The body, without blanks at its end.
    pub body: Payload,
}

/// The part of a 101 that a fault is about; displays as transcripts write it: `bad-accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// How a connection ends, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `eof`: in order.
    Eof,
    /// `reset by peer`.
    Reset,
    /// `end`: either.
    Any,
    /// `connection refused`: it never began.
    Refused,
    /// `timed out`, or another of the failures in [`FAILURES`](super::FAILURES).
    Failed(ErrorKind),
}

/// A frame, as it is sent or expected.
#[derive(Clone, Debug, PartialEq)]
pub struct FramePattern {
    /// What it is.
    pub kind: Kind,
    /// `rsv=4`: its reserved bits.
    pub rsv: u8,
    /// `fin=0`: whether it ends a message, where that is told.
    pub fin: Option<bool>,
    /// `unmasked` where a client sends it, `masked` where a server does: the wrong way round.
    pub wrong_mask: bool,
    /// `header=10`: the size of a header that is longer than need be.
    pub header: Option<usize>,
    /// `len=2^63`: the length that the header claims.
    pub len: Option<u64>,
    /// `text/3`: sent in so many fragments.
    pub fragments: Option<usize>,
    /// What it carries.
    pub payload: Payload,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text frame that holds JSON.
    Json,
    /// Any other.
    Frame(Opcode),
}

/// What a frame carries, or a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Not written: nothing is sent; a ping or pong that is received may carry anything.
    Unsaid,
    /// `...`: anything.
    Any,
    /// `"hi"`, or `"hi"*1000`.
    Text(Text, usize),
    /// `00 ff`, or `2a*126`: all of it so many times.
    Bytes(Vec<u8>, usize),
    /// `{"type":"pong"}`.
    Json(Json),
    /// `1000 "bye"`: one of these codes; the reason, `None` for any.
    Close(Vec<u16>, Option<Text>),
    /// `70000 bytes sha256:…`.
    Digest(u64, String),
}

/// What may stand behind a frame or another event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// When it is to happen.
    pub timing: Option<Timing>,
    /// `| 81 02 68 69`: its bytes; the flag says that more follow.
    pub wire: Option<(Vec<u8>, bool)>,
}

/// When something is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// `within 19s..21s`: so long after what the lane saw before, or what anyone did last.
    Within(Duration, Duration),
    /// `at 25s`: so long after the last `-- wait` began, as exactly as transcripts tell it.
    At(Duration),
}

impl Payload {
    /// Whether it leaves anything to what is received: a name, `<*>`, `...`.
    pub(crate) fn has_placeholders(&self) -> bool {
        match self {
            Self::Any | Self::Close(_, None) => true,
            Self::Text(text, _) | Self::Close(_, Some(text)) => text.has_placeholders(),
            Self::Json(json) => json.has_placeholders(),
            Self::Unsaid | Self::Bytes(..) | Self::Digest(..) => false,
        }
    }
}
