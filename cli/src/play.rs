//! `ws101 play`: a scenario against a server.

mod accept;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{ArgGroup, Args};
use ws101::address::Address;
use ws101::scenario::{Played, Scenario};

use crate::attempt::Attempt;
use crate::exit::Exit;
use crate::lang::Lang;
use crate::output::print_lines;
use crate::place::{address, moved};
use crate::request::RequestOptions;
use crate::scenario_file::{ensure_somebody_acts, read};
use crate::server::ServerUnderTest;

/// How long the clients listen on after the last line, the last time.
const LATE: Duration = Duration::from_millis(600);

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
/// Exit codes: 0 no difference, 1 a difference, 2 could not run, or the machine was too busy to tell.
#[derive(Args)]
#[command(after_long_help = LINES, group(ArgGroup::new("server").required(true).args(["url", "cmd"])))]
pub struct Play {
    /// The scenario: a .wst file, such as `record` writes
    file: PathBuf,
    /// Where the server listens, such as `ws://localhost:8080`
    #[arg(long, value_parser = address)]
    url: Option<Address>,
    /// The command that starts the server, which must listen on 127.0.0.1:$PORT; it is stopped afterwards
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// Play it this many times, up to the first difference
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Write what the server does into the file, in place of the lines that differ
    #[arg(long)]
    accept: bool,
    /// Show the whole transcript, even if nothing differs
    #[arg(long)]
    wire: bool,
    /// The language of the verdict; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// With --accept: a JSON field whose value differs from run to run
    #[arg(long, value_name = "FIELD", requires = "accept")]
    any: Vec<String>,
    #[command(flatten)]
    options: RequestOptions,
}

impl Play {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let mut scenario = read(&self.file, lang)?;
        ensure_somebody_acts(&scenario, lang)?;
        if let Some(url) = &self.url {
            scenario = moved(scenario, url);
        }
        let (url, cmd) = (self.url.as_ref(), self.cmd.as_deref());
        let server = ServerUnderTest::find(url, cmd, &self.options, &scenario, lang).await?;
        server.with(async |server| self.play(&scenario, server, lang).await).await
    }

    async fn play(
        &self,
        scenario: &Scenario,
        server: &mut ServerUnderTest,
        lang: Lang,
    ) -> Result<Exit> {
        let all = scenario.steps.len();
        let mut took = Duration::ZERO;
        for time in 1..=self.times {
            // What a server does later it does each time, and only the last time is there to see it.
            let late = if time == self.times { LATE } else { Duration::ZERO };
            let Attempt { played, fault, tail, starved } = server.play(scenario, late).await?;
            took += played.steps.iter().map(|step| step.took).sum::<Duration>();
            let is_wrong = played.difference.is_some() || fault.is_some();
            if self.wire || is_wrong {
                self.show(told(&played, lang).trim_end());
            }
            if !is_wrong {
                continue;
            }
            for words in fault.iter().chain((!tail.is_empty()).then_some(&tail)) {
                self.show(words);
            }
            match &played.difference {
                Some(difference) if self.accept && fault.is_none() && starved.is_none() => {
                    return self.accept(scenario, difference, server, lang).await;
                }
                _ => {}
            }
            if let Some(waited) = starved {
                let why = played.difference.as_ref().map(|difference| lang.why(&difference.why));
                let why = fault.or(why).unwrap_or_default();
                self.show(&lang.unknown_here(&why, waited));
                return Ok(Exit::Unknown);
            }
            let failed = played.difference.as_ref().map_or(all, |difference| difference.step + 1);
            let (step, ms) = (failed.min(all), took.as_millis());
            let time = match self.times {
                1 => String::new(),
                _ => lang.pick(format!(", time {time}"), format!(", раз {time}")),
            };
            let failed = lang.pick(
                format!("FAILED: step {step} of {all}{time}, {ms} ms"),
                format!("НЕ ПРОШЛО: шаг {step} из {all}{time}, {ms} мс"),
            );
            print_lines!("{failed}");
            return Ok(Exit::Failed);
        }
        let times = match self.times {
            1 => String::new(),
            times => lang.pick(format!(", {times} times"), format!(", раз: {times}")),
        };
        let (steps, ms) = (steps(all, lang), took.as_millis());
        let passed = lang.pick(
            format!("passed: {steps}{times}, {ms} ms"),
            format!("прошло: {steps}{times}, {ms} мс"),
        );
        print_lines!("{passed}");
        Ok(Exit::Passed)
    }

    /// Prints what a server said or got, without secrets.
    fn show(&self, text: &str) {
        print_lines!("{}", self.options.secrets(self.url.as_ref()).hide(text));
    }
}

/// The transcript, and the difference below it.
fn told(played: &Played, lang: Lang) -> String {
    match &played.difference {
        Some(difference) => format!("{}\n{}\n", played.transcript, lang.difference(difference)),
        None => played.to_string(),
    }
}

/// `1 step`, `3 steps`, `шагов: 3`.
pub fn steps(count: usize, lang: Lang) -> String {
    match (lang, count) {
        (Lang::En, 1) => "1 step".to_owned(),
        (Lang::En, count) => format!("{count} steps"),
        (Lang::Ru, count) => format!("шагов: {count}"),
    }
}
