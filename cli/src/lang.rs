//! The language of reports: English or Russian.

mod russian;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use clap::ValueEnum;
use ws101::client::{Fact, error_in_russian};
use ws101::doctor::{Cause, Diagnosis, Evidence, Reaction};
use ws101::scenario::{Difference, Mismatch, NotDeterministic, ParseError};

use crate::form::Form;
use crate::strain::tenths;

/// A language of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// The language of `LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set; English for any but Russian.
    pub fn of_environment() -> Self {
        let set =
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| env::var(name).ok());
        let first = set.into_iter().find(|value| !value.is_empty());
        if first.is_some_and(|value| value.starts_with("ru")) { Self::Ru } else { Self::En }
    }

    /// The language that the command line asks for, be it malformed; else that of the environment.
    pub fn of_arguments(arguments: impl Iterator<Item = OsString>) -> Self {
        let words: Vec<_> = arguments.filter_map(|word| word.into_string().ok()).collect();
        let behind = words.windows(2).find(|pair| pair[0] == "--lang").map(|pair| &*pair[1]);
        let joined = words.iter().find_map(|word| word.strip_prefix("--lang="));
        match behind.or(joined) {
            Some("ru") => Self::Ru,
            Some("en") => Self::En,
            _ => Self::of_environment(),
        }
    }

    /// The option that asks for this language, if it is not that of the environment.
    pub fn option(self) -> Option<String> {
        (self != Self::of_environment()).then(|| format!("--lang {}", self.code()))
    }

    /// Its code in the notes of scenarios: `en`, `ru`.
    pub fn code(self) -> &'static str {
        self.pick("en", "ru")
    }

    /// The one of the two that is in this language.
    pub fn pick<T>(self, en: T, ru: T) -> T {
        match self {
            Self::En => en,
            Self::Ru => ru,
        }
    }

    /// The sentence of the doctor's.
    pub fn cause(self, cause: &Cause) -> String {
        self.pick(cause.to_string(), cause.in_russian())
    }

    /// The one sentence of the doctor's: the cause, or that there is none.
    pub fn diagnosis(self, diagnosis: &Diagnosis) -> String {
        let well = self.pick("it opens and answers", "открывается и отвечает");
        diagnosis.cause.as_ref().map_or(well.to_owned(), |cause| self.cause(cause))
    }

    /// A finding of the way to a server.
    pub fn fact(self, fact: &Fact) -> String {
        self.pick(fact.to_string(), fact.in_russian())
    }

    /// A step of the doctor's: one line or two.
    pub fn evidence(self, step: &Evidence) -> String {
        self.pick(step.to_string(), step.in_russian())
    }

    /// The reaction of a server to the test of a rule.
    pub fn reaction(self, reaction: Reaction) -> String {
        self.pick(reaction.to_string(), reaction.in_russian())
    }

    /// The sentence about a difference.
    pub fn why(self, why: &Mismatch) -> String {
        match self {
            Self::En => why.to_string(),
            Self::Ru => why.in_russian(),
        }
    }

    /// The fault of a program that may have been late because the machine was busy.
    pub fn unknown_here(self, because: &str, waited: Duration) -> String {
        let time = self.time(tenths(waited));
        self.pick(
            format!(
                "not known on this machine: {because}, but the program waited {time} for a processor; \
                 try again when less is running"
            ),
            format!(
                "на этой машине не узнать: {because}, но программа {time} ждала процессора; повторите, \
                 когда машина свободнее"
            ),
        )
    }

    /// A mistake in a scenario.
    pub fn mistake(self, error: &ParseError) -> String {
        self.pick(error.to_string(), error.in_russian())
    }

    /// A file cannot be written; the reason follows.
    pub fn cannot_write(self, file: &Path) -> String {
        let file = file.display();
        self.pick(format!("cannot write {file}"), format!("не удалось записать {file}"))
    }

    /// An error with its causes, each after a colon.
    pub fn error(self, error: &anyhow::Error) -> String {
        let told = |cause: &(dyn Error + 'static)| match (
            cause.downcast_ref::<io::Error>(),
            cause.downcast_ref::<Form>(),
        ) {
            (Some(error), _) => self.io(error),
            (None, Some(form)) => self.pick(form.english(), form.russian()).to_owned(),
            (None, None) => cause.to_string(),
        };
        error.chain().map(told).collect::<Vec<_>>().join(": ")
    }

    /// An error of the system. The English words are the system's own.
    pub fn io(self, error: &io::Error) -> String {
        self.pick(error.to_string(), error_in_russian(error.kind()))
    }

    /// A signal asked this command to end.
    pub fn interrupted(self, signal: &str) -> String {
        self.pick(format!("interrupted by {signal}"), format!("прервано сигналом {signal}"))
    }

    /// How a process ended: `exit status: 1`, `signal: 9 (SIGKILL)`.
    pub fn status(self, status: ExitStatus) -> String {
        match self {
            Self::En => status.to_string(),
            Self::Ru => russian::status(status),
        }
    }

    /// A difference with all its parts.
    pub fn difference(self, difference: &Difference) -> String {
        match self {
            Self::En => difference.to_string(),
            Self::Ru => difference.in_russian(),
        }
    }

    /// Why there is no recording.
    pub fn unrecorded(self, why: &NotDeterministic) -> String {
        match self {
            Self::En => why.to_string(),
            Self::Ru => why.in_russian(),
        }
    }

    /// A time in words: `300 ms`, `4.5 s`.
    pub fn time(self, time: Duration) -> String {
        match (self, time.as_secs_f64()) {
            (Self::En, secs) if secs < 1.0 => format!("{} ms", time.as_millis()),
            (Self::En, secs) => format!("{secs} s"),
            (Self::Ru, _) => russian::time(time),
        }
    }

    /// The anchor of a section on a lesson's page, by its English anchor.
    pub fn anchor(self, section: &str) -> &str {
        match self {
            Self::En => section,
            Self::Ru => russian::anchor(section),
        }
    }
}
