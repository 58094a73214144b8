//! What the report says, in two languages.

mod russian;

use std::env;
use std::time::Duration;

use clap::ValueEnum;
use ws101::scenario::Mismatch;

/// A language of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// As `LC_ALL` or `LANG` says, English if they say something else.
    pub fn of_environment() -> Self {
        let set =
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| env::var(name).ok());
        let first = set.into_iter().find(|value| !value.is_empty());
        if first.is_some_and(|value| value.starts_with("ru")) { Self::Ru } else { Self::En }
    }

    /// As notes of scenarios name it.
    pub fn code(self) -> &'static str {
        self.pick("en", "ru")
    }

    /// The text in this language.
    pub fn pick<T>(self, en: T, ru: T) -> T {
        match self {
            Self::En => en,
            Self::Ru => ru,
        }
    }

    /// What is wrong with what was seen.
    pub fn why(self, why: &Mismatch) -> String {
        match self {
            Self::En => why.to_string(),
            Self::Ru => russian::why(why),
        }
    }

    /// A time, as people say it.
    pub fn time(self, time: Duration) -> String {
        match (self, time.as_secs_f64()) {
            (Self::En, secs) if secs < 1.0 => format!("{} ms", time.as_millis()),
            (Self::En, secs) => format!("{secs} s"),
            (Self::Ru, _) => russian::time(time),
        }
    }

    /// The anchor of a section that all lesson pages have, by its name in English.
    pub fn anchor(self, section: &str) -> &str {
        match self {
            Self::En => section,
            Self::Ru => russian::anchor(section),
        }
    }
}
