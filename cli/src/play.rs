//! `ws101 play`: a scenario against a server.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use ws101::scenario::{Played, Scenario};
use ws101::transcript::Transcript;

use crate::Verdict;
use crate::address::Address;

/// Play a scenario against a server, and tell the first difference.
#[derive(Args)]
pub struct Play {
    /// The scenario: a .wst file
    file: PathBuf,
    /// Where the server listens: <ws://localhost:8080>
    #[arg(long)]
    url: Address,
    /// Write what the server does into the file, from the first step that differs
    #[arg(long)]
    accept: bool,
    /// Show all that crossed the wire, also where nothing differs
    #[arg(long)]
    wire: bool,
    /// With --accept: a JSON field whose value is different every time
    #[arg(long, value_name = "FIELD")]
    any: Vec<String>,
}

impl Play {
    pub async fn run(self) -> Result<Verdict> {
        let mut scenario = read(&self.file)?;
        if let Some(path) = &self.url.path {
            // Scenarios are written for /ws, as most servers are.
            scenario = scenario.moved("/ws", path);
        }
        let server = self.url.find().await?;
        let mut played = scenario.play(server.transcript()).await;
        played.transcript.leave().await;
        if self.wire || played.difference.is_some() {
            println!("{}", played.to_string().trim_end());
        }
        let Some(difference) = &played.difference else {
            println!("passed: {}", told(&played));
            return Ok(Verdict::Passed);
        };
        if !self.accept {
            println!("FAILED: {}", told(&played));
            return Ok(Verdict::Failed);
        }
        let named = || named(server.transcript(), &self.any);
        let mut accepted = scenario.record(named).await?;
        let same = difference.step.min(scenario.steps.len());
        accepted.steps.splice(..same, scenario.steps.drain(..same));
        let again = accepted.play(server.transcript()).await;
        if let Some(difference) = again.difference {
            return Err(anyhow!("{difference}").context("not accepted: played again, it differs"));
        }
        fs::write(&self.file, accepted.to_string())
            .with_context(|| format!("cannot write {}", self.file.display()))?;
        println!("accepted: {} is what the server does", self.file.display());
        Ok(Verdict::Passed)
    }
}

/// `3 steps, 120 ms`.
fn told(played: &Played) -> String {
    let steps = played.steps.len();
    let took: std::time::Duration = played.steps.iter().map(|step| step.took).sum();
    format!("{steps} {}, {} ms", if steps == 1 { "step" } else { "steps" }, took.as_millis())
}

/// With these fields shown as `<*>`.
pub fn named(mut transcript: Transcript, any: &[String]) -> Transcript {
    for field in any {
        transcript.any(field);
    }
    transcript
}

/// Reads a scenario; the error names the file and the place.
pub fn read(file: &Path) -> Result<Scenario> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.parse().map_err(|error| anyhow!("{}: {error}", file.display()))
}
