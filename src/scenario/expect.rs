//! What one lane is still to see, and which of it may come next.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

use super::{Expectation, Payload};
use crate::frame::Opcode;

/// Something to be seen, and the line that says so.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) line: usize,
    pub(super) expect: Expectation,
}

/// An answer that the client is to give on its own.
#[derive(Clone, Debug)]
pub(super) struct OwnAnswer {
    pub(super) line: usize,
    pub(super) opcode: Opcode,
    pub(super) payload: Payload,
    pub(super) text: String,
}

/// What one lane is still to see.
#[derive(Debug)]
pub(super) struct Agenda {
    due: VecDeque<Due>,
    /// When something of it was last seen.
    pub(super) last: Instant,
    /// The line that was met last.
    pub(super) met: usize,
    pub(super) own: VecDeque<OwnAnswer>,
    /// Pings and closes to be seen that nobody is yet said to answer: as they are printed, and how many.
    asked: BTreeMap<String, usize>,
}

impl Agenda {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            due: VecDeque::new(),
            last: now,
            met: 0,
            own: VecDeque::new(),
            asked: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, due: Due) {
        self.due.push_back(due);
    }

    /// Notes that a ping or a close is to be seen, which the client answers by itself.
    pub(super) fn ask(&mut self, opcode: Opcode, payload: &Payload) {
        if [Opcode::Ping, Opcode::Close].contains(&opcode) {
            *self.asked.entry(format!("{opcode} {payload}")).or_default() += 1;
        }
    }

    /// Whether such a ping or close is to be seen, and was not answered; then it is answered now.
    pub(super) fn is_asked(&mut self, opcode: Opcode, payload: &Payload) -> bool {
        match self.asked.get_mut(&format!("{opcode} {payload}")) {
            Some(times) if *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        }
    }

    /// Whether all that must be seen was seen.
    pub(super) fn is_met(&self) -> bool {
        self.due.iter().all(|due| due.expect.optional) && self.own.is_empty()
    }

    /// The first that must be seen.
    pub(super) fn first(&self) -> Option<&Due> {
        self.due.iter().find(|due| !due.expect.optional)
    }

    /// The places of what may come next: neighbours in any order, and what stands behind the optional.
    pub(super) fn next(&self) -> Vec<usize> {
        let mut next = Vec::new();
        let mut at = 0;
        while let Some(due) = self.due.get(at) {
            let end = if due.expect.any_order { self.group_end(at) } else { at + 1 };
            next.extend(at..end);
            if (at..end).any(|at| !self.due[at].expect.optional) {
                break;
            }
            at = end;
        }
        next
    }

    fn group_end(&self, from: usize) -> usize {
        let rest = self.due.iter().skip(from);
        from + rest.take_while(|due| due.expect.any_order).count()
    }

    pub(super) fn get(&self, at: usize) -> &Due {
        &self.due[at]
    }

    /// Strikes out what was seen, and what was optional before it.
    pub(super) fn strike(&mut self, at: usize, when: Instant) {
        let mut start = at;
        if self.due[at].expect.any_order {
            while start > 0 && self.due[start - 1].expect.any_order {
                start -= 1;
            }
        }
        if let Some(due) = self.due.remove(at) {
            self.met = due.line;
        }
        self.due.drain(..start);
        self.last = when;
    }

    /// Forgets what was optional, at the end of a step.
    pub(super) fn clear(&mut self) {
        self.due.clear();
        self.asked.clear();
    }
}
