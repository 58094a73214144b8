//! The notes of a scenario.

use ws101::scenario::{Note, Scenario};

/// Whether the scenario ends its server.
pub fn ends(scenario: &Scenario) -> bool {
    noted(scenario).any(|note| matches!(note, Note::Exits(..) | Note::SignalTerm))
}

/// The notes of the file and of all steps.
pub fn noted(scenario: &Scenario) -> impl Iterator<Item = &Note> {
    scenario.notes.iter().chain(scenario.steps.iter().flat_map(|step| &step.notes))
}
