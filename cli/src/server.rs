//! The server of one `play` or `record`: a running one, or one that is started for it.

use std::io;

use anyhow::{Result, anyhow};
use ws101::address::Address;
use ws101::transcript::Transcript;

use crate::exit::interrupted;
use crate::lang::Lang;
use crate::place::Place;
use crate::program::{Program, READY};

/// The server that a scenario is played against.
pub struct ServerUnderTest {
    command: Option<String>,
    place: Option<Place>,
    program: Option<Program>,
}

impl ServerUnderTest {
    /// The server at `url`, or the one that `command` starts; the caller gives one of the two.
    pub async fn find(url: Option<&Address>, command: Option<&str>) -> Result<Self> {
        let place = match url {
            Some(url) => Some(Place::find(url).await?),
            None => None,
        };
        Ok(Self { command: command.map(str::to_owned), place, program: None })
    }

    /// A new transcript. A server with a command is restarted first, so that it has no state.
    pub async fn transcript(&mut self) -> io::Result<Transcript> {
        self.end().await;
        if let Some(command) = &self.command {
            let program = Program::start(command, &[], READY, Lang::En).await;
            let program = program.map_err(|error| io::Error::other(format!("{error:#}")))?;
            self.place = Some(program.place());
            self.program = Some(program);
        }
        let place = self.place.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(place.transcript())
    }

    /// The same, with these JSON fields shown as `<*>`.
    pub async fn transcript_with(&mut self, any: &[String]) -> io::Result<Transcript> {
        let mut transcript = self.transcript().await?;
        for field in any {
            transcript.any(field);
        }
        Ok(transcript)
    }

    /// The last lines on standard error of a server that was started here; if it has exited, of all its
    /// output.
    pub async fn tail(&mut self) -> Option<String> {
        let process = &mut self.program.as_mut()?.process;
        process.catch_up().await;
        let ended = process.ended_with_tail("the server has ended");
        let words = if ended.is_empty() { process.stderr_tail("the server says") } else { ended };
        (!words.is_empty()).then_some(words)
    }

    /// Does `act`, and stops the started server afterwards, also after an error or a signal.
    pub async fn with<T>(mut self, act: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let interrupt = interrupted()?;
        let outcome = tokio::select! {
            outcome = act(&mut self) => outcome,
            signal = interrupt => Err(anyhow!("interrupted by {signal}")),
        };
        self.end().await;
        outcome
    }

    async fn end(&mut self) {
        if let Some(program) = self.program.take() {
            program.process.stop().await;
        }
    }
}
