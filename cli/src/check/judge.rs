//! Plays a check and gives its result.

use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::Instant;
use ws101::address::Address;
use ws101::scenario::{Difference, Item, Mismatch, Note, Scenario, ScenarioLine, Step};

use super::client;
use super::lesson::Check;
use super::template::Template;
use super::trial::Trial;
use crate::attempt::{Attempt, LATE};
use crate::lang::Lang;
use crate::notes::{ends, noted};
use crate::place::{Place, moved};
use crate::program::{Program, READY};
use crate::request::{RequestOptions, Secrets};

/// How many seeds a check with random texts must pass.
const SEEDS: u32 = 3;

/// How often a check that failed must pass on the same server, so that a fault of every ninth message is seen
/// again.
const STEADY: u32 = 6;

/// How long a server that is built first may take until it listens.
const BUILD_TIMEOUT: Duration = Duration::from_secs(60);

/// The program under test.
pub enum Candidate {
    /// A server that runs already, at this address.
    Url(Place, Address),
    /// A server that the judge starts with this command, and sends requests with these options.
    Cmd(String, Box<RequestOptions>),
    /// A client that the judge starts with this command, once for each check.
    Client(String),
}

/// Plays checks against one program, and stops the program afterwards.
pub struct Judge {
    candidate: Candidate,
    settings: Vec<(&'static str, &'static str)>,
    timeout: Duration,
    /// The started server. All checks share it, except those that end it.
    program: Option<Program>,
    /// Whether the last play leaves no doubt: a server of its own said nothing at all, or died; or a client did
    /// something else than to be late.
    is_beyond_doubt: bool,
    /// The first check that failed on the shared server only, for what earlier checks had left there.
    suspect: Option<Judged>,
}

/// The result of a check.
pub struct Judged {
    /// `5.3`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// How long it took.
    pub took: Duration,
    /// Whether it passed.
    pub outcome: Outcome,
    /// Whether it failed the first time, and was played again.
    pub is_replayed: bool,
    /// Whether it passed only when it was played again, on the same server and on a new one.
    pub is_unsteady: bool,
    /// The transcript of the last time it was played.
    pub wire: String,
}

impl Judged {
    /// A check that could not be played, and why.
    pub fn unplayed(check: &Check, why: String) -> Self {
        Self::new(check, Outcome::Unknown(why))
    }

    fn new(check: &Check, outcome: Outcome) -> Self {
        Self {
            number: check.number.clone(),
            title: check.title.clone(),
            took: Duration::ZERO,
            outcome,
            is_replayed: false,
            is_unsteady: false,
            wire: String::new(),
        }
    }

    /// The same without secrets.
    #[must_use]
    pub fn hiding(mut self, secrets: &Secrets) -> Self {
        self.wire = secrets.hide(&self.wire);
        if let Outcome::Unknown(why) = &mut self.outcome {
            *why = secrets.hide(why);
        }
        if let Outcome::Failed(failure) = &mut self.outcome {
            failure.because = secrets.hide(&failure.because);
            failure.tail = secrets.hide(&failure.tail);
            if let Some(difference) = &mut failure.difference {
                difference.expected = secrets.hide(&difference.expected);
                difference.seen = difference.seen.as_ref().map(|seen| secrets.hide(seen));
            }
        }
        self
    }
}

/// Whether a check passed.
pub enum Outcome {
    /// No difference.
    Passed,
    /// A difference or a fault.
    Failed(Box<Explanation>),
    /// It cannot be played with this kind of program: why.
    Skipped(&'static str),
    /// The program cannot be started, or the machine was too busy to tell: what was seen, and how long the program
    /// waited for a processor.
    Unknown(String),
}

/// Why a check failed, and the hints.
pub struct Explanation {
    /// The seed that it failed with.
    pub seed: u32,
    /// The first difference from the scenario, if there is one.
    pub difference: Option<Difference>,
    /// The reason, in a sentence.
    pub because: String,
    /// The last lines of the server on standard error; if it has ended, of all its output.
    pub tail: String,
    /// The section of RFC 6455, such as 5.5.2.
    pub rfc: Option<String>,
    /// The heading on the lesson's page.
    pub lesson: Option<String>,
    /// The hints, in the language of the report.
    pub hints: Vec<String>,
}

impl Judge {
    /// A judge of this program, which is started with these settings in its environment.
    pub fn new(
        candidate: Candidate,
        settings: Vec<(&'static str, &'static str)>,
        build: bool,
    ) -> Self {
        Self {
            candidate,
            settings,
            timeout: if build { BUILD_TIMEOUT } else { READY },
            program: None,
            is_beyond_doubt: false,
            suspect: None,
        }
    }

