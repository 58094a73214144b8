//! The result of playing one check once.

use ws101::scenario::{Difference, Note, Played, Scenario};

/// The result of playing one check once, with one seed.
pub struct Trial {
    /// The transcript.
    pub wire: String,
    /// The first difference between the scenario and the transcript.
    pub difference: Option<Difference>,
    /// A fault that no single line shows, as a sentence in the report's language.
    pub fault: Option<String>,
    /// The last lines that the program printed, if it has ended.
    pub tail: String,
}

impl Trial {
    /// The result of playing a scenario.
    pub fn of(played: Played, fault: Option<String>, tail: String) -> Self {
        let Played { transcript, difference, .. } = played;
        Self { wire: transcript.to_string(), difference, fault, tail }
    }
}

/// The notes of all steps.
pub fn noted(scenario: &Scenario) -> impl Iterator<Item = &Note> {
    scenario.steps.iter().flat_map(|step| &step.notes)
}
