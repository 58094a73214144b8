//! A frame without a client's name, as the doctor shows it.

use std::fmt;

use super::LineWriter;
use crate::frame::Frame;

/// As a line of the [language](super) says it: `text "hi"`, `ping`, `close 1000 "bye"`, `binary 01 02`.
///
/// On one line, whatever the payload; a long one is shown by length and digest.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = LineWriter::literal().pattern("", self, false, false);
        f.write_str(&pattern.to_text("masked"))
    }
}
