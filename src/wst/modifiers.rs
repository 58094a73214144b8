//! The time and the bytes that may follow an event: `at 25s`, `| 81 02 68 69`.

use std::fmt;
use std::time::Duration;

use super::cursor::{Cursor, Parsed};
use super::payload::hex;
use super::time::{duration, print_range, range, seconds};
use crate::escape::Hex;

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

/// `within 19s..21s`, `at 25s`, `| 89 01 31`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Modifiers> {
    let mut modifiers = Modifiers::default();
    if cursor.eat("within") {
        let (from, to): (Duration, Duration) =
            cursor.take("a time such as 2s, or 19s..21s", range)?;
        modifiers.timing = Some(Timing::Within(from, to));
    } else if cursor.eat("at") {
        modifiers.timing = Some(Timing::At(cursor.take("a time such as 25s", duration)?));
    }
    if cursor.eat("|") {
        let mut bytes = Vec::new();
        while let Some(byte) = hex(cursor.peek()) {
            bytes.push(byte);
            cursor.word();
        }
        modifiers.wire = Some((bytes, cursor.eat("…")));
    }
    cursor.end()?;
    Ok(modifiers)
}

impl fmt::Display for Modifiers {
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
