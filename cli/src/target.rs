//! Whom a scenario is played with: a server that runs, or one that is started for it.

use std::io;

use anyhow::{Result, anyhow};
use ws101::transcript::Transcript;

use crate::address::{Address, Server};
use crate::program::{Program, READY};

/// The server of one `play` or `record`.
pub struct Target {
    command: Option<String>,
    server: Option<Server>,
    program: Option<Program>,
}

impl Target {
    /// The server that listens at `url`, or the one that `command` starts; one of them is there.
    pub async fn find(url: Option<&Address>, command: Option<&str>) -> Result<Self> {
        let server = match url {
            Some(url) => Some(url.find().await?),
            None => None,
        };
        Ok(Self { command: command.map(str::to_owned), server, program: None })
    }

    /// A new conversation. A server that is started here is started anew, so that it remembers nothing.
    pub async fn transcript(&mut self) -> io::Result<Transcript> {
        self.end().await;
        if let Some(command) = &self.command {
            let program = Program::start(command, &[], READY).await;
            let program = program.map_err(|error| io::Error::other(format!("{error:#}")))?;
            self.server = Some(program.server());
            self.program = Some(program);
        }
        let server = self.server.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(server.transcript())
    }

    /// The same, with these JSON fields shown as `<*>`.
    pub async fn transcript_with(&mut self, any: &[String]) -> io::Result<Transcript> {
        let mut transcript = self.transcript().await?;
        any.iter().for_each(|field| transcript.any(field));
        Ok(transcript)
    }

    /// What a server that was started here said last, if it has ended.
    pub fn last_words(&mut self) -> Option<String> {
        let program = self.program.as_mut()?;
        let farewell = program.process.farewell("the server has ended");
        (!farewell.is_empty()).then_some(farewell)
    }

    /// Does `act`, and stops what was started for it, whatever came of it.
    pub async fn with<T>(mut self, act: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let interrupted = ws101::shutdown::signal()?;
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
