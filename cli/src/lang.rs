//! The language of reports: English or Russian.

mod russian;

use std::env;
use std::process::ExitStatus;
use std::time::Duration;

use clap::ValueEnum;
use ws101::client::Fact;
use ws101::doctor::{Cause, Diagnosis, Evidence, Reaction};
use ws101::scenario::{Difference, Mismatch, NotDeterministic};

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
