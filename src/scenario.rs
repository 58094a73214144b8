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

mod accept;
mod build;
mod captured;
#[cfg(test)]
mod cost;
mod detail;
mod expect;
mod inbox;
mod json;
mod loosen;
mod matching;
mod mismatch;
mod moved;
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
pub use captured::CapturedFault;
pub use detail::Detail;
pub use mismatch::{Difference, Mismatch, NOTHING_MORE};
pub use names::Names;
pub use player::{
    Loosened, NotDeterministic, Played, PlayedStep, RECORDINGS, RecordedServer, Recording,
    RecordingProgress, Variance,
};

use std::io;

use crate::transcript::Transcript;

impl Scenario {
    /// Plays the scenario to the first difference, or to the end.
    ///
    /// `transcript` is a new conversation with the server: in process by [`Transcript::new`], at an
    /// address by [`Transcript::tcp`]. Playing ends whatever the server does: every wait has a limit,
    /// and the whole may take the sum of them and 60 s.
    ///
    /// A note about the process of the server (`@env`, `@signal`, `@exits`, `@client`) is a difference,
    /// because nobody does what it asks: [`play_with`](Self::play_with) leaves that to its caller.
    ///
    /// Not cancel safe: after a dropped call the connections are cut, and the difference is lost.
    pub async fn play(&self, transcript: Transcript) -> Played {
        match player::process_note(self) {
            Some((step, note)) => player::not_played(self, transcript, step, note),
            None => player::play(self, transcript, |_| {}).await,
        }
    }

    /// The same, and calls `before` ahead of each step. The caller does what notes about the process
    /// of the server ask, such as `@signal TERM`. Not cancel safe.
    pub async fn play_with(&self, transcript: Transcript, before: impl FnMut(&Step)) -> Played {
        player::play(self, transcript, before).await
    }

    /// Records the events that the server answers these actions with: the same steps, with every event.
    ///
    /// The actions are played [`RECORDINGS`] times, each time with a new transcript. If the server keeps
    /// state, `transcript` may restart it. Expectations in this scenario are not compared, but replaced.
    /// Values that differ between the recordings become `<*>`, and an end that is `eof` or `reset` becomes
    /// `end`. What `@ignore` names is left out. The first recording of a real server listens for a second
    /// longer; if an answer comes in it, all recordings get `@quiet` with twice the time of that answer. At the
    /// end the recording is played once.
    ///
    /// Not cancel safe: after a dropped call the connections are cut, and nothing is recorded.
    ///
    /// # Errors
    ///
    /// Recordings with other events or another order, an action that cannot be done, a recording that does
    /// not play, or the error of `transcript`.
    pub async fn record(
        &self,
        transcript: impl AsyncFnMut() -> io::Result<Transcript>,
    ) -> Result<Self, NotDeterministic> {
        let mut server = player::TranscriptsOnly(transcript);
        player::record(self, &mut server).await.map(|recording| recording.scenario)
    }

    /// The same, with a server that is looked after between the recordings, and with the lines that were
    /// loosened. Not cancel safe.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record), and a server that is not well after a recording.
    pub async fn record_with(
        &self,
        server: &mut impl RecordedServer,
    ) -> Result<Recording, NotDeterministic> {
        player::record(self, server).await
    }

    /// This scenario with the step at `at` as `recorded` has it. Lines that fit what was recorded stay as
    /// they are, so that `<*>`, `~` and `?` that somebody wrote are kept.
    #[must_use]
    pub fn with_step_of(mut self, recorded: &Self, at: usize) -> Self {
        if let (Some(step), Some(new)) = (self.steps.get_mut(at), recorded.steps.get(at)) {
            step.lines = accept::kept(&step.lines, &new.lines);
        }
        self
    }

    /// The same scenario with the path `to` in each request for the path `from`; queries stay, but for
    /// parameters that `to` has.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        for line in self.steps.iter_mut().flat_map(|step| &mut step.lines) {
            if let Item::Action(_, Action::Ask(Ask::Usual { target, .. })) = &mut line.item
                && let Some(there) = moved::moved(target, from, to)
            {
                *target = there;
            }
        }
        self
    }
}
