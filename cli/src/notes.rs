//! The notes of a scenario.

use ws101::scenario::{Note, Scenario};

/// Whether the scenario ends its server.
pub fn ends(scenario: &Scenario) -> bool {
    noted(scenario).any(|note| matches!(note, Note::Exits(..) | Note::SignalTerm))
}

/// Whether anything may come at the end of the scenario.
pub fn is_open(scenario: &Scenario) -> bool {
    let last = scenario.steps.last().map(|step| &step.notes);
    scenario.notes.iter().chain(last.into_iter().flatten()).any(|note| *note == Note::Open)
}

/// The notes of the file and of all steps.
pub fn noted(scenario: &Scenario) -> impl Iterator<Item = &Note> {
    scenario.notes.iter().chain(scenario.steps.iter().flat_map(|step| &step.notes))
}
