//! The `@` lines: settings of a scenario and notes for the grader.

use std::fmt;
use std::time::Duration;

use super::cursor::{Cursor, Parsed};
use super::text::Text;
use super::time::{duration, seconds};
use crate::frame::Opcode;

/// For each note the words that must follow it, for the error message.
pub(super) const NOTES: [(&str, &str); 21] = [
    (
        "quiet",
        "a time such as 50ms: how long the clients of a real server go on reading at the end of a step",
    ),
    ("timeout", "a time such as 5s: how long anything expected may take"),
    ("fence", "off: a real server is not asked by pings whether it is done"),
    (
        "ignore",
        "kinds of frames such as ping, or types of JSON such as type=stats: they are not compared",
    ),
    ("seed", "a number, from which all follows that is random in the faults"),
    ("open", "nothing: events beyond the expected ones are not compared"),
    ("rfc", "a section of RFC 6455, such as 5.6"),
    ("lesson", "a lesson's heading, such as #the-trap"),
    ("hint", "a language, en or ru, and a text in quotes"),
    ("why", "a language, en or ru, and a text in quotes"),
    ("title", "a language, en or ru, and a text in quotes"),
    ("must", "nothing"),
    ("env", "a setting for the server's environment, and its value"),
    ("signal", "TERM, which the server gets before the step"),
    ("exits", "a time by which the server has exited, and its exit code if it matters"),
    ("client", "the trial of a client that is under test"),
    ("distinct", "the front of names that stand for different things"),
    ("rising", "the front of names that stand for numbers, none smaller than the one before"),
    ("positive", "the front of names that stand for numbers above 0"),
    ("between", "the front of names that stand for numbers, the least number and the greatest"),
    (
        "grows",
        "the front of names that stand for numbers, and by how much the last is above the first: at least and at most",
    ),
];

/// The languages of hints, reasons and titles.
const LANGUAGES: [&str; 2] = ["en", "ru"];

/// The kinds of frames that `@ignore` can name.
const IGNORABLE: [Opcode; 6] =
    [Opcode::Text, Opcode::Binary, Opcode::Continuation, Opcode::Ping, Opcode::Pong, Opcode::Close];

/// A note. Before the first step it is for the whole scenario, else for its step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// `@quiet 50ms`: how long the clients of a real server go on reading at the end of a step.
    Quiet(Duration),
    /// `@timeout 2s`: how long anything expected may take; 5 s without it.
    Timeout(Duration),
    /// `@fence off`: no pings are sent to ask a real server whether it is done.
    FenceOff,
    /// `@ignore ping type=stats`: frames of these kinds are not compared, nor JSON of such a `type`.
    Ignore(Vec<String>),
    /// `@seed 7`: what is random in the faults follows from it; 0 without it.
    Seed(u64),
    /// `@open`: events that nothing expects are not a difference.
    Open,
    /// `@rfc 5.6`: the section of RFC 6455 that has the rule.
    Rfc(String),
    /// `@lesson #the-trap`: the heading of the lesson that explains it.
    Lesson(String),
    /// `@hint en "One loop over all clients."`: a hint in this language.
    Hint(String, String),
    /// `@why en "…"`: the reason of the rule in this language.
    Why(String, String),
    /// `@title ru "…"`: the title in another language.
    Title(String, String),
    /// `@must`: a rule, not advice.
    Must,
    /// `@env WS_STATS_MS 300`: a setting for the server's environment.
    Env(String, String),
    /// `@signal TERM`: the server gets SIGTERM before the step.
    SignalTerm,
    /// `@exits 3s 0`: the server must have exited by then, with this exit code if one is given.
    Exits(Duration, Option<i32>),
    /// `@client returns`: the trial of a client that is under test.
    Client(Vec<String>),
    /// `@distinct id`: the values of the names `id`, `id1` … must be different.
    Distinct(String),
    /// `@rising up`: the values must be numbers, none smaller than the one before.
    Rising(String),
    /// `@positive rss`: the values must be numbers above 0.
    Positive(String),
    /// `@between rss 200000 1000000000`: the values must be numbers from the one to the other.
    Between(String, u64, u64),
    /// `@grows up 1 12`: the last value must be above the first by so much at least, and at most.
    Grows(String, u64, u64),
}

impl Note {
    /// Whether it is about the process of a server or client, which only a command that starts it can do.
    pub(crate) fn is_about_process(&self) -> bool {
        matches!(self, Self::Env(..) | Self::SignalTerm | Self::Exits(..) | Self::Client(..))
    }

    /// Whether another one of its kind in the same place would change what it says.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, Self::Quiet(_) | Self::Timeout(_) | Self::Seed(_))
    }

    /// Whether it is for the whole scenario, so that it stands before the first step.
    pub(crate) fn is_for_all(&self) -> bool {
        matches!(self, Self::Seed(_))
    }

    /// The number of words behind the name.
    pub(crate) fn words(&self) -> usize {
        match self {
            Self::Open | Self::Must => 0,
            Self::Ignore(words) | Self::Client(words) => words.len(),
            Self::Hint(..) | Self::Why(..) | Self::Title(..) | Self::Env(..) => 2,
            Self::Exits(_, code) => 1 + usize::from(code.is_some()),
            Self::Between(..) | Self::Grows(..) => 3,
            _ => 1,
        }
    }
}

