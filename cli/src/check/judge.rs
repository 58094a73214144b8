//! Plays a check, and says what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::Value;
use tokio::time::Instant;
use ws101::address::Address;
use ws101::scenario::{Difference, Names, Note, Played, Scenario, Step};

use super::client;
use super::lesson::Check;
use super::template::Template;
use super::words::Lang;
use crate::place::{Place, moved};
use crate::program::{Program, READY};

/// How many seeds a check with random texts must pass.
const SEEDS: u32 = 3;

/// How long a server may take to listen that is built first.
const BUILT: Duration = Duration::from_secs(60);

/// Who is judged.
pub enum Candidate {
    /// A server that someone else runs, at this address.
    Url(Place, Address),
    /// A server, started here.
    Cmd(String),
    /// A client, started here for each check anew.
    Client(String),
}

/// Whoever judges a server.
pub struct Judge {
    candidate: Candidate,
    settings: Vec<(&'static str, &'static str)>,
    patience: Duration,
    /// The server that all checks share but those of its end.
    program: Option<Program>,
}

/// What came of a check.
pub struct Judged {
    /// `5.3`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// How long it took.
    pub took: Duration,
    /// The verdict.
    pub outcome: Outcome,
    /// What crossed the wire, the last time it was played.
    pub wire: String,
}

/// The verdict of a check.
pub enum Outcome {
    /// All was as it should be.
    Passed,
    /// It was not.
    Failed(Box<Explanation>),
    /// It could not be tried, and why.
    Skipped(&'static str),
}

/// Why a check failed, and what helps.
pub struct Explanation {
    /// With which seed.
    pub seed: u32,
    /// What was seen instead, if it was about something seen.
    pub difference: Option<Difference>,
    /// The reason, in a sentence.
    pub because: String,
    /// What the server complained of, or printed last if it has ended.
    pub tail: String,
    /// The section of RFC 6455, such as 5.5.2.
    pub rfc: Option<String>,
    /// The lesson's heading.
    pub lesson: Option<String>,
    /// What helps, in the language of the report.
    pub hints: Vec<String>,
}

impl Judge {
    /// A judge of that program, to be started with these settings.
    pub fn new(
        candidate: Candidate,
        settings: Vec<(&'static str, &'static str)>,
        build: bool,
    ) -> Self {
        Self { candidate, settings, patience: if build { BUILT } else { READY }, program: None }
    }

    /// Stops what was started.
    pub async fn end(&mut self) {
        if let Some(program) = self.program.take() {
            program.process.stop().await;
        }
    }

    /// Plays `check`; the error is a server that cannot be started.
    pub async fn judge(&mut self, check: &Check, seed: u32, lang: Lang) -> Result<Judged> {
        let began = Instant::now();
        let template = Template(&check.template);
        let seeds = if template.is_random() { SEEDS } else { 1 };
        let mut judged = Judged {
            number: check.number.clone(),
            title: check.title.clone(),
            took: Duration::ZERO,
            outcome: Outcome::Passed,
            wire: String::new(),
        };
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
            let (outcome, wire) = self.play(scenario, seed, lang).await?;
            (judged.outcome, judged.wire) = (outcome, wire);
            if !matches!(judged.outcome, Outcome::Passed) {
                break;
            }
        }
        judged.took = began.elapsed();
        Ok(judged)
    }

    async fn play(
        &mut self,
        scenario: Scenario,
        seed: u32,
        lang: Lang,
    ) -> Result<(Outcome, String)> {
        let ends = noted(&scenario).any(|note| matches!(note, Note::Exits(..) | Note::SignalTerm));
        let command = match &self.candidate {
            Candidate::Url(..) if ends => {
                let why = lang.pick("needs --cmd", "нужен --cmd");
                return Ok((Outcome::Skipped(why), String::new()));
            }
            Candidate::Url(place, url) => {
                let scenario = moved(scenario, url);
                let played = play(&scenario, place, |_| {}).await;
                let fault = captured_fault(&scenario, &played, lang);
                let trial = Trial::of(played, fault, String::new());
                return Ok(verdict(&scenario, trial, seed, lang));
            }
            Candidate::Client(command) => {
                let tried = client::tried(command, &scenario, self.patience, lang).await?;
                return Ok(verdict(&scenario, tried, seed, lang));
            }
            Candidate::Cmd(command) => command,
        };
        // A server that is told to end serves one check; any other serves them all.
        let mut shared = if ends { None } else { self.program.take() };
        let mut program = match shared.take_if(|program| program.process.ended().is_none()) {
            Some(program) => program,
            None => Program::start(command, &self.settings, self.patience, lang).await?,
        };
        program.process.clear_stderr();
        let place = program.place();
        let played = play(&scenario, &place, |step| {
            if step.notes.contains(&Note::SignalTerm) {
                program.process.terminate();
            }
        });
        let played = played.await;
        let mut fault = captured_fault(&scenario, &played, lang);
        if played.difference.is_none() && fault.is_none() {
            fault = exits(&scenario, &mut program, lang).await;
        }
        let ended = lang.pick("the server has ended", "сервер закончил работу");
        if played.difference.is_some() || fault.is_some() {
            program.process.catch_up().await;
        }
        let mut tail = program.process.ended_with_tail(ended);
        if tail.is_empty() {
            tail = program.process.stderr_tail(lang.pick("the server says", "сервер пишет"));
        }
        let judged = verdict(&scenario, Trial::of(played, fault, tail), seed, lang);
        if ends || program.process.ended().is_some() {
            program.process.stop().await;
        } else {
            self.program = Some(program);
        }
        Ok(judged)
    }
}

