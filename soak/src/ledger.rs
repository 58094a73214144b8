//! What all clients of a run found, written down in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::tally::{Line, Tally};

/// How many of the room's last lines are kept to compare what witnesses say stood where.
const WINDOW: u64 = 1 << 16;

/// How many findings are kept in words.
const WORDS: usize = 20;

/// One for all clients.
#[derive(Default)]
pub struct Ledger {
    speakers: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    findings: Findings,
    /// How many lines of each life that is over, or at its end, the room accepted.
    accepted: BTreeMap<u64, u64>,
    /// Which line has which `seq`.
    order: BTreeMap<u64, Line>,
    settled: BTreeSet<usize>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub said: u64,
    pub heard: u64,
    pub lost: u64,
    pub doubled: u64,
    pub out_of_order: u64,
    /// A `seq` that did not count up by one, or that two witnesses saw on different lines.
    pub misnumbered: u64,
    /// Well-behaved, and refused or cut off all the same.
    pub wronged: u64,
    /// How many lives witnesses had.
    pub lives: u64,
    /// How visits of those who misbehave ended.
    pub visits: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// The first of what is wrong, in words.
    pub words: Vec<String>,
}

impl Findings {
    /// How many things are wrong.
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
    /// A number for a new speaker's life, above all that were given before.
    pub fn speaker(&self) -> u64 {
        self.findings(|findings| findings.lives += 1);
        self.speakers.fetch_add(1, Relaxed)
    }

    /// The number that the next speaker will have.
    pub fn next_speaker(&self) -> u64 {
        self.speakers.load(Relaxed)
    }

    /// All that `speaker` will ever have said came back to them: so many lines.
    pub fn accept(&self, speaker: u64, lines: u64) {
        self.lock().accepted.insert(speaker, lines);
    }

    /// The witness of this place has nothing more to say, or is gone for good.
    pub fn settle(&self, place: usize) {
        self.lock().settled.insert(place);
    }

    /// How many witnesses have settled.
    pub fn settled(&self) -> usize {
        self.lock().settled.len()
    }

    /// How many accepted lines the owner of `tally` has not heard.
    pub fn unheard(&self, tally: &Tally) -> u64 {
        self.lock().accepted.iter().map(|(&speaker, &lines)| tally.lost(speaker, lines)).sum()
    }

    /// A witness saw `line` as event `seq`; all must agree.
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

    /// A visit of someone who misbehaves ended so.
    pub fn visited(&self, kind: &'static str, outcome: String) {
        let mut state = self.lock();
        *state.findings.visits.entry(kind).or_default().entry(outcome).or_default() += 1;
    }

    /// Counts something.
    pub fn findings<T>(&self, count: impl FnOnce(&mut Findings) -> T) -> T {
        count(&mut self.lock().findings)
    }

    /// Counts something wrong, and says what.
    pub fn wrong(&self, words: impl Display, count: impl FnOnce(&mut Findings)) {
        let mut state = self.lock();
        count(&mut state.findings);
        state.findings.explain(words);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
