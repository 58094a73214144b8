//! What a line of a scenario can say.

use std::time::Duration;

use super::json::Json;
use super::text::Text;
use crate::client::ResponsePart;
use crate::frame::Opcode;

/// Where a line stands, from 1. It is no part of what the line says: any two are equal.
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
    /// `# text`: nothing.
    Comment(String),
    /// `-- wait 20s`: time goes by.
    Wait(Duration),
    /// A client does something.
    Act(String, Act),
    /// A client sees something.
    Expect(String, Expect),
}

/// What a client does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// `bob -> GET /ws`: it connects and asks.
    Ask(Ask),
    /// `bob >> text "hi"`: it sends a frame, or the fragments of a message.
    ///
    /// A pong or a close behind the ping or close it answers is what a browser
    /// does by itself: it is waited for, not sent.
    Say(Shape, Marks),
    /// `bob >> raw 81 02`: it sends these bytes.
    Raw(Payload),
    /// `bob -- cut`.
    Do(Deed),
}

/// What a client asks for.
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
    /// `raw "GET / HTTP/1.1\r\n\r\n"`: these bytes.
    Raw(Payload),
}

/// What is done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
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

/// What a client is to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// `~`: in any order with its neighbours in the lane that are so marked.
    pub any_order: bool,
    /// `?`: it may as well not be.
    pub optional: bool,
    /// What.
    pub what: Sight,
    /// When, and the bytes.
    pub marks: Marks,
}

/// Something that can be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// `<- 101`, `<- 404 "…"`.
    Answer(Answer),
    /// `<- raw "SSH-2.0"`: bytes that are no HTTP.
    Stray(Payload),
    /// `<< text "hi"`.
    Frame(Shape),
    /// `<< torn text 2 of 5 bytes`: the front of a frame, then the end.
    Torn(String),
    /// `-- eof`.
    End(End),
    /// `<< nothing for 200ms`.
    Nothing(Duration),
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
}

/// A frame, as it is sent or expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
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
    /// Nothing is said about it: none is sent; pings and pongs may carry what they like.
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

/// What may stand behind an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
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
