//! The difference between a scenario and what was received.

use std::fmt;
use std::time::Duration;

use super::detail::Detail;
use crate::escape::Hex;
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
    /// Playing the whole scenario took longer than this.
    #[error("the whole took more than {}", seconds(*.0))]
    Endless(Duration),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = self.lane.as_deref().unwrap_or("--");
        if self.title.is_empty() {
            writeln!(f, "line {}", self.line)?;
        } else {
            writeln!(f, "line {}, in \"{}\"", self.line, self.title)?;
        }
        writeln!(f, "  expected  {lane} {}", self.expected)?;
        match &self.seen {
            Some(seen) => {
                for (at, line) in seen.lines().enumerate() {
                    writeln!(
                        f,
                        "  {}  {lane} {line}",
                        if at == 0 { "seen    " } else { "        " }
                    )?;
                }
            }
            None => writeln!(f, "  seen      nothing")?,
        }
        if !self.bytes.is_empty() {
            writeln!(f, "  bytes     {}", Hex::new(&self.bytes, BYTES_SHOWN))?;
            if !self.wanted.is_empty() {
                writeln!(f, "  must be   {}", Hex::new(&self.wanted, BYTES_SHOWN))?;
            }
        }
        write!(f, "  because   {}", self.why)
    }
}