/// `@name word "text"`, up to the next `@`.
pub(super) fn note(cursor: &mut Cursor<'_>) -> Parsed<Note> {
    let known =
        |word: &str| NOTES.into_iter().find(|(name, _)| word.strip_prefix('@') == Some(name));
    let Some((name, followed)) = known(cursor.peek()) else {
        let names = NOTES.map(|(name, _)| format!("@{name}")).join(", ");
        return Err(cursor.expected(&format!("one of {names}")));
    };
    cursor.word();
    let start = cursor.clone();
    let mut words = Vec::new();
    while !cursor.is_done() && !cursor.rest().starts_with('@') {
        if cursor.rest().starts_with('"') {
            words.push(cursor.plain()?);
            cursor.skip();
        } else {
            words.push(cursor.word().to_owned());
        }
    }
    read(name, words).ok_or_else(|| start.expected(followed))
}

/// The note of that name; `None` if these are not the words that follow it.
fn read(name: &str, words: Vec<String>) -> Option<Note> {
    let one = || <[String; 1]>::try_from(words.clone()).ok().map(|[word]| word);
    let range = || {
        let [front, from, to] = <[String; 3]>::try_from(words.clone()).ok()?;
        let [from, to] = [from, to].map(|number| number.parse::<u64>().ok());
        Some((front, from?, to?)).filter(|(_, from, to)| from <= to)
    };
    let translated = || {
        let [lang, text] = <[String; 2]>::try_from(words.clone()).ok()?;
        LANGUAGES.contains(&&*lang).then_some((lang, text))
    };
    let two = || <[String; 2]>::try_from(words.clone()).ok().map(|[first, second]| (first, second));
    Some(match name {
        "quiet" => Note::Quiet(duration(&one()?)?),
        "timeout" => Note::Timeout(duration(&one()?)?),
        "fence" if one()? == "off" => Note::FenceOff,
        "ignore" if !words.is_empty() && words.iter().all(|word| is_ignorable(word)) => {
            Note::Ignore(words)
        }
        "seed" => Note::Seed(one()?.parse().ok()?),
        "open" if words.is_empty() => Note::Open,
        "rfc" => Note::Rfc(one().filter(|section| is_section(section))?),
        "lesson" => Note::Lesson(one()?),
        "hint" => translated().map(|(lang, text)| Note::Hint(lang, text))?,
        "why" => translated().map(|(lang, text)| Note::Why(lang, text))?,
        "title" => translated().map(|(lang, text)| Note::Title(lang, text))?,
        "must" if words.is_empty() => Note::Must,
        "env" => two().map(|(name, value)| Note::Env(name, value))?,
        "signal" if one()? == "TERM" => Note::SignalTerm,
        "exits" => match &words[..] {
            [time] => Note::Exits(duration(time)?, None),
            [time, code] => Note::Exits(duration(time)?, Some(code.parse().ok()?)),
            _ => return None,
        },
        "client" if !words.is_empty() => Note::Client(words),
        "distinct" => Note::Distinct(one()?),
        "rising" => Note::Rising(one()?),
        "positive" => Note::Positive(one()?),
        "between" => range().map(|(front, from, to)| Note::Between(front, from, to))?,
        "grows" => range().map(|(front, from, to)| Note::Grows(front, from, to))?,
        _ => return None,
    })
}

/// Whether `@ignore` can name it: a kind of frames, or `type=stats`.
fn is_ignorable(word: &str) -> bool {
    let has_type = word.strip_prefix("type=").is_some_and(|kind| !kind.is_empty());
    has_type || IGNORABLE.iter().any(|opcode| opcode.to_string() == word)
}

/// Whether it is the number of a section: `5`, `5.5.2`.
fn is_section(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiet(time) => write!(f, "@quiet {}", seconds(*time)),
            Self::Timeout(time) => write!(f, "@timeout {}", seconds(*time)),
            Self::FenceOff => f.write_str("@fence off"),
            Self::Ignore(kinds) => put(f, "ignore", kinds),
            Self::Seed(seed) => write!(f, "@seed {seed}"),
            Self::Open => f.write_str("@open"),
            Self::Rfc(section) => put(f, "rfc", [section]),
            Self::Lesson(heading) => put(f, "lesson", [heading]),
            Self::Hint(lang, text) => put(f, "hint", [lang, text]),
            Self::Why(lang, text) => put(f, "why", [lang, text]),
            Self::Title(lang, text) => put(f, "title", [lang, text]),
            Self::Must => f.write_str("@must"),
            Self::Env(name, value) => put(f, "env", [name, value]),
            Self::SignalTerm => f.write_str("@signal TERM"),
            Self::Exits(time, None) => write!(f, "@exits {}", seconds(*time)),
            Self::Exits(time, Some(code)) => write!(f, "@exits {} {code}", seconds(*time)),
            Self::Client(words) => put(f, "client", words),
            Self::Distinct(front) => put(f, "distinct", [front]),
            Self::Rising(front) => put(f, "rising", [front]),
            Self::Positive(front) => put(f, "positive", [front]),
            Self::Between(front, from, to) => {
                put(f, "between", [front, &from.to_string(), &to.to_string()])
            }
            Self::Grows(front, from, to) => {
                put(f, "grows", [front, &from.to_string(), &to.to_string()])
            }
        }
    }
}

/// `@name` and its words, in quotes where they would not read as one word.
fn put<'w>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    words: impl IntoIterator<Item = &'w String>,
) -> fmt::Result {
    write!(f, "@{name}")?;
    for word in words {
        let is_plain = !word.is_empty() && !word.starts_with(['"', '@']);
        let is_plain = is_plain && word.chars().all(|c| c.is_ascii_graphic());
        if is_plain { write!(f, " {word}")? } else { write!(f, " {}", Text::plain(word))? }
    }
    Ok(())
}
