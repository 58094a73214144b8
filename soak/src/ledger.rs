//! The findings of all clients of a run, collected in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::tally::{Line, Tally};

/// How many of the room's last lines are kept, to compare which `seq` witnesses saw on them.
const WINDOW: u64 = 1 << 16;

/// The most findings that are kept as text.
const WORDS: usize = 20;

/// The findings of a run. All clients share one.
#[derive(Default)]
pub struct Ledger {
    speakers: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    findings: Findings,
    /// How many lines the room accepted, for each speaker that has ended.
    accepted: BTreeMap<u64, u64>,
    /// The line of each `seq`.
    order: BTreeMap<u64, Line>,
    settled: BTreeSet<usize>,
}

/// The counts of what was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub said: u64,
    pub heard: u64,
    pub lost: u64,
    pub doubled: u64,
    pub out_of_order: u64,
    /// A `seq` that did not count up by one, or that two witnesses saw on different lines.
    pub misnumbered: u64,
    /// A well-behaved client that the server refused or disconnected.
    pub wronged: u64,
    /// How many connections witnesses made.
    pub lives: u64,
    /// How the connections of misbehaving clients ended.
    pub visits: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// The first faults, as text.
    pub words: Vec<String>,
}

impl Findings {
    /// How many faults there are.
    pub fn faults(&self) -> u64 {
        self.lost + self.doubled + self.out_of_order + self.misnumbered + self.wronged
    }

    fn explain(&mut self, words: impl Display) {
        if self.words.len() < WORDS {
            self.words.push(words.to_string());
        }
    }
}

impl Ledger {
    /// A number for a new speaker, higher than all before.
    pub fn speaker(&self) -> u64 {
        self.findings(|findings| findings.lives += 1);
        self.speakers.fetch_add(1, Relaxed)
    }

    /// The number that the next speaker will have.
    pub fn next_speaker(&self) -> u64 {
        self.speakers.load(Relaxed)
    }

    /// Records that `speaker` ended, and how many lines the room accepted from it.
    pub fn accept(&self, speaker: u64, lines: u64) {
        self.lock().accepted.insert(speaker, lines);
    }

    /// Records that the witness of this place sends nothing more, or is gone.
    pub fn settle(&self, place: usize) {
        self.lock().settled.insert(place);
    }

    /// How many witnesses send nothing more.
    pub fn settled(&self) -> usize {
        self.lock().settled.len()
    }

    /// How many accepted lines the owner of `tally` did not receive.
    pub fn unheard(&self, tally: &Tally) -> u64 {
        self.lock().accepted.iter().map(|(&speaker, &lines)| tally.lost(speaker, lines)).sum()
    }

    /// Records that a witness saw `line` as event `seq`. All witnesses must agree.
    pub fn stands_at(&self, seq: u64, line: Line) {
        let mut state = self.lock();
        let known = *state.order.entry(seq).or_insert(line);
        if known != line {
            state.findings.misnumbered += 1;
            state.findings.explain(format_args!("{line:?} and {known:?} both are event {seq}"));
        }
        while state.order.len() as u64 > WINDOW {
            state.order.pop_first();
        }
    }

    /// Records how a misbehaving client's connection ended.
    pub fn visited(&self, kind: &'static str, outcome: String) {
        let mut state = self.lock();
        *state.findings.visits.entry(kind).or_default().entry(outcome).or_default() += 1;
    }

    /// Calls `count` with the counts, under the lock.
    pub fn findings<T>(&self, count: impl FnOnce(&mut Findings) -> T) -> T {
        count(&mut self.lock().findings)
    }

    /// Counts a fault and keeps its text.
    pub fn wrong(&self, words: impl Display, count: impl FnOnce(&mut Findings)) {
        let mut state = self.lock();
        count(&mut state.findings);
        state.findings.explain(words);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
