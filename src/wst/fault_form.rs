//! Reads a rule from its written form.

use std::str::FromStr;
use std::time::Duration;

use super::fault::{FORMS, Fault, FrameKind, Refusal, Rule};
use crate::escape::Shown;
use crate::frame::{CLOSE_REASON_LIMIT, Header, Opcode, Role};

/// The most bytes that are forged: a header and what a small frame carries.
const FORGED: usize = Header::MAX_SIZE + 1024;

/// The longest time of a fault: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// The first word is no fault.
    #[error("{found} is no fault: there are {forms}", forms = FORMS.join(", "))]
    Unknown {
        /// The word.
        found: Shown,
    },
    /// A known fault, written in another way.
    #[error("{found} is not of the form: {form} {SCOPE}")]
    Form {
        /// The words that were written.
        found: Shown,
        /// How it is written.
        form: &'static str,
    },
}

/// The words that may stand behind each fault.
pub(super) const SCOPE: &str = "[from client|server] [on c1|/path] [after N]";

impl FaultError {
    /// The right form.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Unknown { .. } => format!("one of {}, off", FORMS.join(", ")),
            Self::Form { form, .. } => format!("{form} {SCOPE}"),
        }
    }

    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Unknown { found } => {
                format!("неисправности {found} нет, есть такие: {}", FORMS.join(", "))
            }
            Self::Form { found, form } => {
                format!("{found} записано не так, вот форма: {form} {SCOPE}")
            }
        }
    }
}

impl FromStr for Rule {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let text = text.trim();
        let word = text.split_whitespace().next().unwrap_or_default();
        let form = FORMS.iter().find(|form| form.split(' ').next() == Some(word));
        let form = *form.ok_or_else(|| FaultError::Unknown { found: Shown::of(word) })?;
        let rule = rule(word, text[word.len()..].trim());
        rule.ok_or_else(|| FaultError::Form { found: Shown::of(text), form })
    }
}

fn rule(word: &str, rest: &str) -> Option<Rule> {
    // A quoted reason may hold the words that follow a fault, so it is taken out first.
    let (rest, reason) = match rest.split_once('"') {
        Some((front, quoted)) => {
            let (reason, behind) = quoted.split_once('"')?;
            (format!("{front} {behind}"), Some(reason.to_owned()))
        }
        None => (rest.to_owned(), None),
    };
    if reason.is_some() && word != "close" {
        return None;
    }
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let at = words.iter().position(|word| ["from", "on", "after"].contains(word));
    let scope = words.split_off(at.unwrap_or(words.len()));
    let fault = fault(word, &words, reason)?;
    let mut rule = Rule { fault, from: None, socket: None, path: None, after: 0 };
    let (pairs, []) = scope.as_chunks::<2>() else { return None };
    for [key, value] in pairs {
        match (*key, *value) {
            ("from", "client") if rule.from.is_none() => rule.from = Some(Role::Client),
            ("from", "server") if rule.from.is_none() => rule.from = Some(Role::Server),
            ("on", path) if path.starts_with('/') && rule.path.is_none() => {
                rule.path = Some(path.to_owned());
            }
            ("on", name) if rule.socket.is_none() => {
                rule.socket = Some(name.strip_prefix('c').unwrap_or(name).parse().ok()?);
            }
            ("after", frames) if rule.after == 0 => rule.after = frames.parse().ok()?,
            _ => return None,
        }
    }
    let is_sound = match rule.fault {
        Fault::Refuse(_) => rule.after == 0 && rule.from.is_none(),
        Fault::Close(..) | Fault::Reset | Fault::Silence => rule.from.is_none(),
        Fault::Forge(_) => rule.from.is_some(),
        _ => true,
    };
    is_sound.then_some(rule)
}

