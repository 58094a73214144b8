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
//! The lines are those of a transcript and some more. [`wst`](crate::wst) has them all, and
//! `docs/wst.md` in this repository explains each with an example. The commonest:
//!
//! | | |
//! | --- | --- |
//! | `# text` | a remark |
//! | `@quiet 50ms` | a setting of the file, or a note on the step; see [`Note`] |
//! | `bob <- 400\|426 ...` | one of these statuses, any body; `version=13` asks for a header |
//! | `bob >> raw 81 02 68 69` | these bytes |
//! | `bob << json {"id":<bob>,...}` | `<bob>` is captured and must repeat, `<*>` is anything, `...` lets more follow |
//! | `bob << ~ text "hi"` | in any order with its neighbours so marked |
//! | `bob << ? ping` | or not at all |
//! | `bob << ping within 19s..21s` | so long after what its lane saw before, or what anyone did last |
//! | `bob << nothing for 200ms` | silence, counted the same way |
//!
//! What a client does waits for all that stands above it in its step. At the
//! end of a step all is waited for, then for silence: what was seen and not
//! expected is a difference, too. A name captured once may be used in what is
//! sent: `bob -> GET /ws?epoch=<epoch>`.

mod build;
#[cfg(test)]
mod cost;
mod detail;
mod expect;
mod inbox;
mod json;
mod matching;
mod mismatch;
mod names;
mod player;
mod settings;
mod text;

pub use crate::wst::{
    Action, Answer, Ask, ConnectionAction, End, Expectation, FILE_LIMIT, FramePattern, Item, Json,
    Kind, Line, Modifiers, Note, Observation, ParseError, Part, PartialFrame, Payload, Place,
    ResponsePart, Scenario, Step, Text, Timing, duration,
};
pub use detail::Detail;
pub use mismatch::{Difference, Mismatch, NOTHING_MORE};
pub use names::Names;
pub use player::{NotDeterministic, Played, Step as PlayedStep};

use std::io;

use crate::transcript::Transcript;

/// How often a scenario is played before it is believed that it is always the same.
pub const RECORDINGS: usize = 20;

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
    ) -> Result<Self, NotDeterministic> {
        player::record(self, transcript).await
    }

    /// The same with another path wherever `from` is asked for, with or without a query.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        for line in self.steps.iter_mut().flat_map(|step| &mut step.lines) {
            if let Item::Action(_, Action::Ask(Ask::Usual { target, .. })) = &mut line.item
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
