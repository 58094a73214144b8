//! Frames of a connection that wait for a person.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Line, SIDES};
use crate::fault::active::Active;
use crate::fault::chance::key;
use crate::fault::hold::{Decision, Held, PATIENCE, changed};
use crate::fault::queue::Waiting;
use crate::frame::{Header, Role};
use crate::wst::Fault;

impl Line {
    /// Decides about the frame that waits under this number; `false` if none does.
    pub fn decide(&mut self, now: Duration, number: u64, decision: &Decision) -> bool {
        let waits = |side: &Role| {
            self.sides[*side as usize].hold.first().is_some_and(|held| held.number == number)
        };
        let sender = SIDES.into_iter().find(waits);
        sender.is_some_and(|sender| self.release(now, sender, decision))
    }

    /// The frames that wait for a person: number, sender, bytes, and the rule that holds it.
    pub fn held(&self) -> impl Iterator<Item = (u64, Role, Bytes, Arc<str>)> {
        self.sides.iter().zip(SIDES).filter_map(|(side, sender)| {
            let held = side.hold.first()?;
            Some((held.number, sender, held.bytes.clone(), held.fault.clone()))
        })
    }

    /// Passes one frame, or lets it wait for a person.
    pub(super) fn frame(&mut self, now: Duration, sender: Role, header: Header, bytes: Bytes) {
        let by = self.rule_that_holds(sender, &header, &bytes);
        let hold = &mut self.sides[sender as usize].hold;
        if hold.delays(&header, by.is_some()) {
            return hold.push_behind(header, bytes);
        }
        let Some(at) = by else { return self.pass(now, sender, header, Waiting::plain(bytes)) };
        self.begin(at);
        self.held += 1;
        let Active { id, text, .. } = &self.rules[at];
        let (number, until) = (self.held, now + PATIENCE);
        let (rule, fault) = (*id, text.clone());
        let first = Held { number, rule, fault, until, header, bytes, is_told: false };
        self.sides[sender as usize].hold.begin(first);
    }

    fn rule_that_holds(&self, sender: Role, header: &Header, bytes: &Bytes) -> Option<usize> {
        (0..self.rules.len()).find(|&at| {
            let Fault::Hold(kind, member) = &self.rules[at].rule.fault else { return false };
            kind.is(header.opcode)
                && self.is_due(at, sender)
                && member.as_ref().is_none_or(|member| member.is_in(header, bytes))
        })
    }

    /// Does what was decided about the frame that waits, and passes what waited behind it. `false` if none
    /// waits.
    pub(super) fn release(&mut self, now: Duration, sender: Role, decision: &Decision) -> bool {
        let Some(held) = self.sides[sender as usize].hold.end() else { return false };
        let Held { header, bytes, fault, .. } = held;
        let (done, header, bytes) = match decision {
            Decision::Send => ("sent", header, bytes),
            Decision::Drop => ("dropped", header, bytes),
            Decision::Change(payload) => {
                let (header, bytes) = changed(&header, payload, key(&mut self.seed));
                ("changed", header, bytes)
            }
        };
        let fault = Some(format!("{fault}: {done}").into());
        let is_dropped = *decision == Decision::Drop;
        self.pass(now, sender, header, Waiting { bytes, fault, is_dropped });
        while let Some((header, bytes)) = self.sides[sender as usize].hold.pop_behind() {
            self.frame(now, sender, header, bytes);
        }
        self.frames(now, sender);
        true
    }
}
