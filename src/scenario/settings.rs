//! How a step is played: what its notes and those of the whole scenario say about that.

use std::time::Duration;

use crate::wst::{Note, Scenario, Step};

/// How long anything expected may take, unless `@timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How a step is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) quiet: Option<Duration>,
    pub(super) is_fenced: bool,
    pub(super) ignored: Vec<String>,
    pub(super) is_open: bool,
}

impl Settings {
    pub(super) fn of(scenario: &Scenario, step: &Step) -> Self {
        let mut settings = Self {
            timeout: TIMEOUT,
            quiet: None,
            is_fenced: true,
            ignored: Vec::new(),
            is_open: false,
        };
        for note in scenario.notes.iter().chain(&step.notes) {
            match note {
                Note::Timeout(time) => settings.timeout = *time,
                Note::Quiet(time) => settings.quiet = Some(*time),
                Note::Open => settings.is_open = true,
                Note::FenceOff => settings.is_fenced = false,
                Note::Ignore(kinds) => settings.ignored.extend(kinds.iter().cloned()),
                _ => {}
            }
        }
        settings
    }
}
