//! The limits of a scenario: clients, names, marked lines, notes, headers.
//!
//! Some steps of playing examine all clients, all neighbours or all notes. With these limits each
//! line costs at most a constant, so the cost of a file grows with its size.

use std::collections::BTreeMap;

use super::cursor::{Cursor, Parsed};
use super::{Action, Ask, Item, Note, Observation};

/// The most clients: each is examined before every action and fenced at the end of every step.
const CLIENTS_LIMIT: usize = 1_000;

/// The most characters of a client's name: each line of a transcript is padded to the longest.
const NAME_LIMIT: usize = 64;

/// The most lines in a row of one client that are marked `~` or `?`: each event is compared with all of them.
const NEIGHBOURS_LIMIT: usize = 256;

/// The most words of the notes below one title, or before the first: each frame is compared with
/// those of `@ignore`.
const NOTES_LIMIT: usize = 256;

/// The most headers of a request or an answer: each is compared with all before it.
const HEADERS_LIMIT: usize = 100;

/// The most faults of a client at once: each is asked about each of its frames.
const FAULTS_LIMIT: usize = 64;

/// Counts what the limits are for, line by line.
#[derive(Default)]
pub(super) struct Bounds {
    /// For each client, the number of marked lines in a row at its end, and the index of their step.
    neighbours: BTreeMap<String, (usize, usize)>,
    /// The number of words in the notes of a step, and the index of the step.
    words: (usize, usize),
    /// The number of faults of each client.
    faults: BTreeMap<String, usize>,
}

impl Bounds {
    /// Counts the words of a note in the step of this index.
    pub(super) fn note(&mut self, at: &Cursor<'_>, step: usize, note: &Note) -> Parsed<()> {
        let words = note.words();
        let before = if self.words.1 == step { self.words.0 } else { 0 };
        self.words = (before + 1 + words, step);
        within(at, self.words.0, NOTES_LIMIT, "words in the notes of a step")
    }

    /// Counts one line in the step of this index.
    pub(super) fn line(&mut self, at: &Cursor<'_>, step: usize, item: &Item) -> Parsed<()> {
        let (headers, is_marked) = match item {
            Item::Action(_, Action::Ask(Ask::Usual { headers, .. })) => (headers.len(), false),
            Item::Expectation(_, expect) => match &expect.what {
                Observation::Answer(answer) => {
                    (answer.headers.len(), expect.any_order || expect.optional)
                }
                _ => (0, expect.any_order || expect.optional),
            },
            _ => (0, false),
        };
        within(at, headers, HEADERS_LIMIT, "headers")?;
        match item {
            Item::Action(lane, Action::Fault(_)) => {
                let faults = self.faults.entry(lane.clone()).or_default();
                *faults += 1;
                within(at, *faults, FAULTS_LIMIT, "faults of a client")?;
            }
            Item::Action(lane, Action::FaultsOff) => drop(self.faults.remove(lane)),
            _ => {}
        }
        let Some(lane) = item.lane() else { return Ok(()) };
        within(at, lane.chars().count(), NAME_LIMIT, "characters in a client's name")?;
        if !self.neighbours.contains_key(lane) {
            within(at, self.neighbours.len() + 1, CLIENTS_LIMIT, "clients")?;
            self.neighbours.insert(lane.to_owned(), (0, step));
        }
        if let Some(run) = self.neighbours.get_mut(lane) {
            let before = if run.1 == step { run.0 } else { 0 };
            *run = (if is_marked { before + 1 } else { 0 }, step);
            within(at, run.0, NEIGHBOURS_LIMIT, "lines in a row marked ~ or ?")?;
        }
        Ok(())
    }
}

fn within(at: &Cursor<'_>, count: usize, limit: usize, what: &str) -> Parsed<()> {
    if count <= limit { Ok(()) } else { Err(at.expected(&format!("at most {limit} {what}"))) }
}
