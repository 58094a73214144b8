//! `@` lines: what a scenario wants to be known besides what crosses the wire.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Scenario, Step, steps, text::Text};
use crate::transcript::seconds;

/// The names a note may have, and what each is followed by.
pub(super) const KNOWN: [(&str, &str); 18] = [
    ("quiet", "a time such as 50ms: how long a real server is listened to at the end of a step"),
    ("timeout", "a time such as 5s: how long anything expected may take"),
    ("fence", "off: a real server is not asked by pings whether it is done"),
    (
        "ignore",
        "what is not compared: kinds of frames such as ping, or JSON by its type: type=stats",
    ),
    ("open", "nothing: what comes beyond the expected is not compared"),
    ("rfc", "a section of RFC 6455, such as 5.6"),
    ("lesson", "a lesson's heading, such as #the-trap"),
    ("hint", "a language and a text in quotes"),
    ("why", "a language and a text in quotes"),
    ("title", "a language and a text in quotes"),
    ("must", "nothing"),
    ("env", "a setting for the server's environment, and its value"),
    ("signal", "TERM, which the server gets before the step"),
    ("exits", "a time by which the server has ended, and its exit code if that matters"),
    ("client", "what is tried on a client that is judged"),
    ("distinct", "the front of names that stand for different things"),
    ("rising", "the front of names that stand for numbers, none smaller than the one before"),
    ("positive", "the front of names that stand for numbers above 0"),
];

/// How long anything expected may take, unless `@timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// `@hint en "One loop over all clients."`: a name, and words.
///
/// | | |
/// | --- | --- |
/// | `@quiet 50ms` | how long a real server is listened to at the end of a step |
/// | `@timeout 2s` | how long anything expected may take; 5 s |
/// | `@fence off` | a real server is not asked by pings whether it is done |
/// | `@ignore ping type=stats` | frames of these kinds are not compared, nor JSON of such a `type` |
/// | `@open` | what comes beyond the expected is not compared |
/// | `@rfc 5.6`, `@lesson #the-trap`, `@must` | where the rule stands |
/// | `@env WS_STATS_MS 300`, `@signal TERM`, `@exits 3s 0` | for whoever runs the server |
/// | `@client returns` | for whoever is the server of a client that is judged |
/// | `@distinct id`, `@rising up`, `@positive rss` | for whoever looks at [`Names`](super::Names) afterwards |
/// | `@title ru "…"`, `@why en "…"`, `@hint en "…"` | for whoever breaks it |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What the note is about.
    pub name: String,
    /// What it says.
    pub words: Vec<String>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.name)?;
        for word in &self.words {
            let is_plain = !word.is_empty() && !word.starts_with(['"', '@']);
            let is_plain = is_plain && word.chars().all(|c| c.is_ascii_graphic());
            if is_plain { write!(f, " {word}")? } else { write!(f, " {}", Text::plain(word))? }
        }
        Ok(())
    }
}

/// How a step is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) quiet: Option<Duration>,
    pub(super) is_fenced: bool,
    /// What is not compared: what the file says, shared by all steps, and what the step says.
    ignored: [Arc<[String]>; 2],
    pub(super) is_open: bool,
}

impl Settings {
    /// What holds for all steps.
    pub(super) fn of_file(scenario: &Scenario) -> Self {
        let settings = Self {
            timeout: TIMEOUT,
            quiet: None,
            is_fenced: true,
            ignored: [Arc::default(), Arc::default()],
            is_open: false,
        };
        settings.with(&scenario.notes, 0)
    }

    /// The same, and what holds for `step`; the cost is that of the step's own notes.
    pub(super) fn for_step(&self, step: &Step) -> Self {
        self.clone().with(&step.notes, 1)
    }

    fn with(mut self, notes: &[Note], level: usize) -> Self {
        let mut ignored = Vec::new();
        for note in notes {
            steps::count(1 + note.words.len());
            let first = note.words.first().map(String::as_str).unwrap_or_default();
            match note.name.as_str() {
                "timeout" => self.timeout = duration(first).unwrap_or(TIMEOUT),
                "quiet" => self.quiet = duration(first),
                "open" => self.is_open = true,
                "fence" => self.is_fenced = first != "off",
                "ignore" => ignored.extend(note.words.iter().cloned()),
                _ => {}
            }
        }
        self.ignored[level] = ignored.into();
        self
    }

    /// The kinds of frames that are not compared, and the types of JSON, as `type=stats`.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().flat_map(|words| words.iter()).map(String::as_str)
    }
}

impl Step {
    /// The words of the notes of that name, in their order.
    pub fn notes<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [String]> {
        self.notes.iter().filter(move |note| note.name == name).map(|note| &note.words[..])
    }
}

/// `200ms`, `1.5s`, `2m`; at most a day, at least a millisecond or nothing.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let scale = match &text[digits..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    let exact = Duration::try_from_secs_f64(text[..digits].parse::<f64>().ok()? * scale).ok()?;
    let millis = (exact + Duration::from_micros(500)).as_millis();
    let time = Duration::from_millis(u64::try_from(millis).ok()?);
    (time <= LONGEST).then_some(time)
}

/// `19s..21s`, or `2s` for all up to it.
pub(super) fn range(text: &str) -> Option<(Duration, Duration)> {
    match text.split_once("..") {
        None => Some((Duration::ZERO, duration(text)?)),
        Some((from, to)) => {
            let (from, to) = (duration(from)?, duration(to)?);
            (from <= to).then_some((from, to))
        }
    }
}

pub(super) fn print_range((from, to): (Duration, Duration)) -> String {
    if from.is_zero() { seconds(to) } else { format!("{}..{}", seconds(from), seconds(to)) }
}