    /// The first check that failed on the shared server, and not on a server of its own.
    ///
    /// Another check is about what broke the shared server, and fails on a server of its own. If none does,
    /// this one has failed.
    pub fn suspect(&mut self) -> Option<Judged> {
        self.suspect.take()
    }

    /// Stops the program if it was started here.
    pub async fn end(&mut self) {
        if let Some(program) = self.program.take() {
            program.process.stop().await;
        }
    }

    /// Plays `check`, with up to three seeds, and gives its result.
    ///
    /// # Errors
    ///
    /// The program cannot be started, or the scenario of the check cannot be parsed.
    pub async fn judge(&mut self, check: &Check, seed: u32, lang: Lang) -> Result<Judged> {
        let began = Instant::now();
        let template = Template(&check.template);
        let seeds = if template.is_random() { SEEDS } else { 1 };
        let mut judged = Judged::new(check, Outcome::Passed);
        for seed in (0..seeds).map(|n| seed.wrapping_add(n)) {
            let text = template.fill(seed);
            let mut scenario: Scenario =
                text.parse().map_err(|error| anyhow!("check {}: {error}", check.number))?;
            translate(&mut scenario, lang);
            if let Some(title) =
                scenario.steps.iter().find_map(|step| step.title.strip_prefix(&check.number))
            {
                title.trim_start().clone_into(&mut judged.title);
            }
            let (outcome, wire) = self.play(&scenario, seed, lang, false).await?;
            (judged.outcome, judged.wire) = (outcome, wire);
            let is_started_here = !matches!(self.candidate, Candidate::Url(..));
            if is_started_here
                && !self.is_beyond_doubt
                && matches!(judged.outcome, Outcome::Failed(_) | Outcome::Unknown(_))
            {
                self.play_again(&mut judged, &scenario, seed, lang).await?;
            }
            if !matches!(judged.outcome, Outcome::Passed) {
                break;
            }
        }
        judged.took = began.elapsed();
        Ok(judged)
    }

    /// Plays a check that failed on a server of its own, and if it passes there, where it failed.
    ///
    /// So a check is not blamed for what the ones before it left on the server, nor a server for a busy
    /// machine. A check that fails on a new server has failed.
    async fn play_again(
        &mut self,
        judged: &mut Judged,
        scenario: &Scenario,
        seed: u32,
        lang: Lang,
    ) -> Result<()> {
        judged.is_replayed = true;
        let shared = self.program.take();
        let was_shared = shared.is_some();
        let (outcome, wire) = self.play(scenario, seed, lang, true).await?;
        if let Outcome::Failed(_) | Outcome::Unknown(_) = outcome {
            (judged.outcome, judged.wire) = (outcome, wire);
            return Ok(());
        }
        let own = std::mem::replace(&mut self.program, shared);
        let is_always_alone = ends(scenario) || matches!(self.candidate, Candidate::Client(_));
        if was_shared || is_always_alone {
            let times = if is_always_alone { 1 } else { STEADY };
            let (again, wire) = self.play_steadily(scenario, seed, lang, times).await?;
            judged.is_unsteady = matches!(again, Outcome::Passed);
            if judged.is_unsteady || is_always_alone {
                (judged.outcome, judged.wire) = (again, wire);
                return Ok(());
            }
        }
        let failed = Judged {
            number: judged.number.clone(),
            title: judged.title.clone(),
            took: judged.took,
            outcome: std::mem::replace(&mut judged.outcome, outcome),
            is_replayed: true,
            is_unsteady: false,
            wire: std::mem::replace(&mut judged.wire, wire),
        };
        self.suspect.get_or_insert(failed);
        // A server that failed a check serves no other.
        if let Some(program) = std::mem::replace(&mut self.program, own) {
            program.process.stop().await;
        }
        Ok(())
    }

    /// Plays a check so many times, or until it does not pass.
    async fn play_steadily(
        &mut self,
        scenario: &Scenario,
        seed: u32,
        lang: Lang,
        times: u32,
    ) -> Result<(Outcome, String)> {
        let mut last = self.play(scenario, seed, lang, false).await?;
        for _ in 1..times {
            if !matches!(last.0, Outcome::Passed) {
                break;
            }
            last = self.play(scenario, seed, lang, false).await?;
        }
        Ok(last)
    }

