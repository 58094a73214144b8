//! `ws101 check`: plays a lesson's checks against a server in any language.

mod client;
mod judge;
mod lesson;
mod next;
mod report;
#[cfg(test)]
mod steady;
mod template;
mod trial;
mod watch;

use std::future::ready;
use std::path::Path;
use std::pin::pin;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use ws101::address::Address;

use crate::exit::{Exit, interrupted};
use crate::lang::Lang;
use crate::output::{clear_terminal, print_document, print_error, print_lines};
use crate::place::{Place, address};
use crate::request::RequestOptions;
use judge::{Candidate, Judge, Judged};
pub use lesson::{Check as LessonCheck, Lesson};
use report::{Report, Tested};
use watch::Watch;

/// Check a server against a lesson: `ws101 check 5 --cmd "python server.py"`.
///
/// The server listens on 127.0.0.1:$PORT, path /ws, reads the `WS_*_MS` settings and
/// stops on SIGTERM. A client connects to `$WS_URL`. Exit codes: 0 passed, 1 failed,
/// 2 could not run, or the machine was too busy to tell.
#[derive(Args)]
#[command(group(ArgGroup::new("judged").required(true).args(["url", "cmd", "client"])))]
pub struct Check {
    /// A lesson, such as 5, or one of its checks, such as 5.3
    #[arg(value_name = "LESSON")]
    what: String,
    /// The address of a running server; checks that end the server are skipped
    #[arg(long, value_parser = address)]
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
    /// Check again when a file in this folder changes; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["json", "junit"])]
    watch: bool,
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
    #[command(flatten)]
    options: RequestOptions,
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

impl Machine {
    /// Whether somebody asked for one.
    fn is_asked_for(&self) -> bool {
        self.json || self.junit
    }

    /// Prints the report that was asked for, if one was.
    fn print(&self, report: &Report) {
        if self.json {
            print_document(&format!("{}\n", report.json()));
        } else if self.junit {
            print_document(&report.junit());
        }
    }
}

impl Check {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        if self.watch { self.watched(lang).await } else { self.once(lang).await }
    }

    /// Checks again and again. A signal between two runs is the end, with the exit code of the last run.
    async fn watched(&self, lang: Lang) -> Result<Exit> {
        let mut interrupt = pin!(interrupted()?);
        let mut watch = Watch::of(Path::new("."));
        loop {
            clear_terminal();
            let outcome = self.once(lang).await;
            let has_changed = watch.has_changed_meanwhile();
            // A signal during the run has ended the run, too.
            let ended = tokio::select! {
                biased;
                _ = &mut interrupt => true,
                () = ready(()) => false,
            };
            let exit = match outcome {
                Err(error) if ended => return Err(error),
                Err(error) => {
                    print_error(format_args!("ws101: {error:#}"));
                    Exit::Failed
                }
                Ok(exit) => exit,
            };
            if ended {
                return Ok(exit);
            }
            if has_changed {
                continue;
            }
            let files = watch.count();
            let waiting = lang.pick(
                format!("waiting for a change: {files} files; Ctrl-C ends it"),
                format!("жду изменений, файлов: {files}; закончить — Ctrl-C"),
            );
            print_lines!("\n{waiting}");
            tokio::select! {
                () = watch.changed() => {}
                _ = &mut interrupt => return Ok(exit),
            }
        }
    }

    async fn once(&self, lang: Lang) -> Result<Exit> {
        let (number, only) = match self.what.split_once('.') {
            Some((lesson, _)) => (lesson, Some(&*self.what)),
            None => (&*self.what, None),
        };
        let lesson = Lesson::named(number, lang)?;
        let mut checks = lesson.checks();
        checks.retain(|check| only.is_none_or(|only| check.number == only));
        if checks.is_empty() {
            bail!(lang.pick(
                format!("lesson {number} has no check {}", self.what),
                format!("в уроке {number} нет проверки {}", self.what),
            ));
        }
        checks.retain(|check| check.is_of_clients() == self.client.is_some());
        if checks.is_empty() {
            let kind = match only {
                Some(_) => lang.pick("check", "проверка"),
                None => lang.pick("lesson", "урок"),
            };
            let (of, how) = match self.client {
                Some(_) => lang.pick(("servers", "--cmd or --url"), ("серверы", "--cmd или --url")),
                None => lang.pick(("clients", "--client"), ("клиенты", "--client")),
            };
            let what = &self.what;
            bail!(lang.pick(
                format!("{kind} {what} is about {of}: say {how}"),
                format!("{kind} {what} про {of}: нужно {how}"),
            ));
        }
        match (&self.url, &self.client) {
            (Some(_), _) => {}
            (None, Some(_)) => self.options.refuse_all(lang)?,
            (None, None) => self.options.refuse_way(lang)?,
        }
        self.options.warn(lang);
        let seed = self.seed.unwrap_or_else(|| rand::random_range(0..10_000));
        let candidate = match (&self.url, &self.cmd, &self.client) {
            (Some(url), ..) => {
                Candidate::Url(Place::find(url, &self.options, lang).await?, url.clone())
            }
            (_, Some(cmd), _) => Candidate::Cmd(cmd.clone(), Box::new(self.options.clone())),
            (.., Some(client)) => Candidate::Client(client.clone()),
            (None, None, None) => bail!(lang.pick(
                "say which program: --url, --cmd or --client",
                "назовите программу: --url, --cmd или --client",
            )),
        };
        let mut judge = Judge::new(candidate, lesson.settings(), self.build);
        let secrets = self.options.secrets(self.url.as_ref());
        let for_people = !self.machine.is_asked_for();
        let mut report = Report::new(lesson, seed, lang, self.tested());
        if for_people {
            report.begin();
        }
        let judged = async {
            for check in checks {
                let judged = match judge.judge(&check, seed, lang).await {
                    Ok(judged) => judged.hiding(&secrets),
                    Err(error) => {
                        let unplayed = Judged::unplayed(&check, format!("{error:#}"));
                        report.add(unplayed.hiding(&secrets));
                        return Err(error);
                    }
                };
                if for_people {
                    report.tell(&judged, self.wire, self.hints);
                }
                report.add(judged);
            }
            Ok(())
        };
        let interrupt = interrupted()?;
        let judged = tokio::select! {
            judged = judged => judged,
            signal = interrupt => bail!(lang.interrupted(signal)),
        };
        judge.end().await;
        if let Err(error) = judged {
            // A program that reads the report reads why it breaks off.
            self.machine.print(&report);
            return Err(error);
        }
        if let Some(suspect) = judge.suspect().filter(|_| report.passed()) {
            let suspect = suspect.hiding(&secrets);
            if for_people {
                report.tell(&suspect, self.wire, self.hints);
            }
            report.replace(suspect);
        }
        self.machine.print(&report);
        if for_people {
            report.end();
            next::remember(&report, lesson, lang);
        }
        Ok(report.exit())
    }

    /// The program under test, as the command line named it.
    fn tested(&self) -> Tested {
        let option = match (&self.url, &self.cmd, &self.client) {
            (Some(url), ..) => format!("--url {url}"),
            (_, Some(cmd), _) => format!("--cmd {cmd:?}"),
            (.., Some(client)) => format!("--client {client:?}"),
            (None, None, None) => String::new(),
        };
        let option = self.options.secrets(self.url.as_ref()).hide(&option);
        let more = [
            self.options.described(),
            self.options.way_described(),
            self.lang.and_then(Lang::option),
        ];
        let options: Vec<_> = [Some(option)].into_iter().chain(more).flatten().collect();
        Tested { option: options.join(" "), is_running: self.url.is_some() }
    }
}
