//! What an attack measured, and which marks it was to meet.

use std::fmt::{self, Display};
use std::time::Duration;

use anyhow::Error;

/// The figures and the marks of one attack.
#[derive(Debug, Default)]
pub struct Outcome {
    figures: Vec<String>,
    marks: Vec<Mark>,
}

/// Something that must hold.
#[derive(Debug)]
struct Mark {
    wanted: String,
    seen: String,
    met: bool,
}

impl Outcome {
    /// Of an attack that could not be carried out: a mark that is missed.
    pub fn failed(error: &Error) -> Self {
        let mut outcome = Self::default();
        outcome.expect("the attack is carried out", format!("{error:#}"), false);
        outcome
    }

    /// Adds a measurement that has no mark.
    pub fn figure(&mut self, figure: impl Into<String>) {
        self.figures.push(figure.into());
    }

    /// Adds a mark: what is `wanted`, what was `seen`, and whether that is the same.
    pub fn expect(&mut self, wanted: impl Into<String>, seen: impl Display, met: bool) {
        self.marks.push(Mark { wanted: wanted.into(), seen: seen.to_string(), met });
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

    /// Takes over the figures and marks of a part of the attack, with its name before each.
    pub fn part(&mut self, name: &str, part: Self) {
        self.figures.extend(part.figures.into_iter().map(|figure| format!("{name}: {figure}")));
        let named = |mark: Mark| Mark { wanted: format!("{name}: {}", mark.wanted), ..mark };
        self.marks.extend(part.marks.into_iter().map(named));
    }

    /// Whether there were marks, and all of them were met.
    pub fn passed(&self) -> bool {
        !self.marks.is_empty() && self.marks.iter().all(|mark| mark.met)
    }

    /// A row of a Markdown table: the figures, and the marks, those that were missed with what was seen.
    pub fn row(&self, name: &str) -> String {
        let cell = |words: Vec<String>| words.join("; ").replace('|', "\\|");
        let missed = self.marks.iter().filter(|mark| !mark.met);
        let missed = missed.map(|mark| format!("**{}: {}**", mark.wanted, mark.seen)).collect();
        let met = self.marks.iter().filter(|mark| mark.met).count();
        let (figures, missed) = (cell(self.figures.clone()), cell(missed));
        let verdict = if self.passed() { "yes" } else { "no" };
        let comma = if missed.is_empty() { "" } else { "; " };
        format!(
            "| `{name}` | {figures} | {met} of {} met{comma}{missed} | {verdict} |",
            self.marks.len()
        )
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for figure in &self.figures {
            writeln!(f, "   {figure}")?;
        }
        for Mark { wanted, seen, met } in &self.marks {
            writeln!(f, "   {}  {wanted}: {seen}", if *met { "met   " } else { "MISSED" })?;
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
}
