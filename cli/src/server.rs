//! The server of one `play` or `record`: one that runs, or one that is started for it.

use std::io;

use anyhow::{Result, anyhow};
use ws101::address::Address;
use ws101::transcript::Transcript;

use crate::Lang;
use crate::place::Place;
use crate::program::{Program, READY};

/// Whom a scenario is played with.
pub struct Server {
    command: Option<String>,
    place: Option<Place>,
    program: Option<Program>,
}

impl Server {
    /// The server that listens at `url`, or the one that `command` starts; one of them is there.
    pub async fn find(url: Option<&Address>, command: Option<&str>) -> Result<Self> {
        let place = match url {
            Some(url) => Some(Place::find(url).await?),
            None => None,
        };
        Ok(Self { command: command.map(str::to_owned), place, program: None })
    }

    /// A new conversation. A server that is started here is started anew, so that it remembers nothing.
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

    /// What a server that was started here complained of, or said last if it has ended.
    pub async fn tail(&mut self) -> Option<String> {
        let process = &mut self.program.as_mut()?.process;
        process.catch_up().await;
        let ended = process.ended_with_tail("the server has ended");
        let words = if ended.is_empty() { process.stderr_tail("the server says") } else { ended };
        (!words.is_empty()).then_some(words)
    }

    /// Does `act`, and stops what was started for it, whatever came of it.
    pub async fn with<T>(mut self, act: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let interrupted = crate::interrupted()?;
        let outcome = tokio::select! {
            outcome = act(&mut self) => outcome,
            signal = interrupted => Err(anyhow!("interrupted by {signal}")),
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
