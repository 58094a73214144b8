//! The server of a recording: looked after between one run and the next.

use std::io;
use std::time::Duration;

use tokio::time::Instant;
use ws101::scenario::{Note, RECORDINGS, RecordedServer, RecordingProgress, Step};
use ws101::transcript::Transcript;

use crate::attempt::LATE;
use crate::listeners::Listeners;
use crate::output::print_error;
use crate::server::ServerUnderTest;

/// How often a long recording tells how far it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// A server that is recorded, and looked after between the recordings.
pub struct Recorded<'s> {
    server: &'s mut ServerUnderTest,
    any: &'s [String],
    /// The processes that listened when the clients came.
    listened: Option<Listeners>,
    /// How many transcripts it was asked for.
    runs: usize,
    /// When the progress was last told.
    told: Instant,
}

impl<'s> Recorded<'s> {
    /// `server`, with these JSON fields shown as `<*>`.
    pub fn new(server: &'s mut ServerUnderTest, any: &'s [String]) -> Self {
        Self { server, any, listened: None, runs: 0, told: Instant::now() }
    }
}

impl RecordedServer for Recorded<'_> {
    async fn transcript(&mut self) -> io::Result<Transcript> {
        let mut transcript = self.server.transcript().await?;
        for field in self.any {
            transcript.any(field);
        }
        self.listened = self.server.listeners();
        self.runs += 1;
        Ok(transcript)
    }

    fn before(&mut self, step: &Step) {
        if step.notes.contains(&Note::SignalTerm) {
            self.listened = None;
            self.server.terminate();
        }
    }

    fn progress(&mut self, progress: RecordingProgress) {
        if self.told.elapsed() < PROGRESS {
            return;
        }
        self.told = Instant::now();
        let RecordingProgress { run, done, lines, .. } = progress;
        let told = self.server.lang.pick(
            format!("recording {run} of {RECORDINGS}: {done} of {lines} lines"),
            format!("запись {run} из {RECORDINGS}: строк {done} из {lines}"),
        );
        print_error(format_args!("{told}"));
    }

    async fn after(&mut self, transcript: &Transcript) -> Result<(), String> {
        // A server that dies later does so each time.
        let late = if self.runs == 1 { LATE } else { Duration::ZERO };
        let death = self.server.death(self.listened.as_ref(), transcript, late).await;
        death.map_or(Ok(()), Err)
    }
}
