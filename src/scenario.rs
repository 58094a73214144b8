//! What must cross the wire, as text that can be played: against a pipe, or any server by address.
//!
//! A scenario looks like a [`Transcript`] and is one that can be compared: what
//! the clients do is done, what they see is waited for, and the first difference
//! is told in full.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), ws101::scenario::ParseError> {
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use ws101::scenario::Scenario;
//! use ws101::transcript::{Pipe, Transcript};
//!
//! /// A server of few words.
//! async fn serve(mut pipe: Pipe) -> std::io::Result<()> {
//!     pipe.read(&mut [0; 1024]).await?;
//!     pipe.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\nNobody is here.").await
//! }
//!
//! let scenario: Scenario = "\
//! == bob knocks
//! bob -> GET /chat
//! bob <- 404 \"Nobody is <*>.\"
//! bob -- eof
//! ".parse()?;
//! // In a test: #[tokio::test(start_paused = true)]; over TCP, `Transcript::tcp(address)`.
//! let played = scenario.play(Transcript::new(serve)).await;
//! assert!(played.difference.is_none(), "{played}");
//! # Ok(())
//! # }
//! ```
//!
//! The lines are those of a transcript. Besides:
//!
//! | | |
//! | --- | --- |
//! | `# text` | a remark |
//! | `@quiet 50ms` | a setting of the file, or a note on the step; see [`Note`] |
//! | `bob -> raw "GET / HTTP/1.1\r\n\r\n"` | these bytes, whatever they are |
//! | `bob <- 400\|426 ...` | one of these statuses, any body; `version=13` asks for a header |
//! | `bob >> text/3 "hello"` | a message in three fragments |
//! | `bob >> text unmasked "hi"`, `rsv=4`, `fin=0`, `opcode=3`, `len=2^63`, `header=10` | frames that break rules |
//! | `bob >> raw 81 02 68 69` | these bytes |
//! | `bob >> text "x"*65536` | that often |
//! | `bob << json {"id":<bob>,...}` | `<bob>` is captured and must repeat, `<*>` is anything, `...` lets more follow |
//! | `bob << ~ text "hi"` | in any order with its neighbours so marked |
//! | `bob << ? ping` | or not at all |
//! | `bob << close 1002\|1007 ...` | one of these codes, any reason |
//! | `bob << ping within 19s..21s` | so long after what its lane saw before, or what anyone did last |
//! | `bob << nothing for 200ms` | silence, counted the same way |
//! | `bob -- cut`, `reset`, `half-close`, `mute`, `stop reading`, `resume`, `dribble 1` | what is done |
//! | `bob -- eof`, `reset by peer`, `end`, `connection refused` | what is seen; `end` is either of the first two |
//!
//! What a client does waits for all that stands above it in its step. At the
//! end of a step all is waited for, then for silence: what was seen and not
//! expected is a difference, too. A name captured once may be used in what is
//! sent: `bob -> GET /ws?epoch=<epoch>`.

mod build;
#[cfg(test)]
mod cost;
mod cursor;
mod difference;
mod expect;
mod inbox;
mod json;
mod line;
mod matching;
mod names;
mod parse;
mod player;
mod print;
mod settings;
mod steps;
mod text;
mod unlike;

pub use cursor::ParseError;
pub use difference::{Difference, NOTHING_MORE, Why};
pub use json::Json;
pub use line::{
    Act, Answer, Ask, Deed, End, Expect, Item, Kind, Line, Marks, Payload, Place, Shape, Sight,
    Timing,
};
pub use names::Names;
pub use player::{Played, Step as PlayedStep, Unsteady};
pub use settings::{Note, duration};
pub use text::{Part, Text};
pub use unlike::Unlike;

use std::io;

use crate::transcript::Transcript;

/// The most bytes a scenario may have: 1 MiB.
pub const FILE_LIMIT: usize = 1024 * 1024;

/// How often a scenario is played before it is believed that it is always the same.
pub const RECORDINGS: usize = 20;

/// A text of steps, each of which is to cross the wire as it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// What holds for all of it: the `@` lines before anything else.
    pub notes: Vec<Note>,
    /// The steps in their order; the first has no title where the file begins without one.
    pub steps: Vec<Step>,
}

/// What lies between two barriers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Where its title stands.
    pub place: Place,
    /// What it is about.
    pub title: String,
    /// The `@` lines below the title.
    pub notes: Vec<Note>,
    /// What is done and what is seen.
    pub lines: Vec<Line>,
}

impl Scenario {
    /// Plays it to the first difference, or to the end.
    ///
    /// Whom it is played with, and how, is what `transcript` was made for: in
    /// process by [`Transcript::new`], at an address by [`Transcript::tcp`].
    /// Gives a verdict whatever the server does: every wait has a limit, and so
    /// has the whole.
    pub async fn play(&self, transcript: Transcript) -> Played {
        player::play(self, transcript, |_| {}).await
    }

    /// The same, with something to be done before each step: a server told to stop, perhaps.
    pub async fn play_with(&self, transcript: Transcript, before: impl FnMut(&Step)) -> Played {
        player::play(self, transcript, before).await
    }

    /// What a server does when these clients act: the same steps, with everything that was seen.
    ///
    /// It is played [`RECORDINGS`] times, with a new transcript each time, before which a
    /// server that remembers may be started anew. What clients see in it is not compared,
    /// but replaced.
    ///
    /// # Errors
    ///
    /// Two of the recordings that differ, an act that cannot be done, or the error of `transcript`.
    pub async fn record(
        &self,
        transcript: impl AsyncFnMut() -> io::Result<Transcript>,
    ) -> Result<Self, Unsteady> {
        player::record(self, transcript).await
    }

    /// The same with another path wherever `from` is asked for, with or without a query.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        for line in self.steps.iter_mut().flat_map(|step| &mut step.lines) {
            if let Item::Act(_, Act::Ask(Ask::Usual { target, .. })) = &mut line.item
                && let Some(Part::Plain(text)) = target.0.first_mut()
                && let Some(rest) = text.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('?'))
            {
                *text = format!("{to}{rest}");
            }
        }
        self
    }
}
