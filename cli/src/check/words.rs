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

    /// What is wrong with what was seen.
    pub fn why(self, why: &Why) -> String {
        if self == Self::En {
            return why.to_string();
        }
        let ms = |time: &std::time::Duration| format!("{} мс", time.as_millis());
        match why {
            Why::Silence(time) => format!("за {} ничего не пришло", ms(time)),
            Why::Other => "пришло другое".to_owned(),
            Why::Differs(how) => in_russian(how),
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

/// How it differs, by the words with which the library begins to tell it; what follows is values.
const FRONTS: [(&str, &str); 12] = [
    ("the texts part at character ", "тексты расходятся на символе "),
    ("it is no JSON: ", "это не JSON: "),
    ("the status is ", "статус "),
    ("the code is ", "код "),
    ("the reason is ", "объяснение "),
    ("it carries no code", "кода в нём нет"),
    ("it came at ", "это пришло в "),
    ("its bytes are others", "байты другие"),
    ("it is torn ", "кадр оборвался "),
    ("the frame is masked: a server never masks ", "кадр с маской, а сервер её не ставит "),
    ("it has the right length, and other bytes", "длина верная, а байты другие"),
    ("the reserved bits are ", "зарезервированные биты "),
];

/// The same between the values.
const MIDDLES: [(&str, &str); 5] = [
    (" is missing", ": этого нет"),
    (" is one field too many", ": лишнее поле"),
    (", not ", ", а нужно "),
    (", but <", ", а <"),
    (" is ", ": "),
];

fn in_russian(how: &str) -> String {
    let front = FRONTS.iter().find_map(|(en, ru)| Some((*ru, how.strip_prefix(en)?)));
    let (front, mut rest) = front.map_or(("", how.to_owned()), |(ru, rest)| (ru, rest.to_owned()));
    if front.is_empty() {
        for (en, ru) in MIDDLES {
            rest = rest.replacen(en, ru, 1);
        }
    }
    format!("{front}{rest}")
}

#[cfg(test)]
mod tests {
    use super::{FRONTS, MIDDLES, in_russian};

    /// What the library says is what is translated.
    #[test]
    fn the_words_are_those_of_the_library() {
        let sources = [
            include_str!("../../../src/scenario/matching.rs"),
            include_str!("../../../src/scenario/json.rs"),
            include_str!("../../../src/scenario/player/waiting.rs"),
        ];
        for (en, _) in FRONTS.into_iter().chain(MIDDLES) {
            assert!(sources.iter().any(|source| source.contains(en)), "nobody says {en:?}");
        }
        assert_eq!(in_russian("$.value is 2, not 1"), "$.value: 2, а нужно 1");
        assert_eq!(in_russian("$.type is missing"), "$.type: этого нет");
        assert_eq!(in_russian("the code is 1002"), "код 1002");
    }
}
