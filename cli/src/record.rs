//! `ws101 record`: what a server does, as a scenario.

use std::io::{IsTerminal, Read, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use ws101::escape::Lines;
use ws101::scenario::{FILE_LIMIT, NotDeterministic, RECORDINGS, Scenario};

use crate::Verdict;
use crate::place::{moved, plain};
use crate::play::{LINES, read, steps, write};
use crate::server::Server;

/// Write down what a server does when clients act, if it always does the same.
///
/// The acts are lines such as `bob -> GET /ws` and `bob >> text "hi"`. They are
/// played 20 times; ids and times get names. Prints the scenario, which `play` plays.
/// Exit codes: 0 recorded, 1 not always the same, 2 could not run.
#[derive(Args)]
#[command(
    after_long_help = LINES,
    override_usage = "ws101 record [OPTIONS] <URL> [FILE]\n       ws101 record [OPTIONS] --cmd <COMMAND> [FILE]"
)]
pub struct Record {
    /// Where the server listens, such as `ws://localhost:8080`
    #[arg(required_unless_present = "cmd")]
    url: Option<String>,
    /// What the clients do: a .wst file; without it, standard input
    file: Option<PathBuf>,
    /// How to start the server, which is to listen on 127.0.0.1:$PORT; each time it is started anew
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// Write the scenario into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A JSON field whose value is different every time
    #[arg(long, value_name = "FIELD")]
    any: Vec<String>,
}

impl Record {
    pub async fn run(self) -> Result<Verdict> {
        let (url, file) = match (&self.cmd, &self.url, &self.file) {
            // Where the server is started here, the one thing left to name is the file.
            (Some(_), file, None) => (None, file.as_ref().map(PathBuf::from)),
            (Some(_), Some(url), Some(_)) => bail!("--cmd starts the server, {url} is another one"),
            (_, url, file) => (url.as_deref().map(plain).transpose()?, file.clone()),
        };
        let mut scenario = match &file {
            Some(file) => read(file)?,
            None => typed()?,
        };
        ensure!(!scenario.steps.is_empty(), "nobody does anything: begin with bob -> GET /ws");
        if let Some(url) = &url {
            scenario = moved(scenario, url);
        }
        let server = Server::find(url.as_ref(), self.cmd.as_deref()).await?;
        server.with(async |server| self.record(&scenario, server).await).await
    }

    async fn record(&self, scenario: &Scenario, server: &mut Server) -> Result<Verdict> {
        let recorded = scenario.record(async || server.transcript_with(&self.any).await).await;
        match (recorded, &self.out) {
            (Ok(recorded), None) => print!("{}", Lines(&recorded.to_string())),
            (Ok(recorded), Some(file)) => {
                write(file, &recorded)?;
                let steps = steps(recorded.steps.len());
                println!("recorded: {}, {steps}, {RECORDINGS} times the same", file.display());
            }
            (Err(unsteady @ NotDeterministic::Differs(_)), _) => {
                println!("{}", Lines(&unsteady.to_string()));
                return Ok(Verdict::Failed);
            }
            (Err(stuck), _) => return Err(with_tail(stuck, server).await),
        }
        Ok(Verdict::Passed)
    }
}

async fn with_tail(stuck: NotDeterministic, server: &mut Server) -> anyhow::Error {
    match server.tail().await {
        Some(words) => anyhow!("{stuck}\n{words}"),
        None => stuck.into(),
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
