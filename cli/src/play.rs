//! `ws101 play`: a scenario against a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::{ArgGroup, Args};
use ws101::address::Address;
use ws101::scenario::Scenario;

use crate::exit::Exit;
use crate::output::print_lines;
use crate::place::{moved, plain};
use crate::server::ServerUnderTest;

/// The commonest lines of a scenario, for the help.
pub const LINES: &str = "\
Lines of a scenario, the commonest of them:
  == bob says hi                      a step; before the next one all must be silent
  bob -> GET /ws                      bob connects; origin=http://x.test adds a header
  bob <- 101                          and the server accepts
  bob >> text \"hi\"                    bob sends text; or json {..}, binary 00 ff, ping, close 1000
  bob << json {\"id\":<bob>,\"at\":<*>}   bob receives an id, the same from then on, and any value
  bob << json {\"type\":\"hi\",...}       more fields may follow
  bob << ~ text \"hi\"                  in any order with its neighbours so marked
  bob << ? ping                       may be missing
  bob << pong within 2s               at most 2 s later
  bob << close 1008|1013 ...          one of these codes, with any reason
  bob -- cut                          bob ends the connection; -- eof: the server ends it
  -- wait 2s                          nothing is sent for 2 s
All of them, each with an example: docs/wst.md";

/// Play a scenario against a server, and show the first difference.
///
/// Exit codes: 0 no difference, 1 a difference, 2 could not run.
#[derive(Args)]
#[command(after_long_help = LINES, group(ArgGroup::new("server").required(true).args(["url", "cmd"])))]
pub struct Play {
    /// The scenario: a .wst file, such as `record` writes
    file: PathBuf,
    /// Where the server listens, such as `ws://localhost:8080`
    #[arg(long, value_parser = plain)]
    url: Option<Address>,
    /// The command that starts the server, which must listen on 127.0.0.1:$PORT; it is stopped afterwards
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// Play it this many times, up to the first difference
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Write what the server does into the file, from the first step that differs
    #[arg(long)]
    accept: bool,
    /// Show the whole transcript, even if nothing differs
    #[arg(long)]
    wire: bool,
    /// With --accept: a JSON field whose value differs from run to run
    #[arg(long, value_name = "FIELD", requires = "accept")]
    any: Vec<String>,
}

impl Play {
    pub async fn run(self) -> Result<Exit> {
        let mut scenario = read(&self.file)?;
        if let Some(url) = &self.url {
            scenario = moved(scenario, url);
        }
        let server = ServerUnderTest::find(self.url.as_ref(), self.cmd.as_deref()).await?;
        server.with(async |server| self.play(&scenario, server).await).await
    }

    async fn play(&self, scenario: &Scenario, server: &mut ServerUnderTest) -> Result<Exit> {
        let all = scenario.steps.len();
        let mut took = Duration::ZERO;
        for time in 1..=self.times {
            let mut played = scenario.play(server.transcript().await?).await;
            played.transcript.leave().await;
            took += played.steps.iter().map(|step| step.took).sum::<Duration>();
            if self.wire || played.difference.is_some() {
                print_lines!("{}", played.to_string().trim_end());
            }
            let Some(difference) = &played.difference else { continue };
            if let Some(tail) = server.tail().await {
                print_lines!("{tail}");
            }
            if self.accept {
                return self.accept(scenario, difference.step, server).await;
            }
            let step = (difference.step + 1).min(all);
            let time = if self.times > 1 { format!(", time {time}") } else { String::new() };
            print_lines!("FAILED: step {step} of {all}{time}, {} ms", took.as_millis());
            return Ok(Exit::Failed);
        }
        let times = if self.times > 1 { format!(", {} times", self.times) } else { String::new() };
        print_lines!("passed: {}{times}, {} ms", steps(all), took.as_millis());
        Ok(Exit::Passed)
    }

    /// Keeps the steps before the difference, and records the others anew.
    async fn accept(
        &self,
        scenario: &Scenario,
        differs: usize,
        server: &mut ServerUnderTest,
    ) -> Result<Exit> {
        let mut accepted =
            scenario.record(async || server.transcript_with(&self.any).await).await?;
        let same = differs.min(scenario.steps.len());
        accepted.steps.splice(..same, scenario.steps[..same].iter().cloned());
        let again = accepted.play(server.transcript().await?).await;
        if let Some(difference) = again.difference {
            return Err(anyhow!("{difference}").context("not accepted: played again, it differs"));
        }
        write(&self.file, &accepted)?;
        print_lines!("accepted: {} is what the server does", self.file.display());
        Ok(Exit::Passed)
    }
}

/// `1 step`, `3 steps`.
pub fn steps(count: usize) -> String {
    format!("{count} {}", if count == 1 { "step" } else { "steps" })
}

/// Reads a scenario; the error names the file and the place.
pub fn read(file: &Path) -> Result<Scenario> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.parse().map_err(|error| anyhow!("{}: {error}", file.display()))
}

/// Writes a scenario to a file; the error names the file.
pub fn write(file: &Path, scenario: &Scenario) -> Result<()> {
    fs::write(file, scenario.to_string())
        .with_context(|| format!("cannot write {}", file.display()))
}