/// Puts the titles that stand in `@title` in the place of those in English.
fn translate(scenario: &mut Scenario, lang: Lang) {
    for step in &mut scenario.steps {
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

/// Plays, and leaves the server as it was found.
async fn play(scenario: &Scenario, place: &Place, before: impl FnMut(&Step)) -> Played {
    let mut played = scenario.play_with(place.transcript(), before).await;
    played.transcript.leave().await;
    played
}

/// The notes on all steps.
pub fn noted(scenario: &Scenario) -> impl Iterator<Item = &Note> {
    scenario.steps.iter().flat_map(|step| &step.notes)
}

/// What came of one playing of a check.
pub struct Trial {
    /// What crossed the wire.
    pub wire: String,
    /// What was seen instead of what was to be.
    pub difference: Option<Difference>,
    /// What else is wrong.
    pub fault: Option<String>,
    /// What the program printed last, if it has ended.
    pub tail: String,
}

impl Trial {
    fn of(played: Played, fault: Option<String>, tail: String) -> Self {
        let Played { transcript, difference, .. } = played;
        Self { wire: transcript.to_string(), difference, fault, tail }
    }
}

fn verdict(scenario: &Scenario, trial: Trial, seed: u32, lang: Lang) -> (Outcome, String) {
    let because = match (&trial.difference, trial.fault) {
        (Some(difference), _) => lang.why(&difference.why),
        (None, Some(fault)) => fault,
        (None, None) => return (Outcome::Passed, trial.wire),
    };
    let rfc = noted(scenario).find_map(|note| match note {
        Note::Rfc(section) => Some(section.clone()),
        _ => None,
    });
    let lesson = noted(scenario).find_map(|note| match note {
        Note::Lesson(heading) => Some(heading.clone()),
        _ => None,
    });
    let hints = noted(scenario).filter_map(|note| match note {
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
        difference: trial.difference,
    };
    (Outcome::Failed(Box::new(failure)), trial.wire)
}

/// What is wrong with the names that were captured.
pub fn captured_fault(scenario: &Scenario, played: &Played, lang: Lang) -> Option<String> {
    let captured = |front: &String| -> Vec<(String, Value)> {
        let of = |names: &Names, n: usize| {
            let name = if n == 0 { front.clone() } else { format!("{front}{n}") };
            names.get(&name).map(|value| (name.clone(), value.clone()))
        };
        (0..1000).filter_map(|n| of(&played.names, n)).collect()
    };
    for note in noted(scenario) {
        let Note::Distinct(front) = note else { continue };
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for (_, value) in captured(front) {
            *owners.entry(value.to_string()).or_default() += 1;
        }
        if let Some((id, count)) = owners.iter().max_by_key(|(_, count)| **count)
            && *count > 1
        {
            return Some(lang.pick(
                format!("{count} clients have one id, {id}, and each must have its own"),
                format!("у нескольких клиентов ({count}) один и тот же id {id}, а у каждого должен быть свой"),
            ));
        }
    }
    for note in noted(scenario) {
        let Note::Rising(front) = note else { continue };
        let found = captured(front);
        let numbers: Vec<_> = found.iter().map(|(_, value)| value.as_f64()).collect();
        if numbers.contains(&None) || numbers.windows(2).any(|pair| pair[1] < pair[0]) {
            let seen: Vec<_> = found.iter().map(|(_, value)| value.to_string()).collect();
            let seen = seen.join(", ");
            return Some(lang.pick(
                format!("each must be a number, and no less than the one before: {seen}"),
                format!("каждое должно быть числом не меньше предыдущего: {seen}"),
            ));
        }
    }
    for note in noted(scenario) {
        let Note::Positive(front) = note else { continue };
        for (_, value) in captured(front) {
            if value.as_f64().is_none_or(|number| number <= 0.0) {
                return Some(lang.pick(
                    format!("{value} is no number above 0"),
                    format!("{value} — это не число больше нуля"),
                ));
            }
        }
    }
    None
}

/// What is wrong with the server's end.
async fn exits(scenario: &Scenario, program: &mut Program, lang: Lang) -> Option<String> {
    let (patience, wanted) = noted(scenario).find_map(|note| match note {
        Note::Exits(time, code) => Some((*time, *code)),
        _ => None,
    })?;
    let Some(status) = program.process.exit(patience).await else {
        let time = lang.time(patience);
        return Some(lang.pick(
            format!("the server still runs {time} later"),
            format!("через {time} сервер всё ещё работает"),
        ));
    };
    let wanted = wanted?;
    match status.code() {
        Some(code) if code == wanted => {}
        Some(code) => {
            return Some(lang.pick(
                format!("the exit code is {code}, not {wanted}"),
                format!("код выхода {code}, а не {wanted}"),
            ));
        }
        None => {
            return Some(lang.pick(
                format!("there is no exit code: a signal ended the server ({status})"),
                format!("кода выхода нет: сервер завершён сигналом ({status})"),
            ));
        }
    }
    if program.is_port_free() {
        return None;
    }
    Some(lang.pick(
        "the server has ended, and its port is not free".to_owned(),
        "сервер закончил работу, а порт не свободен".to_owned(),
    ))
}
