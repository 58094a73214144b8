//! How a step is played: what its notes and those of the whole scenario say about that.

use std::sync::Arc;
use std::time::Duration;

use crate::wst::{Note, Scenario, Step, steps};

/// How long anything expected may take, unless `@timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How a step is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) quiet: Option<Duration>,
    pub(super) is_fenced: bool,
    /// What is not compared: what the file says, shared by all steps, and what the step says.
    ignored: [Arc<[String]>; 2],
    pub(super) is_open: bool,
}

impl Settings {
    /// What holds for all steps.
    pub(super) fn of_file(scenario: &Scenario) -> Self {
        let settings = Self {
            timeout: TIMEOUT,
            quiet: None,
            is_fenced: true,
            ignored: [Arc::default(), Arc::default()],
            is_open: false,
        };
        settings.with(&scenario.notes, 0)
    }

    /// The same, and what holds for `step`; the cost is that of the step's own notes.
    pub(super) fn for_step(&self, step: &Step) -> Self {
        self.clone().with(&step.notes, 1)
    }

    fn with(mut self, notes: &[Note], level: usize) -> Self {
        let mut ignored = Vec::new();
        for note in notes {
            steps::count(1 + note.words());
            match note {
                Note::Timeout(time) => self.timeout = *time,
                Note::Quiet(time) => self.quiet = Some(*time),
                Note::Open => self.is_open = true,
                Note::FenceOff => self.is_fenced = false,
                Note::Ignore(kinds) => ignored.extend(kinds.iter().cloned()),
                _ => {}
            }
        }
        self.ignored[level] = ignored.into();
        self
    }

    /// The kinds of frames that are not compared, and the types of JSON, as `type=stats`.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().flat_map(|words| words.iter()).map(String::as_str)
    }
}
