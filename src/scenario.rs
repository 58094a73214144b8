//! Plays a `.wst` file against a server, in process or at an address, and gives the first difference.
//!
//! A scenario is written like a [`Transcript`]. The player does the actions of its clients, waits for the
//! events that they are expected to receive, and compares. [`Difference`] has the expected line, the
//! received lines, and the reason why they differ.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), ws101::scenario::ParseError> {
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use ws101::scenario::Scenario;
//! use ws101::transcript::{Pipe, Transcript};
//!
//! /// A server that answers every request with 404.
//! async fn serve(mut pipe: Pipe) -> std::io::Result<()> {
//!     pipe.read(&mut [0; 1024]).await?;
//!     pipe.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\nNobody is here.").await
//! }
//!
//! let scenario: Scenario = "\
//! == bob connects
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
//! | `bob << ~ text "hi"` | in any order with the neighbouring lines that have this mark |
//! | `bob << ? ping` | it may be missing |
//! | `bob << ping within 19s..21s` | this long after the last event of its lane, or the last action of any client |
//! | `bob << nothing for 200ms` | silence, counted the same way |
//!
//! An action waits until every expectation above it in its step is met. At the end of a step the player
//! waits for the rest of the expectations, then for silence: an event that nothing expects is a
//! difference, too. A captured name may be used in what is sent: `bob -> GET /ws?epoch=<epoch>`.

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
mod russian;
mod settings;
mod text;

pub use crate::wst::{
    Action, Ask, ConnectionAction, End, Expectation, FILE_LIMIT, FramePattern, Item, Json, Kind,
    LineNumber, Modifiers, Note, Observation, ParseError, Part, PartialFrame, Payload,
    ResponsePart, ResponsePattern, Scenario, ScenarioLine, Step, Text, Timing, duration,
};
pub use detail::Detail;
pub use mismatch::{Difference, Mismatch, NOTHING_MORE};
pub use names::Names;
pub use player::{NotDeterministic, Played, PlayedStep, RECORDINGS};

use std::io;

use crate::transcript::Transcript;

impl Scenario {
    /// Plays the scenario to the first difference, or to the end.
    ///
    /// `transcript` is a new conversation with the server: in process by [`Transcript::new`], at an
    /// address by [`Transcript::tcp`]. Playing ends whatever the server does: every wait has a limit,
    /// and the whole may take the sum of them and 60 s.
    ///
    /// Not cancel safe: after a dropped call the connections are cut, and the difference is lost.
    pub async fn play(&self, transcript: Transcript) -> Played {
        player::play(self, transcript, |_| {}).await
    }

    /// The same, and calls `before` ahead of each step, for example to stop the server. Not cancel safe.
    pub async fn play_with(&self, transcript: Transcript, before: impl FnMut(&Step)) -> Played {
        player::play(self, transcript, before).await
    }

    /// Records the events that the server answers these actions with: the same steps, with every event.
    ///
    /// The actions are played [`RECORDINGS`] times, each time with a new transcript. If the server keeps
    /// state, `transcript` may restart it. Expectations in this scenario are not compared, but replaced.
    ///
    /// Not cancel safe: after a dropped call the connections are cut, and nothing is recorded.
    ///
    /// # Errors
    ///
    /// Two recordings that differ, an action that cannot be done, or the error of `transcript`.
    pub async fn record(
        &self,
        transcript: impl AsyncFnMut() -> io::Result<Transcript>,
    ) -> Result<Self, NotDeterministic> {
        player::record(self, transcript).await
    }

    /// The same scenario with the path `to` in each request for the path `from`; queries stay.
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
