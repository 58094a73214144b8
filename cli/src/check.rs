//! `ws101 check`: a lesson's checks against a server in any language.

mod client;
mod judge;
mod lesson;
mod report;
#[cfg(test)]
mod steady;
mod template;
mod words;

use std::env;

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args};
use ws101::address::Address;

use crate::Verdict;
use crate::place::{Place, plain};
use judge::{Candidate, Judge};
use lesson::Lesson;
pub use words::Lang;

/// Check a server against a lesson: `ws101 check 5 --cmd "python server.py"`.
///
/// The server listens on 127.0.0.1:$PORT, path /ws, reads the `WS_*_MS` settings and
/// stops on SIGTERM. A client connects to `$WS_URL`. Exit codes: 0 passed, 1 failed,
/// 2 could not run.
#[derive(Args)]
#[command(group(ArgGroup::new("judged").required(true).args(["url", "cmd", "client"])))]
pub struct Check {
    /// A lesson, such as 5, or one of its checks, such as 5.3
    #[arg(value_name = "LESSON")]
    what: String,
    /// Where the server listens; you run it, and checks of its end are skipped
    #[arg(long, value_parser = plain)]
    url: Option<Address>,
    /// How to start the server; it is started and stopped here
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// How to start a client that comes back, for lesson 10; the server is here
    #[arg(long, value_name = "COMMAND")]
    client: Option<String>,
    /// The first of the three seeds that random texts are made of
    #[arg(long)]
    seed: Option<u32>,
    /// Wait 60 s instead of 10 for the program to be ready: it is built first
    #[arg(long)]
    build: bool,
    #[command(flatten)]
    machine: Machine,
    /// The language of the report; else as LANG says
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// How many hints to give with the first failure
    #[arg(long, default_value_t = 1)]
    hints: usize,
    /// Show all that crossed the wire in each check
    #[arg(long)]
    wire: bool,
}

/// A report for programs instead of people.
#[derive(Args)]
#[group(multiple = false)]
struct Machine {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print `JUnit`'s XML
    #[arg(long)]
    junit: bool,
}

impl Check {
    pub async fn run(self) -> Result<Verdict> {
        let (number, only) = match self.what.split_once('.') {
            Some((lesson, _)) => (lesson, Some(&*self.what)),
            None => (&*self.what, None),
        };
        let lesson = number.parse().ok().and_then(Lesson::find);
        let lesson = lesson.with_context(|| {
            let (first, last) = Lesson::numbers();
            format!("there is no lesson {number}: {first} to {last} have checks")
        })?;
        let mut checks = lesson.checks();
        checks.retain(|check| only.is_none_or(|only| check.number == only));
        if checks.is_empty() {
            bail!("lesson {number} has no check {}", self.what);
        }
        checks.retain(|check| check.is_of_clients() == self.client.is_some());
        if checks.is_empty() {
            let kind = if only.is_some() { "check" } else { "lesson" };
            let (of, how) = match self.client {
                Some(_) => ("servers", "--cmd or --url"),
                None => ("clients", "--client"),
            };
            bail!("{kind} {} is about {of}: say {how}", self.what);
        }
        let seed = self.seed.unwrap_or_else(|| rand::random_range(0..10_000));
        let candidate = match (&self.url, &self.cmd, &self.client) {
            (Some(url), ..) => Candidate::Url(Place::find(url).await?, url.clone()),
            (_, Some(cmd), _) => Candidate::Cmd(cmd.clone()),
            (.., Some(client)) => Candidate::Client(client.clone()),
            (None, None, None) => bail!("say which program: --url, --cmd or --client"),
        };
        let mut judge = Judge::new(candidate, lesson.settings(), self.build);
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let for_people = !self.machine.json && !self.machine.junit;
        let mut report = report::Report::new(lesson, seed, lang, &self);
        if for_people {
            report.begin();
        }
        let judged = async {
            for check in checks {
                let judged = judge.judge(&check, seed, lang).await?;
                if for_people {
                    report.tell(&judged, self.wire, self.hints);
                }
                report.add(judged);
            }
            anyhow::Ok(())
        };
        let interrupted = crate::interrupted()?;
        let judged = tokio::select! {
            judged = judged => judged,
            signal = interrupted => bail!("interrupted by {signal}"),
        };
        judge.end().await;
        judged?;
        match &self.machine {
            Machine { json: true, .. } => println!("{}", report.json()),
            Machine { junit: true, .. } => print!("{}", report.junit()),
            Machine { .. } => report.end(),
        }
        Ok(if report.passed() { Verdict::Passed } else { Verdict::Failed })
    }

    /// The command that shows one check again, byte by byte.
    fn again(&self, number: &str, seed: u32) -> String {
        let program = match (&self.url, &self.cmd, &self.client) {
            (Some(url), ..) => format!("--url {url}"),
            (_, Some(cmd), _) => format!("--cmd {cmd:?}"),
            (.., Some(client)) => format!("--client {client:?}"),
            (None, None, None) => String::new(),
        };
        // Whoever runs it from the sources may have no `ws101` on the path.
        let ws101 =
            if env::var_os("CARGO").is_some() { "cargo run -p ws101-cli --" } else { "ws101" };
        format!("{ws101} check {number} {program} --seed {seed} --wire")
    }
}