    /// Plays a check once: on a server of its own if it ends its server or `is_alone`, else on the shared one.
    async fn play(
        &mut self,
        scenario: &Scenario,
        seed: u32,
        lang: Lang,
        is_alone: bool,
    ) -> Result<(Outcome, String)> {
        let ends = ends(scenario);
        let (command, options) = match &self.candidate {
            Candidate::Url(..) if ends => {
                let why = lang.pick("needs --cmd", "нужен --cmd");
                return Ok((Outcome::Skipped(why), String::new()));
            }
            Candidate::Url(place, url) => {
                let scenario = moved(scenario.clone(), url);
                let attempt = Attempt::elsewhere(place, &scenario, LATE, lang).await;
                return Ok(outcome(&scenario, attempt.into(), seed, lang));
            }
            Candidate::Client(command) => {
                let tried = client::tried(command, scenario, self.timeout, lang).await?;
                self.is_beyond_doubt = tried.is_beyond_doubt;
                return Ok(outcome(scenario, tried, seed, lang));
            }
            Candidate::Cmd(command, options) => (command, options),
        };
        // A check that ends the server gets one of its own; all other checks share one.
        let mut shared = if ends || is_alone { None } else { self.program.take() };
        let is_new = shared.is_none();
        let mut program = match shared.take() {
            // If it has ended since the last check, this one tells it.
            Some(program) => program,
            None => Program::start(command, &self.settings, self.timeout, lang).await?,
        };
        let place = program.place().asking(options);
        let attempt = Attempt::with(&mut program, &place, scenario, LATE, lang).await;
        self.is_beyond_doubt = is_new
            && !attempt.passed()
            && attempt.starved.is_none()
            && (attempt.fault.is_some() || !attempt.played.transcript.has_received());
        // A server that is dead in any way serves no other check.
        if ends || attempt.fault.is_some() || program.process.ended().is_some() {
            program.process.stop().await;
        } else {
            self.program = Some(program);
        }
        Ok(outcome(scenario, attempt.into(), seed, lang))
    }
}

/// Replaces the English titles by those of the `@title` notes, and the remarks by those in the language of the
/// report.
fn translate(scenario: &mut Scenario, lang: Lang) {
    for step in &mut scenario.steps {
        remarks(step, lang);
        let title = step.notes.iter().find_map(|note| match note {
            Note::Title(language, title) if language == lang.code() => Some(title.clone()),
            _ => None,
        });
        let Some(title) = title else { continue };
        let number = step.title.split(' ').next().filter(|word| word.contains('.'));
        step.title = match number {
            Some(number) => format!("{number} {title}"),
            None => title,
        };
    }
}

/// Keeps the remarks in the language of the report. Below each English one stands the Russian: `# ru: ...`.
fn remarks(step: &mut Step, lang: Lang) {
    let mut kept = Vec::new();
    for mut line in std::mem::take(&mut step.lines) {
        match &mut line.item {
            Item::Comment(text) => match (lang, text.strip_prefix("ru: ")) {
                (Lang::En, Some(_)) => {}
                (Lang::Ru, Some(russian)) => {
                    *text = russian.to_owned();
                    // It stands in the place of the English one.
                    kept.pop_if(|before: &mut ScenarioLine| {
                        matches!(before.item, Item::Comment(_))
                    });
                    kept.push(line);
                }
                (_, None) => kept.push(line),
            },
            _ => kept.push(line),
        }
    }
    step.lines = kept;
}

fn outcome(scenario: &Scenario, trial: Trial, seed: u32, lang: Lang) -> (Outcome, String) {
    let because = match (&trial.difference, trial.fault) {
        (_, Some(fault)) => fault,
        (Some(difference), None) => lang.why(&difference.why),
        (None, None) => return (Outcome::Passed, trial.wire),
    };
    if let Some(waited) = trial.starved {
        return (Outcome::Unknown(lang.unknown_here(&because, waited)), trial.wire);
    }
    let rfc = noted(scenario).find_map(|note| match note {
        Note::Rfc(section) => Some(section.clone()),
        _ => None,
    });
    let lesson = noted(scenario).find_map(|note| match note {
        Note::Lesson(heading) => Some(heading.clone()),
        _ => None,
    });
    // The hints of the step that failed come first.
    let failed = trial.difference.as_ref().and_then(|it| scenario.steps.get(it.step));
    let (nearest, others): (Vec<_>, Vec<_>) =
        noted(scenario).partition(|note| failed.is_some_and(|step| step.notes.contains(note)));
    let hints = nearest.into_iter().chain(others).filter_map(|note| match note {
        Note::Hint(language, hint) if language == lang.code() => Some(hint.clone()),
        _ => None,
    });
    let failure = Explanation {
        seed,
        because,
        tail: trial.tail,
        rfc,
        lesson,
        hints: hints.collect(),
        // No line shows it: the sentence says all.
        difference: trial.difference.filter(|it| !matches!(it.why, Mismatch::BreaksNote(_))),
    };
    (Outcome::Failed(Box::new(failure)), trial.wire)
}