fn fault(word: &str, words: &[&str], reason: Option<String>) -> Option<Fault> {
    Some(match (word, words) {
        ("close", []) => Fault::Close(1000, reason.unwrap_or_default()),
        ("close", [code]) => {
            let reason = reason.unwrap_or_default();
            if reason.len() > CLOSE_REASON_LIMIT {
                return None;
            }
            Fault::Close(code.parse().ok()?, reason)
        }
        ("reset", []) => Fault::Reset,
        ("silence", []) => Fault::Silence,
        ("cut", [bytes]) => Fault::Cut(bytes.parse().ok()?),
        ("refuse", ["nothing"]) => Fault::Refuse(Refusal::Nothing),
        ("refuse", [status]) => {
            let status = status.parse().ok().filter(|status| (400..600).contains(status))?;
            Fault::Refuse(Refusal::Status(status))
        }
        ("slow", []) => Fault::Slow(1024),
        ("slow", [bytes]) => Fault::Slow(positive(bytes)?),
        ("split", []) => Fault::Split(1),
        ("split", [bytes]) => Fault::Split(usize::try_from(positive(bytes)?).ok()?),
        ("coalesce", [duration]) => Fault::Coalesce(time(duration)?),
        ("forge", [_, ..]) => Fault::Forge(hex(&words.concat())?),
        ("drop", [word]) => Fault::Drop(kind(word)?),
        ("delay", [word, duration]) => Fault::Delay(kind(word)?, time(duration)?),
        ("duplicate", [word]) => Fault::Duplicate(kind(word)?),
        ("reorder", [word]) => Fault::Reorder(kind(word)?),
        ("flip", [word]) => Fault::Flip(kind(word)?),
        _ => return None,
    })
}

fn positive(text: &str) -> Option<u64> {
    text.parse().ok().filter(|&number| number > 0)
}

/// `300ms`, `5s`.
fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let number: u64 = number.parse().ok()?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return None,
    };
    (time <= LONGEST).then_some(time)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes = pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<_>>>().filter(|bytes| bytes.len() <= FORGED)
}

fn kind(word: &str) -> Option<FrameKind> {
    if matches!(word, "frame" | "frames") {
        return Some(FrameKind::Any);
    }
    (0..=15).map(Opcode::from_bits).find(|opcode| opcode.to_string() == word).map(FrameKind::Of)
}

#[cfg(test)]
mod tests {
    use super::{FORMS, Rule};

    #[test]
    fn a_rule_reads_back_as_it_is_written() {
        let mut words = std::collections::BTreeSet::new();
        for text in [
            "close 1000",
            "close 4000 \"on after from\" on /chat after 3",
            "reset after 5",
            "silence on c3",
            "cut 100 from server",
            "refuse 404",
            "refuse nothing on /ws",
            "slow 1024 from server",
            "split 1",
            "coalesce 50ms",
            "forge 81 02 68 69 from client after 2",
            "drop pong",
            "delay pong 5000ms from client",
            "duplicate text",
            "reorder frame from server on c2 on /ws after 7",
            "flip opcode=3",
        ] {
            let rule: Rule = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(rule.to_string(), text);
            words.insert(text.split(' ').next().unwrap());
        }
        assert_eq!(words.len(), FORMS.len(), "each is tried");
        let same = [
            ("close", "close 1000"),
            ("slow", "slow 1024"),
            ("delay pong 5s", "delay pong 5000ms"),
        ];
        for (short, long) in same {
            assert_eq!(short.parse::<Rule>(), long.parse::<Rule>());
        }
    }

    #[test]
    fn what_is_no_rule_is_told_with_the_form() {
        for (text, told) in [
            ("", "is no fault: there are close CODE"),
            ("explode", "explode is no fault"),
            ("close x", "close CODE [\"REASON\"]"),
            ("close 1000 \"open", "close CODE"),
            ("reset now", "form: reset"),
            ("reset from client", "form: reset"),
            ("refuse 200", "refuse 404|403|503|nothing"),
            ("refuse 404 after 3", "refuse 404"),
            ("forge 8102", "from client|server"),
            ("forge 81 0 from client", "forge HEX"),
            ("delay pong", "delay KIND TIME"),
            ("delay pong 5y", "delay KIND TIME"),
            ("drop ponk", "drop KIND"),
            ("drop pong on", "[on c1|/path]"),
            ("slow 0", "slow BYTES"),
            ("split 0", "split BYTES"),
            ("drop \"x\" pong", "drop KIND"),
        ] {
            let error = text.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
