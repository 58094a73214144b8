//! Checks captured values against the notes `@distinct`, `@rising`, `@positive`, `@between` and `@grows`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::Names;
use crate::wst::{Note, Scenario};

/// The most names of one front that are looked at: `id`, `id1` … `id999`.
const NAMES_LIMIT: usize = 1000;

/// A note about captured values that the values break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CapturedFault {
    /// Fewer names were captured than the note compares.
    #[error("{found} {} captured of {front}, {front}1 and so on, and the note compares {needed} at least", if *.found == 1 { "was" } else { "were" })]
    TooFew {
        /// The front of the names.
        front: String,
        /// How many were captured.
        found: usize,
        /// How many must be.
        needed: usize,
    },
    /// `@distinct`: so many names stand for this one value.
    #[error("{count} clients have one id, {id}, and each must have its own")]
    NotDistinct {
        /// How many names stand for it.
        count: usize,
        /// The value, as JSON.
        id: String,
    },
    /// `@rising`: one of these values is no number, or less than the one before.
    #[error("each must be a number, and no less than the one before: {0}")]
    NotRising(String),
    /// `@positive`: this value is no number above 0.
    #[error("{0} is no number above 0")]
    NotPositive(String),
    /// `@between`: this value is no number from the one to the other.
    #[error("{value} is no number from {from} to {to}")]
    NotBetween {
        /// The value, as JSON.
        value: String,
        /// The least number.
        from: u64,
        /// The greatest number.
        to: u64,
    },
    /// `@grows`: the last value is not above the first by as much as it must be.
    #[error("it grew from {first} to {last}, and must grow by {from} to {to}")]
    NotGrown {
        /// The first value, as JSON.
        first: String,
        /// The last value, as JSON.
        last: String,
        /// By how much it must grow at least.
        from: u64,
        /// By how much it may grow at most.
        to: u64,
    },
}

impl CapturedFault {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::TooFew { front, found, needed } => format!(
                "из имён {front}, {front}1 и так далее захвачено {found}, а сравнивать нужно не меньше {needed}"
            ),
            Self::NotDistinct { count, id } => format!(
                "у нескольких клиентов ({count}) один и тот же id {id}, а у каждого должен быть свой"
            ),
            Self::NotRising(seen) => {
                format!("каждое должно быть числом не меньше предыдущего: {seen}")
            }
            Self::NotPositive(value) => format!("{value} — это не число больше нуля"),
            Self::NotBetween { value, from, to } => {
                format!("{value} — это не число от {from} до {to}")
            }
            Self::NotGrown { first, last, from, to } => {
                format!(
                    "значение выросло с {first} до {last}, а должно вырасти на число от {from} до {to}"
                )
            }
        }
    }
}

/// The first note that `names` break, with the index of its step.
pub(super) fn captured_fault(
    scenario: &Scenario,
    names: &Names,
) -> Option<(usize, Note, CapturedFault)> {
    let of_file = scenario.notes.iter().map(|note| (0, note));
    let of_steps = scenario.steps.iter().enumerate();
    let of_steps = of_steps.flat_map(|(at, step)| step.notes.iter().map(move |note| (at, note)));
    let mut notes = of_file.chain(of_steps);
    notes.find_map(|(at, note)| {
        let (front, needed) = match note {
            Note::Distinct(front) | Note::Rising(front) | Note::Grows(front, ..) => (front, 2),
            Note::Positive(front) | Note::Between(front, ..) => (front, 1),
            _ => return None,
        };
        let values = captured(names, front);
        let fault = match note {
            _ if values.len() < needed => {
                let front = front.clone();
                Some(CapturedFault::TooFew { front, found: values.len(), needed })
            }
            Note::Distinct(_) => distinct(&values),
            Note::Rising(_) => rising(&values),
            Note::Positive(_) => positive(&values),
            Note::Between(_, from, to) => between(&values, *from, *to),
            Note::Grows(_, from, to) => grows(&values, *from, *to),
            _ => None,
        };
        fault.map(|fault| (at, note.clone(), fault))
    })
}

/// The values of the names `id`, `id1`, `id2` …
fn captured<'n>(names: &'n Names, front: &str) -> Vec<&'n Value> {
    let name = |n| if n == 0 { front.to_owned() } else { format!("{front}{n}") };
    (0..NAMES_LIMIT).filter_map(|n| names.get(&name(n))).collect()
}

fn distinct(values: &[&Value]) -> Option<CapturedFault> {
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *owners.entry(value.to_string()).or_default() += 1;
    }
    let (id, count) = owners.into_iter().max_by_key(|(_, count)| *count)?;
    (count > 1).then_some(CapturedFault::NotDistinct { count, id })
}

fn rising(values: &[&Value]) -> Option<CapturedFault> {
    let numbers: Vec<_> = values.iter().map(|value| value.as_f64()).collect();
    let falls = numbers.windows(2).any(|pair| pair[1] < pair[0]);
    (numbers.contains(&None) || falls).then(|| {
        let seen: Vec<_> = values.iter().map(ToString::to_string).collect();
        CapturedFault::NotRising(seen.join(", "))
    })
}

fn positive(values: &[&Value]) -> Option<CapturedFault> {
    let is_positive = |value: &Value| value.as_f64().is_some_and(|number| number > 0.0);
    let wrong = values.iter().find(|value| !is_positive(value))?;
    Some(CapturedFault::NotPositive(wrong.to_string()))
}

// No value that is compared is so large that a float does not hold it.
#[allow(clippy::cast_precision_loss)]
fn between(values: &[&Value], from: u64, to: u64) -> Option<CapturedFault> {
    let fits = |value: &Value| {
        value.as_f64().is_some_and(|number| number >= from as f64 && number <= to as f64)
    };
    let wrong = values.iter().find(|value| !fits(value))?;
    Some(CapturedFault::NotBetween { value: wrong.to_string(), from, to })
}

#[allow(clippy::cast_precision_loss)]
fn grows(values: &[&Value], from: u64, to: u64) -> Option<CapturedFault> {
    let [first, .., last] = values else { return None };
    let grown = last.as_f64().zip(first.as_f64()).map(|(last, first)| last - first);
    let fits = grown.is_some_and(|grown| grown >= from as f64 && grown <= to as f64);
    (!fits).then(|| CapturedFault::NotGrown {
        first: first.to_string(),
        last: last.to_string(),
        from,
        to,
    })
}
