//! How many events each action had in the first recording, so that later recordings wait for so many.

/// The number of events of each lane after each action of the first recording.
///
/// The first recording listens for the whole quiet time after each action. A later one goes on as soon
/// as as many events have come, and the fences are answered.
#[derive(Debug, Default)]
pub(super) struct Cues {
    counts: Vec<Vec<usize>>,
    /// The next action.
    at: usize,
    mode: Mode,
    /// The number of the recording.
    pub(super) run: usize,
    /// Whether the server is a real one.
    pub(super) is_live: bool,
}

/// The use that a recording makes of the cues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is the first: it takes them down.
    #[default]
    Write,
    Follow,
    /// It listens as long as the first.
    Skip,
}

impl Cues {
    /// Begins the recording of this number in this mode.
    pub(super) fn begin(&mut self, run: usize, mode: Mode) {
        (self.run, self.at, self.mode) = (run, 0, mode);
        if mode == Mode::Write {
            self.counts.clear();
        }
    }

    /// The numbers for the next action, if it has any; `None` for the last one too, behind which all
    /// must be silent.
    pub(super) fn next(&mut self) -> Option<&[usize]> {
        self.at += 1;
        if self.mode != Mode::Follow || self.at >= self.counts.len() {
            return None;
        }
        self.counts.get(self.at - 1).map(Vec::as_slice)
    }

    /// Takes down how many events each lane had after the action, in the first recording.
    pub(super) fn note(&mut self, arrived: Vec<usize>) {
        if self.mode == Mode::Write {
            self.counts.push(arrived);
        }
    }
}
