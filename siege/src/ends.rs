//! How connections ended, with counts.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// The most kinds of ends that are counted separately, because a server may send any close reason.
const KINDS: usize = 16;

/// The kind for all ends beyond that.
const OTHERS: &str = "another end";

/// Counts by kind. It is displayed as a list that continues a sentence: `, 3 × close 1013`.
#[derive(Debug, Default)]
pub struct Ends(BTreeMap<String, usize>);

impl Ends {
    /// Counts one end of the kind `end`.
    pub fn count(&mut self, end: &str) {
        let known = self.0.len() < KINDS || self.0.contains_key(end);
        *self.0.entry(if known { end } else { OTHERS }.to_owned()).or_default() += 1;
    }

    /// The number of all ends.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }
}

impl Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(end, count)| write!(f, ", {count} × {end}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_kinds_than_the_bound_and_one() {
        let mut ends = Ends::default();
        for kind in 0..100 {
            ends.count(&format!("close {kind}"));
        }
        ends.count("close 3");
        assert_eq!(ends.total(), 101);
        assert_eq!(ends.0.len(), KINDS + 1);
        assert!(ends.to_string().contains(", 2 × close 3"), "{ends}");
    }
}
