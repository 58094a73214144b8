//! `ws101 record`: what a server does, as a scenario.

use std::fs;
use std::io::{IsTerminal, Read, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use ws101::scenario::{FILE_LIMIT, Scenario, Unsteady};

use crate::Verdict;
use crate::address::Address;
use crate::play::{named, read};

/// Write down what a server does when clients act, if it always does the same.
///
/// The acts are lines such as `bob -> GET /ws` and `bob >> text "hi"`. They are
/// played 20 times; ids and times get names. Prints the scenario.
#[derive(Args)]
pub struct Record {
    /// Where the server listens: <ws://localhost:8080>
    url: Address,
    /// What the clients do: a .wst file; without it, standard input
    file: Option<PathBuf>,
    /// Write the scenario into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A JSON field whose value is different every time
    #[arg(long, value_name = "FIELD")]
    any: Vec<String>,
}

impl Record {
    pub async fn run(self) -> Result<Verdict> {
        let scenario = match &self.file {
            Some(file) => read(file)?,
            None => typed()?,
        };
        ensure!(!scenario.steps.is_empty(), "nobody does anything: begin with bob -> GET /ws");
        let server = self.url.find().await?;
        let recorded = scenario.record(|| named(server.transcript(), &self.any)).await;
        let recorded = match recorded {
            Ok(recorded) => recorded.to_string(),
            Err(Unsteady::Stuck(difference)) => return Err(anyhow!("{difference}")),
            Err(unsteady @ Unsteady::Differs(_)) => {
                println!("{unsteady}");
                return Ok(Verdict::Failed);
            }
        };
        match &self.out {
            Some(file) => fs::write(file, recorded)
                .with_context(|| format!("cannot write {}", file.display()))?,
            None => print!("{recorded}"),
        }
        Ok(Verdict::Passed)
    }
}

fn typed() -> Result<Scenario> {
    if stdin().is_terminal() {
        eprintln!("What do the clients do? Such as: bob -> GET /ws. Ctrl-D ends it.");
    }
    let mut text = String::new();
    stdin().take(FILE_LIMIT as u64 + 1).read_to_string(&mut text).context("no text came in")?;
    text.parse().map_err(|error| anyhow!("standard input: {error}"))
}
