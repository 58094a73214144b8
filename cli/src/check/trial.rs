//! The result of playing one check once.

use std::time::Duration;

use ws101::scenario::Difference;

use crate::attempt::Attempt;

/// The result of playing one check once, with one seed.
pub struct Trial {
    /// The transcript.
    pub wire: String,
    /// The first difference between the scenario and the transcript.
    pub difference: Option<Difference>,
    /// A fault that no single line shows, as a sentence in the report's language.
    pub fault: Option<String>,
    /// Whether the fault cannot come from a busy machine.
    pub is_beyond_doubt: bool,
    /// The last lines that the program printed, if it has ended.
    pub tail: String,
    /// How long the program waited for a processor, if it may have been late for that.
    pub starved: Option<Duration>,
}

impl From<Attempt> for Trial {
    fn from(Attempt { played, fault, tail, starved }: Attempt) -> Self {
        Self {
            wire: played.transcript.to_string(),
            difference: played.difference,
            fault,
            is_beyond_doubt: false,
            tail,
            starved,
        }
    }
}
