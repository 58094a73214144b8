//! `ws101 record`: records what a server does as a scenario.

use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgGroup, Args};
use ws101::scenario::{NotDeterministic, RECORDINGS, Recording, Scenario};

use crate::exit::Exit;
use crate::lang::Lang;
use crate::output::{print_error, print_lines};
use crate::place::{address, moved};
use crate::play::{LINES, steps};
use crate::recorded::Recorded;
use crate::request::{RequestOptions, Secrets};
use crate::scenario_file::{ensure_somebody_acts, ensure_writable, read, text_of, write};
use crate::server::ServerUnderTest;

/// How many of the loosened lines are shown.
const LOOSENED_SHOWN: usize = 20;

/// Record what a server does when clients act, if it does the same every time.
///
/// The actions are lines such as `bob -> GET /ws` and `bob >> text "hi"`. They are
/// played 20 times; ids and times get names, and other values that differ become <*>.
/// Prints the scenario, which `play` plays.
/// Exit codes: 0 recorded, 1 not always the same, 2 could not run.
#[derive(Args)]
#[command(
    after_long_help = LINES,
    group(ArgGroup::new("server").required(true).multiple(true).args(["at", "cmd", "url"])),
    override_usage = "ws101 record [OPTIONS] <--url <URL>|--cmd <COMMAND>> [FILE]\n       ws101 record [OPTIONS] <URL> [FILE]"
)]
pub struct Record {
    /// Where the server listens, if neither --url nor --cmd says it
    url: Option<String>,
    /// The actions of the clients: a .wst file; without it, standard input
    file: Option<PathBuf>,
    /// Where the server listens, such as `ws://localhost:8080`
    #[arg(long = "url", value_name = "URL", conflicts_with = "cmd")]
    at: Option<String>,
    /// The command that starts the server, which must listen on 127.0.0.1:$PORT; it is restarted for each recording
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// Write the scenario into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The language of the verdict; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// A JSON field whose value differs from run to run
    #[arg(long, value_name = "FIELD")]
    any: Vec<String>,
    #[command(flatten)]
    options: RequestOptions,
}

impl Record {
    pub async fn run(self) -> Result<Exit> {
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let (url, file) = match (&self.at, &self.cmd, &self.url, &self.file) {
            (None, None, url, file) => (url, file.clone()),
            // An option names the server, so the one thing left to name is the file.
            (at, _, file, None) => (at, file.as_ref().map(PathBuf::from)),
            (_, _, url, Some(_)) => {
                let url = url.as_deref().unwrap_or_default();
                bail!(lang.pick(
                    format!("the server is named twice: by an option, and as {url}"),
                    format!("сервер назван дважды: параметром и как {url}"),
                ))
            }
        };
        let url = url.as_deref().map(address).transpose()?;
        if let Some(out) = &self.out {
            ensure_writable(out, lang)?;
        }
        let mut scenario = match &file {
            Some(file) => read(file, lang)?,
            None => typed(lang)?,
        };
        ensure_somebody_acts(&scenario, lang)?;
        if let Some(url) = &url {
            scenario = moved(scenario, url);
        }
        let cmd = self.cmd.as_deref();
        let (url, options) = (url.as_ref(), &self.options);
        let server = ServerUnderTest::find(url, cmd, options, &scenario, lang).await?;
        server.with(async |server| self.record(&scenario, server, lang).await).await
    }

    async fn record(
        &self,
        scenario: &Scenario,
        server: &mut ServerUnderTest,
        lang: Lang,
    ) -> Result<Exit> {
        let recorded = scenario.record_with(&mut Recorded::new(server, &self.any)).await;
        match recorded {
            Ok(recording) => self.tell(&recording, lang)?,
            Err(why) => {
                let tail = server.tail().await;
                let told = [Some(lang.unrecorded(&why)), tail].into_iter().flatten();
                let told = self.secrets().hide(&told.collect::<Vec<_>>().join("\n"));
                // Acts that cannot be done, and a server that does not start, are no verdict.
                if let NotDeterministic::Stuck(_) | NotDeterministic::Unserved(_) = why {
                    bail!(told);
                }
                print_lines!("{told}");
                return Ok(Exit::Failed);
            }
        }
        Ok(Exit::Passed)
    }

    /// Writes the recording, and tells what is not as it came the first time. Only the recording itself
    /// goes to standard output if there is no file.
    fn tell(&self, recording: &Recording, lang: Lang) -> Result<()> {
        let secrets = self.secrets();
        let text = self.text(&recording.scenario);
        let mut told = Vec::new();
        let count = recording.loosened.len();
        match &self.out {
            None => print_lines!("{}", text.trim_end_matches('\n')),
            Some(file) => {
                write(file, &text, lang)?;
                let steps = steps(recording.scenario.steps.len(), lang);
                let how = match count {
                    0 => lang.pick("times the same", "раз одно и то же"),
                    _ => lang.pick("times", "раз"),
                };
                let recorded = lang.pick("recorded", "записано");
                let file = file.display();
                told.push(format!("{recorded}: {file}, {steps}, {RECORDINGS} {how}"));
            }
        }
        told.extend(recording.quiet.map(|quiet| {
            let quiet = lang.time(quiet);
            lang.pick(
                format!("answers came late, so the file says how long to listen: @quiet {quiet}"),
                format!("ответы приходили поздно, поэтому в файле указано, сколько слушать: @quiet {quiet}"),
            )
        }));
        if recording.without_pings {
            told.push(
                lang.pick(
                    "the server pings on its own, so the file leaves pings out: @ignore ping"
                        .to_owned(),
                    "сервер сам шлёт ping, поэтому в файле они не сравниваются: @ignore ping"
                        .to_owned(),
                ),
            );
        }
        if count > 0 {
            told.push(lang.pick(
                format!("loosened, because it differed from run to run: {count}"),
                format!("ослаблено, потому что отличалось от запуска к запуску: {count}"),
            ));
        }
        for loosened in recording.loosened.iter().take(LOOSENED_SHOWN) {
            told.push(format!("  {}", secrets.hide(&loosened.line)));
            told.push(format!("  # {}", secrets.hide(&loosened.first)));
        }
        if count > LOOSENED_SHOWN {
            told.push("  ...".to_owned());
        }
        for line in told {
            match &self.out {
                Some(_) => print_lines!("{line}"),
                None => print_error(format_args!("{line}")),
            }
        }
        Ok(())
    }

    /// The file of a recording: the options that it was made with, and the scenario, without secrets.
    fn text(&self, recorded: &Scenario) -> String {
        let options = self.options.described();
        let options =
            options.map_or(String::new(), |options| format!("# recorded with {options}\n"));
        format!("{options}{}", self.secrets().hide(&recorded.to_string()))
    }

    fn secrets(&self) -> Secrets {
        // With --url, the first argument is the file.
        let url = self.at.as_deref().or(self.url.as_deref());
        self.options.secrets(url.and_then(|url| address(url).ok()).as_ref())
    }
}

fn typed(lang: Lang) -> Result<Scenario> {
    if stdin().is_terminal() {
        let ask = lang.pick(
            "What do the clients do? Such as: bob -> GET /ws. Ctrl-D ends it.",
            "Что делают клиенты? Например: bob -> GET /ws. В конце Ctrl-D.",
        );
        print_error(format_args!("{ask}"));
    }
    let text =
        text_of(stdin()).with_context(|| lang.pick("no text came in", "текста не прислали"))?;
    let input = lang.pick("standard input", "стандартный ввод");
    text.parse().map_err(|error| anyhow!("{input}: {}", lang.mistake(&error)))
}
