//! What the report says, in two languages.

use std::env;

use clap::ValueEnum;
use ws101::scenario::Why;

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

    /// The heading of a lesson, which its checks name in English.
    pub fn heading(self, anchor: &str) -> &str {
        match anchor {
            "#the-idea" => self.pick(anchor, "#идея"),
            "#the-code" => self.pick(anchor, "#код"),
            "#on-the-wire" => self.pick(anchor, "#на-проводе"),
            "#the-trap" => self.pick(anchor, "#ловушка"),
            other => other,
        }
    }

    /// What is wrong with what was seen.
    pub fn why(self, why: &Why) -> String {
        if self == Self::En {
            return why.to_string();
        }
        let ms = |time: &std::time::Duration| format!("{} мс", time.as_millis());
        match why {
            Why::Silence(time) => format!("за {} ничего не пришло", ms(time)),
            Why::Other => "пришло другое".to_owned(),
            Why::Differs(how) => how.clone(),
            Why::Early(time) => format!("пришло через {}, слишком рано", ms(time)),
            Why::Late(time) => format!("пришло через {}, слишком поздно", ms(time)),
            Why::Unexpected => "этого не ждали".to_owned(),
            Why::NotConnected => "соединение закончилось или не началось".to_owned(),
            Why::Unknown(name) => format!("{name} ничего не значит: раньше этого не было"),
            Why::Flood => "пришло так быстро, что не всё удалось услышать".to_owned(),
            Why::Endless(time) => format!("всё вместе заняло больше чем {}", ms(time)),
        }
    }
}
