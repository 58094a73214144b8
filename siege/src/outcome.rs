//! The measurements of an attack, and the marks that it must meet.

use std::fmt::{self, Display};
use std::time::Duration;

use anyhow::Error;

/// The most characters of a result that a table shows for one server.
const SHOWN: usize = 60;

/// The figures and the marks of one attack.
#[derive(Debug, Default)]
pub struct Outcome {
    figures: Vec<Figure>,
    marks: Vec<Mark>,
}

/// A measurement that has no mark.
#[derive(Debug)]
struct Figure {
    /// The server or the size that it belongs to, if the attack has several.
    part: Option<String>,
    words: String,
}

/// A condition that must hold.
#[derive(Debug)]
struct Mark {
    part: Option<String>,
    wanted: String,
    seen: String,
    met: bool,
}

impl Outcome {
    /// The outcome of an attack that could not be run: one missed mark.
    pub fn failed(error: &Error) -> Self {
        let mut outcome = Self::default();
        outcome.expect("the attack is carried out", format!("{error:#}"), false);
        outcome
    }

    /// Adds a measurement that has no mark.
    pub fn figure(&mut self, words: impl Into<String>) {
        self.figures.push(Figure { part: None, words: words.into() });
    }

    /// Adds a mark: the words for what is wanted, the result `seen`, and whether the mark is met.
    pub fn expect(&mut self, wanted: impl Into<String>, seen: impl Display, met: bool) {
        self.marks.push(Mark { part: None, wanted: wanted.into(), seen: seen.to_string(), met });
    }

    /// Adds a mark: `what` is exactly `wanted`.
    pub fn exactly(&mut self, what: &str, seen: usize, wanted: usize) {
        self.expect(format!("{what} = {wanted}"), seen, seen == wanted);
    }

    /// Adds a mark: `what` is `most` or less, in `unit`, with one decimal.
    pub fn at_most(&mut self, what: &str, seen: f64, most: f64, unit: &str) {
        let seen_in_unit = format!("{seen:.1}{unit}");
        self.expect(format!("{what} ≤ {most}{unit}"), seen_in_unit, seen <= most);
    }

    /// Adds the figures and marks of a part of the attack, under its name.
    pub fn part(&mut self, name: &str, part: Self) {
        let part_name = || Some(name.to_owned());
        let figures = part.figures.into_iter();
        self.figures.extend(figures.map(|figure| Figure { part: part_name(), ..figure }));
        let marks = part.marks.into_iter();
        self.marks.extend(marks.map(|mark| Mark { part: part_name(), ..mark }));
    }

    /// Whether there were marks, and all of them were met.
    pub fn passed(&self) -> bool {
        !self.marks.is_empty() && self.marks.iter().all(|mark| mark.met)
    }

    /// A row of a Markdown table: the figures, the missed marks with the results, and the verdict.
    ///
    /// Words that several parts share are printed once.
    pub fn row(&self, name: &str) -> String {
        let figures =
            self.figures.iter().map(|Figure { part, words }| (words.clone(), part.clone()));
        let figures = gathered(figures).into_iter().map(told);
        let missed = self.marks.iter().filter(|mark| !mark.met);
        let wanted = gathered(missed.clone().map(|mark| (mark.wanted.clone(), None)));
        let missed = wanted.iter().map(|(wanted, _)| {
            let same = missed.clone().filter(|mark| mark.wanted == *wanted);
            let seen = gathered(same.map(|mark| (shortened(&mark.seen), mark.part.clone())));
            let seen: Vec<_> = seen.into_iter().map(told).collect();
            format!("**{wanted}**: {}", seen.join(", "))
        });
        let cell = |words: Vec<String>| words.join("; ").replace('|', "\\|");
        let figures = cell(figures.collect());
        let missed = cell(missed.collect());
        let verdict = if self.passed() { "all marks met".to_owned() } else { missed };
        format!("| `{name}` | {figures} | {verdict} |")
    }
}

/// At most [`SHOWN`] characters of `seen`.
fn shortened(seen: &str) -> String {
    let short: String = seen.chars().take(SHOWN).collect();
    if short.len() < seen.len() { short + "…" } else { short }
}

/// Words, and the names of the parts that share them.
fn told((words, parts): (String, Vec<String>)) -> String {
    if parts.is_empty() { words } else { format!("{}: {words}", parts.join(", ")) }
}

/// Groups parts by their words, in the order in which the words first come.
fn gathered(list: impl Iterator<Item = (String, Option<String>)>) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (words, part) in list {
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, parts)) => parts.extend(part),
            None => groups.push((words, part.into_iter().collect())),
        }
    }
    groups
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = |part: &Option<String>| {
            part.as_ref().map_or_else(String::new, |part| format!("{part}: "))
        };
        for Figure { part, words } in &self.figures {
            writeln!(f, "   {}{words}", prefix(part))?;
        }
        for Mark { part, wanted, seen, met } in &self.marks {
            let verdict = if *met { "met   " } else { "MISSED" };
            writeln!(f, "   {verdict}  {}{wanted}: {seen}", prefix(part))?;
        }
        Ok(())
    }
}

/// Seconds with two decimals.
pub fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

/// A number of bytes, in MB (10⁶ bytes) with two decimals.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attack_without_marks_has_not_passed() {
        let mut outcome = Outcome::default();
        assert!(!outcome.passed());
        outcome.exactly("welcomed", 5, 5);
        assert!(outcome.passed());
        outcome.at_most("late", 501.0, 500.0, " ms");
        assert!(!outcome.passed());
    }

    #[test]
    fn an_attack_that_failed_has_missed_its_mark() {
        let outcome = Outcome::failed(&anyhow::anyhow!("no server"));
        assert!(!outcome.passed());
        assert!(outcome.row("x").contains("no server"), "{}", outcome.row("x"));
    }

    #[test]
    fn a_row_tells_once_what_several_servers_share() {
        let mut outcome = Outcome::default();
        for name in ["echo", "stats"] {
            let mut part = Outcome::default();
            part.figure("52 requests");
            part.exactly("panics", 2, 0);
            outcome.part(name, part);
        }
        let row = "| `odd` | echo, stats: 52 requests | **panics = 0**: echo, stats: 2 |";
        assert_eq!(outcome.row("odd"), row);
    }
}
