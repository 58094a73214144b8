//! The difference between a scenario and what was received.

use std::fmt;
use std::time::Duration;

use super::captured::CapturedFault;
use super::detail::Detail;
use crate::escape::Hex;
use crate::frame::{Opcode, Torn};
use crate::wst::seconds;

/// The most received bytes that are shown.
const BYTES_SHOWN: usize = 64;

/// The words for the expectation that nothing more comes.
pub const NOTHING_MORE: &str = "nothing more";

/// The first difference between a scenario and the transcript of playing it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The index of the step, from 0.
    pub step: usize,
    /// The title of the step.
    pub title: String,
    /// The number of the line that was not met; if something unexpected came, the last line that was met.
    pub line: usize,
    /// The name of the client, if the difference is about one.
    pub lane: Option<String>,
    /// The expected line, as the scenario writes it.
    pub expected: String,
    /// The received lines, as a transcript writes them; `None` if nothing came.
    pub seen: Option<String>,
    /// The first bytes that were received.
    pub bytes: Vec<u8>,
    /// The first bytes of the expected frame, if exactly one encoding is right.
    pub wanted: Vec<u8>,
    /// The reason.
    pub why: Mismatch,
}

/// Why a received event, or its absence, does not match the scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// Nothing came within this time.
    #[error("nothing came in {}", seconds(*.0))]
    Silence(Duration),
    /// The connection was expected to end, and is still open after this time.
    #[error("the connection is still open after {}", seconds(*.0))]
    Open(Duration),
    /// The connection ended where something else was expected.
    #[error("the connection ended instead")]
    Ended,
    /// Another kind of event came.
    #[error("something else came")]
    Other,
    /// A frame came with another opcode.
    #[error("the frame is {found} (opcode {:x}), not {wanted} (opcode {:x})", .found.bits(), .wanted.bits())]
    Opcode {
        /// The opcode that came.
        found: Opcode,
        /// The expected one.
        wanted: Opcode,
    },
    /// Of the head of an answer only so many lines came.
    #[error("the head of an answer has no blank line at its end; lines that came: {0}")]
    TornHead(usize),
    /// Of a frame only this part came.
    #[error("{}", torn(.0))]
    Torn(Torn),
    /// The right kind of event came with a wrong detail.
    #[error("{0}")]
    Differs(Detail),
    /// It came too early: after this time.
    #[error("it came after {}, too early", seconds(*.0))]
    Early(Duration),
    /// It came too late: after this time.
    #[error("it came after {}, too late", seconds(*.0))]
    Late(Duration),
    /// Nothing more was expected.
    #[error("it was not expected")]
    Unexpected,
    /// The action needs a connection, and there is none.
    #[error("the connection has ended, or never began")]
    NotConnected,
    /// The connection is open where the scenario says that it is not.
    #[error("the connection is still there")]
    Connected,
    /// The scenario sends a name that has captured nothing yet.
    #[error("{0} stands for nothing: it was not seen before")]
    Unknown(String),
    /// The line shows only a part of what was sent, such as a digest, so it cannot be sent again.
    #[error("{0} cannot be sent: its bytes are not written down")]
    NotWritten(String),
    /// With what its names stand for, the line has more bytes than this.
    #[error("with its names filled in, the line has more than {0} bytes")]
    TooLong(usize),
    /// The names that were captured have more bytes than this.
    #[error("the captured names have more than {0} bytes")]
    Captured(usize),
    /// More events came than are kept, so some were dropped.
    #[error("more events came than are kept, so some were dropped")]
    Flood,
    /// A task of the server panicked.
    #[error("the server panicked")]
    Panicked,
    /// The handler of a client still ran this long after its connection had ended.
    #[error(
        "its handler still runs {} after the connection ended: it waits for something else than its client",
        seconds(*.0)
    )]
    Running(Duration),
    /// A server in process that never falls silent.
    #[error(
        "the server never falls silent: a task of it runs on and on while the clock stands still"
    )]
    Restless,
    /// Values that the scenario captured break this note about them.
    #[error("{0}")]
    BreaksNote(CapturedFault),
    /// This note is about the process of the server, which is not known here.
    #[error(
        "{0} is about the process of the server, which is not known here: `ws101 play --cmd` starts one"
    )]
    NoProcess(String),
    /// Playing the whole scenario took longer than this.
    #[error("the whole took more than {}", seconds(*.0))]
    Endless(Duration),
}

impl Mismatch {
    /// Whether an event of another kind came, so that another expectation may fit it better.
    pub(super) const fn is_of_another_kind(&self) -> bool {
        matches!(self, Self::Other | Self::Opcode { .. })
    }
}

fn torn(part: &Torn) -> String {
    match part.header {
        Some(header) => {
            format!("the frame promises {} bytes, and {} came", header.len, part.received)
        }
        None => "only a part of the header of a frame came".to_owned(),
    }
}

/// The words beside the parts of a difference, in one language.
struct Labels {
    line: &'static str,
    within: &'static str,
    /// Padded to one width: what was expected, seen, its bytes, what they must be, and why.
    parts: [&'static str; 5],
    nothing: &'static str,
    nothing_more: &'static str,
}

const ENGLISH: Labels = Labels {
    line: "line",
    within: "in",
    parts: ["expected", "seen    ", "bytes   ", "must be ", "because "],
    nothing: "nothing",
    nothing_more: NOTHING_MORE,
};

const RUSSIAN: Labels = Labels {
    line: "строка",
    within: "в шаге",
    parts: ["ждали   ", "пришло  ", "байты   ", "а надо  ", "причина "],
    nothing: "ничего",
    nothing_more: "больше ничего",
};

impl Difference {
    /// The difference with its words in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        Labelled { difference: self, labels: &RUSSIAN, why: self.why.in_russian() }.to_string()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Labelled { difference: self, labels: &ENGLISH, why: self.why.to_string() }.fmt(f)
    }
}

/// A difference, as it displays in one language.
struct Labelled<'d> {
    difference: &'d Difference,
    labels: &'static Labels,
    why: String,
}

impl fmt::Display for Labelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { title, line, lane, expected, seen, bytes, wanted, .. } = self.difference;
        let [is_expected, is_seen, are_bytes, must_be, because] = self.labels.parts;
        let lane = lane.as_deref().unwrap_or("--");
        let expected = match expected.as_str() {
            NOTHING_MORE => self.labels.nothing_more,
            expected => expected,
        };
        write!(f, "{} {line}", self.labels.line)?;
        if !title.is_empty() {
            write!(f, ", {} \"{title}\"", self.labels.within)?;
        }
        writeln!(f, "\n  {is_expected}  {lane} {expected}")?;
        match seen {
            Some(seen) => {
                for (at, line) in seen.lines().enumerate() {
                    let label = if at == 0 { is_seen } else { "        " };
                    writeln!(f, "  {label}  {lane} {line}")?;
                }
            }
            None => writeln!(f, "  {is_seen}  {}", self.labels.nothing)?,
        }
        if !bytes.is_empty() {
            writeln!(f, "  {are_bytes}  {}", Hex::new(bytes, BYTES_SHOWN))?;
            if !wanted.is_empty() {
                writeln!(f, "  {must_be}  {}", Hex::new(wanted, BYTES_SHOWN))?;
            }
        }
        write!(f, "  {because}  {}", self.why)
    }
}
