//! The settings of a step, from its notes and those of the file.

use std::sync::Arc;
use std::time::Duration;

use crate::frame::Opcode;
use crate::wst::{Note, Scenario, Step, steps};

/// How long an expected event may take, unless `@timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The settings of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StepSettings {
    pub(super) timeout: Duration,
    pub(super) quiet: Option<Duration>,
    pub(super) is_fenced: bool,
    /// The words of `@ignore`: those of the file, shared by all steps, and those of the step.
    ignored: [Arc<[String]>; 2],
    pub(super) is_open: bool,
}

impl StepSettings {
    /// The settings of the whole file.
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

    /// The same with the notes of `step`. This costs as much as the step's own notes.
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

    /// Ignores frames of these kinds, too.
    pub(super) fn ignore(&mut self, kinds: impl IntoIterator<Item = Opcode>) {
        let kinds = kinds.into_iter().map(|kind| kind.to_string());
        self.ignored[1] = self.ignored[1].iter().cloned().chain(kinds).collect();
    }

    /// The kinds of frames that are not compared, and the types of JSON, as `type=stats`.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().flat_map(|words| words.iter()).map(String::as_str)
    }
}
