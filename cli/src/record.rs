//! `ws101 record`: records what a server does as a scenario.

use std::io::{IsTerminal, Read, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use ws101::scenario::{FILE_LIMIT, NotDeterministic, RECORDINGS, Scenario};

use crate::exit::Exit;
use crate::output::{print_error, print_lines};
use crate::place::{moved, plain};
use crate::play::{LINES, read, steps, write};
use crate::server::ServerUnderTest;

/// Record what a server does when clients act, if it does the same every time.
///
/// The actions are lines such as `bob -> GET /ws` and `bob >> text "hi"`. They are
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
    /// The actions of the clients: a .wst file; without it, standard input
    file: Option<PathBuf>,
    /// The command that starts the server, which must listen on 127.0.0.1:$PORT; it is restarted for each recording
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// Write the scenario into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A JSON field whose value differs from run to run
    #[arg(long, value_name = "FIELD")]
    any: Vec<String>,
}

impl Record {
    pub async fn run(self) -> Result<Exit> {
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
        let server = ServerUnderTest::find(url.as_ref(), self.cmd.as_deref()).await?;
        server.with(async |server| self.record(&scenario, server).await).await
    }

    async fn record(&self, scenario: &Scenario, server: &mut ServerUnderTest) -> Result<Exit> {
        let recorded = scenario.record(async || server.transcript_with(&self.any).await).await;
        match (recorded, &self.out) {
            (Ok(recorded), None) => print_lines!("{}", recorded.to_string().trim_end_matches('\n')),
            (Ok(recorded), Some(file)) => {
                write(file, &recorded)?;
                let steps = steps(recorded.steps.len());
                print_lines!("recorded: {}, {steps}, {RECORDINGS} times the same", file.display());
            }
            (Err(unsteady @ NotDeterministic::Differs(_)), _) => {
                print_lines!("{unsteady}");
                return Ok(Exit::Failed);
            }
            (Err(stuck), _) => return Err(with_tail(stuck, server).await),
        }
        Ok(Exit::Passed)
    }
}

async fn with_tail(stuck: NotDeterministic, server: &mut ServerUnderTest) -> anyhow::Error {
    match server.tail().await {
        Some(words) => anyhow!("{stuck}\n{words}"),
        None => stuck.into(),
    }
}

fn typed() -> Result<Scenario> {
    if stdin().is_terminal() {
        print_error(format_args!(
            "What do the clients do? Such as: bob -> GET /ws. Ctrl-D ends it."
        ));
    }
    let mut text = String::new();
    stdin().take(FILE_LIMIT as u64 + 1).read_to_string(&mut text).context("no text came in")?;
    text.parse().map_err(|error| anyhow!("standard input: {error}"))
}
