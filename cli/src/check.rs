//! `ws101 check`: plays a lesson's checks against a server in any language.

mod client;
mod judge;
mod lesson;
mod report;
#[cfg(test)]
mod steady;
mod template;
mod trial;

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args};
use ws101::address::Address;

use crate::exit::{Exit, interrupted};
use crate::lang::Lang;
use crate::output::print_document;
use crate::place::{Place, plain};
use judge::{Candidate, Judge};
use lesson::Lesson;
use report::{Report, Tested};

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
    /// The address of a running server; checks that end the server are skipped
    #[arg(long, value_parser = plain)]
    url: Option<Address>,
    /// The command that starts the server; it is stopped afterwards
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// The command that starts a client that reconnects, for lesson 10; ws101 is the server
    #[arg(long, value_name = "COMMAND")]
    client: Option<String>,
    /// The first of the three seeds for random texts
    #[arg(long)]
    seed: Option<u32>,
    /// Wait 60 s instead of 10 until the program is ready, because it is built first
    #[arg(long)]
    build: bool,
    #[command(flatten)]
    machine: Machine,
    /// The language of the report; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// How many hints to show with the first failure
    #[arg(long, default_value_t = 1)]
    hints: usize,
    /// Show the whole transcript of each check
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
    pub async fn run(self) -> Result<Exit> {
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
        let mut report = Report::new(lesson, seed, lang, self.tested());
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
        let interrupt = interrupted()?;
        let judged = tokio::select! {
            judged = judged => judged,
            signal = interrupt => bail!("interrupted by {signal}"),
        };
        judge.end().await;
        judged?;
        match &self.machine {
            Machine { json: true, .. } => print_document(&format!("{}\n", report.json())),
            Machine { junit: true, .. } => print_document(&report.junit()),
            Machine { .. } => report.end(),
        }
        Ok(if report.passed() { Exit::Passed } else { Exit::Failed })
    }

    /// The program under test, as the command line named it.
    fn tested(&self) -> Tested {
        let option = match (&self.url, &self.cmd, &self.client) {
            (Some(url), ..) => format!("--url {url}"),
            (_, Some(cmd), _) => format!("--cmd {cmd:?}"),
            (.., Some(client)) => format!("--client {client:?}"),
            (None, None, None) => String::new(),
        };
        Tested { option, is_running: self.url.is_some() }
    }
}
