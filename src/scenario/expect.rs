//! The events that one lane is still expected to receive, and those of them that may come next.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

use super::{Expectation, Payload};
use crate::frame::Opcode;

/// An expectation, and the number of its line.
#[derive(Clone, Debug)]
pub(super) struct DueLine {
    pub(super) line: usize,
    pub(super) expect: Expectation,
}

/// A pong or close frame that the client sends by itself.
#[derive(Clone, Debug)]
pub(super) struct OwnAnswer {
    pub(super) line: usize,
    pub(super) opcode: Opcode,
    pub(super) payload: Payload,
    pub(super) text: String,
}

/// The events that one lane is still expected to receive.
#[derive(Debug)]
pub(super) struct Agenda {
    due: VecDeque<DueLine>,
    /// When an expectation was last met.
    pub(super) last: Instant,
    /// The number of the line that was met last.
    pub(super) met: usize,
    pub(super) own: VecDeque<OwnAnswer>,
    /// The expected pings and closes without an answer in the scenario, as printed, and how many of each.
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

    pub(super) fn add(&mut self, due: DueLine) {
        self.due.push_back(due);
    }

    /// Notes an expected ping or close, which the client answers by itself.
    pub(super) fn ask(&mut self, opcode: Opcode, payload: &Payload) {
        if [Opcode::Ping, Opcode::Close].contains(&opcode) {
            *self.asked.entry(format!("{opcode} {payload}")).or_default() += 1;
        }
    }

    /// Whether this ping or close is expected and has no answer yet; if so, marks it as answered.
    pub(super) fn is_asked(&mut self, opcode: Opcode, payload: &Payload) -> bool {
        match self.asked.get_mut(&format!("{opcode} {payload}")) {
            Some(times) if *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        }
    }

    /// Whether every expected event that is not optional was received.
    pub(super) fn is_met(&self) -> bool {
        self.due.iter().all(|due| due.expect.optional) && self.own.is_empty()
    }

    /// The first expectation that is not optional.
    pub(super) fn first(&self) -> Option<&DueLine> {
        self.due.iter().find(|due| !due.expect.optional)
    }

    /// The indexes of the expectations that may be met next: neighbours marked `~`, and those behind optional lines.
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

    pub(super) fn get(&self, at: usize) -> &DueLine {
        &self.due[at]
    }

    /// Removes the expectation that was met, and the optional ones before it.
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

    /// Removes the optional expectations at the end of a step.
    pub(super) fn clear(&mut self) {
        self.due.clear();
        self.asked.clear();
    }
}
