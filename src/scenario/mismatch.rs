//! Where what was seen is not what was to be seen.

use std::fmt;
use std::time::Duration;

use super::detail::Detail;
use crate::escape::Hex;
use crate::wst::seconds;

/// How many bytes of what was seen are shown.
const BYTES_SHOWN: usize = 64;

/// What is to be seen where nothing was expected.
pub const NOTHING_MORE: &str = "nothing more";

/// The first difference between a scenario and what crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which step it is in, from 0.
    pub step: usize,
    /// Its title.
    pub title: String,
    /// The line of the scenario that was not met; where too much came, the last one that was.
    pub line: usize,
    /// The client, if it is about one.
    pub lane: Option<String>,
    /// What was to be seen, as the scenario says it.
    pub expected: String,
    /// What was, as a transcript says it; `None` for nothing.
    pub seen: Option<String>,
    /// The bytes of that, the first of them.
    pub bytes: Vec<u8>,
    /// The bytes of the frame that was to be seen, if no others will do.
    pub wanted: Vec<u8>,
    /// What is wrong with it.
    pub why: Mismatch,
}

/// What is wrong with what was seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Nothing came.
    #[error("nothing came in {}", seconds(*.0))]
    Silence(Duration),
    /// The connection was to end, and has not in this time.
    #[error("the connection is still open after {}", seconds(*.0))]
    Open(Duration),
    /// The connection ended where something was to come.
    #[error("the connection ended instead")]
    Ended,
    /// Something else came.
    #[error("something else came")]
    Other,
    /// The right kind of thing came, and is not as it should be: where.
    #[error("{0}")]
    Differs(Detail),
    /// It came too early, after so long.
    #[error("it came after {}, too early", seconds(*.0))]
    Early(Duration),
    /// It came too late, after so long.
    #[error("it came after {}, too late", seconds(*.0))]
    Late(Duration),
    /// Nothing more was to come.
    #[error("it was not expected")]
    Unexpected,
    /// There is no connection to do this with.
    #[error("the connection has ended, or never began")]
    NotConnected,
    /// There is a connection, and there was to be none.
    #[error("the connection is still there")]
    Connected,
    /// A name that nothing was captured by.
    #[error("{0} stands for nothing: it was not seen before")]
    Unknown(String),
    /// What a transcript shows of something sent, and is not all of it: a digest, half a frame.
    #[error("{0} cannot be sent: its bytes are not written down")]
    NotWritten(String),
    /// More came than anyone could hear.
    #[error("it came so fast that not all was heard")]
    Flood,
    /// The whole took too long.
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
