//! One witness's count of the numbered lines that it received from each speaker.

use std::collections::{BTreeSet, HashMap};

/// The most missing lines of one speaker that are kept by number.
const REMEMBERED: u64 = 10_000;

/// The identity of a line: its speaker, and its number among the speaker's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The speaker's number. A client that connects again has a new one.
    pub speaker: u64,
    /// Counts up from 1.
    pub n: u64,
}

impl Line {
    /// The mark as text. It is the same in every dialect.
    pub fn mark(self) -> String {
        format!("~{}:{}~", self.speaker, self.n)
    }

    /// The first mark in a text.
    pub fn find(text: &str) -> Option<Self> {
        let (speaker, n) = text.split('~').nth(1)?.split_once(':')?;
        Some(Self { speaker: speaker.parse().ok()?, n: n.parse().ok()? })
    }
}

/// The result of counting a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Next,
    /// Lines before it are missing. If they come later, they are out of order.
    Early,
    OutOfOrder,
    Doubled,
}

/// The lines that one witness received.
#[derive(Debug)]
pub struct Tally {
    /// Speakers from this number on connected after this witness.
    since: u64,
    heard: HashMap<u64, Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    last: u64,
    missing: BTreeSet<u64>,
}

impl Tally {
    /// A count for a witness that receives all lines of speakers from number `since` on.
    pub fn new(since: u64) -> Self {
        Self { since, heard: HashMap::new() }
    }

    pub fn hear(&mut self, line: Line) -> Arrival {
        let first = if line.speaker >= self.since { 0 } else { line.n.saturating_sub(1) };
        let fresh = || Heard { last: first, missing: BTreeSet::new() };
        let heard = self.heard.entry(line.speaker).or_insert_with(fresh);
        if line.n <= heard.last {
            let late = heard.missing.remove(&line.n);
            return if late { Arrival::OutOfOrder } else { Arrival::Doubled };
        }
        let gap = heard.last + 1..line.n;
        heard.last = line.n;
        if gap.is_empty() {
            return Arrival::Next;
        }
        heard.missing.extend(gap.take(usize::try_from(REMEMBERED).unwrap_or(usize::MAX)));
        Arrival::Early
    }

    /// How many of a speaker's `accepted` lines were not received.
    pub fn lost(&self, speaker: u64, accepted: u64) -> u64 {
        match self.heard.get(&speaker) {
            Some(heard) => accepted.saturating_sub(heard.last),
            None if speaker >= self.since => accepted,
            None => 0,
        }
    }

    /// How many lines were not received although a later one was.
    pub fn gaps(&self) -> u64 {
        self.heard.values().map(|heard| heard.missing.len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(tally: &mut Tally, speaker: u64, lines: &[u64]) -> Vec<Arrival> {
        lines.iter().map(|&n| tally.hear(Line { speaker, n })).collect()
    }

    #[test]
    fn a_mark_survives_what_dialects_put_around_it() {
        let line = Line { speaker: 7, n: 12 };
        let text = format!(r#"{{"data":{{"message":"{0} x"}},"message":"{0} x"}}"#, line.mark());
        assert_eq!(Line::find(&text), Some(line));
        assert_eq!(Line::find("a ~ b ~ c"), None);
        assert_eq!(Line::find(""), None);
    }

    #[test]
    fn what_is_lost_doubled_or_out_of_order_is_told_apart() {
        use Arrival::{Doubled, Early, Next, OutOfOrder};
        let mut tally = Tally::new(5);
        assert_eq!(
            hear(&mut tally, 5, &[1, 2, 4, 3, 3, 6]),
            [Next, Next, Early, OutOfOrder, Doubled, Early]
        );
        assert_eq!((tally.gaps(), tally.lost(5, 8)), (1, 2));
        // A speaker that connected before this witness may be at any number.
        assert_eq!(hear(&mut tally, 4, &[17, 18, 17]), [Next, Next, Doubled]);
        assert_eq!((tally.lost(4, 20), tally.lost(3, 9), tally.lost(6, 9)), (2, 0, 9));
        // A speaker that connected later begins with 1.
        assert_eq!(hear(&mut tally, 8, &[2]), [Early]);
        assert_eq!(tally.gaps(), 2);
    }
}
