//! Waiting for what clients are to see.

use std::cell::OnceCell;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::super::detail::Detail;
use super::super::expect::Due;
use super::super::inbox::{Heard, What};
use super::super::matching::matches;
use super::super::mismatch::{Difference, Mismatch};
use super::super::settings::Settings;
use super::super::{End, Item, Names, Observation, Timing};
use super::{Player, Verdict};
use crate::transcript::QUIET;
use crate::wst::{moment, seconds};

impl Player {
    /// Waits until every lane has seen what it must, or has not and should have.
    pub(super) async fn all_met(&mut self) -> Verdict {
        let began = Instant::now();
        loop {
            self.take_in();
            self.compare()?;
            if self.lanes.iter().all(|lane| lane.agenda.is_met()) {
                return Ok(());
            }
            let open = (0..self.lanes.len()).filter(|&at| !self.lanes[at].agenda.is_met());
            let first = open.map(|at| (self.deadline(at, began), at)).min();
            let Some((deadline, at)) = first else { return Ok(()) };
            if Instant::now() < deadline {
                self.listen(deadline).await;
            } else if !self.lanes[at].inbox.flush() {
                return Err(self.missing(at, deadline));
            }
        }
    }

    /// Until when `at` is to see the next thing.
    fn deadline(&self, at: usize, began: Instant) -> Instant {
        let agenda = &self.lanes[at].agenda;
        match agenda.first().and_then(|due| due.expect.modifiers.timing) {
            Some(Timing::Within(_, to)) => self.mark(at) + to,
            _ => began.max(agenda.last) + self.settings.timeout,
        }
    }

    /// What times are counted from: what the lane saw last, or what anyone did last.
    fn mark(&self, at: usize) -> Instant {
        self.lanes[at].agenda.last.max(self.acted)
    }

    fn missing(&self, at: usize, deadline: Instant) -> Box<Difference> {
        let agenda = &self.lanes[at].agenda;
        let time = match agenda.first().and_then(|due| due.expect.modifiers.timing) {
            Some(Timing::Within(_, to)) => to,
            _ => self.settings.timeout.min(deadline.elapsed() + self.settings.timeout),
        };
        let why = match agenda.first().map(|due| &due.expect.what) {
            Some(Observation::End(End::Any | End::Eof | End::Reset)) => Mismatch::Open(time),
            _ => Mismatch::Silence(time),
        };
        if let Some(due) = agenda.first() {
            return self.differs(Some((at, due, None)), why);
        }
        let mut difference = self.differs(None, why);
        difference.lane = Some(self.t.name(at).to_owned());
        if let Some(own) = agenda.own.front() {
            (difference.line, difference.expected) = (own.line, own.text.clone());
        }
        difference
    }

    pub(super) async fn wait(&mut self, time: Duration) -> Verdict {
        self.settle().await?;
        self.t.aside(Item::Wait(time));
        let now = Instant::now();
        self.since = Some(now);
        self.listen_until(now + time).await;
        self.waited = Instant::now();
        self.compare()
    }

    /// Nothing comes to `at`, counted from what it saw last, or what anyone did last.
    pub(super) async fn silence(&mut self, at: usize, time: Duration) -> Verdict {
        self.all_met().await?;
        let until = self.mark(at).max(self.waited) + time;
        loop {
            self.take_in();
            if let Some(heard) = self.lanes[at].inbox.pop() {
                return Err(self.unexpected(at, &heard, &self.current));
            }
            if Instant::now() >= until {
                return Ok(());
            }
            self.listen(until).await;
        }
    }

    async fn listen_until(&mut self, deadline: Instant) {
        while Instant::now() < deadline {
            self.listen(deadline).await;
            self.take_in();
        }
    }

    /// Waits until a client has seen something, or until `deadline`.
    async fn listen(&mut self, deadline: Instant) {
        tokio::select! {
            biased;
            () = self.t.see() => {}
            () = sleep_until(deadline) => {}
        }
    }

    /// Takes in what was seen until now.
    pub(super) fn take_in(&mut self) {
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            let is_ignored = |heard: &Heard| is_ignored(&self.settings, heard);
            lane.inbox.take_in(self.t.lane(at), self.joined, is_ignored);
        }
    }

    /// Compares what was seen with what is due, as far as both go.
    pub(super) fn compare(&mut self) -> Verdict {
        (0..self.lanes.len()).try_for_each(|at| self.compare_lane(at))
    }

    fn compare_lane(&mut self, at: usize) -> Verdict {
        if self.lanes[at].inbox.is_flooded() {
            let heard = self.lanes[at].inbox.pop();
            return Err(heard.map_or_else(
                || self.differs(None, Mismatch::Flood),
                |heard| {
                    let mut flood = self.unexpected(at, &heard, "no more than can be heard");
                    flood.why = Mismatch::Flood;
                    flood
                },
            ));
        }
        while self.compare_next(at)? {}
        // In their order: all of them must be said, so the first that is not decides.
        let own = &mut self.lanes[at].agenda.own;
        while let Some(first) = own.front() {
            let wanted = first.payload.to_bytes(&self.names).unwrap_or_default();
            if !self.t.lane(at).has_said(first.opcode, wanted) {
                break;
            }
            own.pop_front();
        }
        Ok(())
    }

    /// Of what differs in several lanes, what stands first in the scenario.
    ///
    /// A broadcast that is wrong is wrong for everyone, and reaches them in no order: it is
    /// to be told the same way each time.
    pub(super) async fn earliest(&mut self, difference: Box<Difference>) -> Box<Difference> {
        if difference.seen.is_none() {
            return difference;
        }
        self.listen_until(Instant::now() + QUIET).await;
        let mut first = difference;
        for at in 0..self.lanes.len() {
            if let Err(other) = self.compare_lane(at)
                && other.line < first.line
            {
                first = other;
            }
        }
        first
    }

    /// Compares the next thing that was seen; tells whether there was one, and one was due.
    fn compare_next(&mut self, at: usize) -> Result<bool, Box<Difference>> {
        let mut names = std::mem::take(&mut self.names);
        let compared = self.compare_with(at, &mut names);
        self.names = names;
        match compared {
            Compared::Met(place, when) => {
                self.lanes[at].agenda.strike(place, when);
                self.lanes[at].inbox.pop();
                Ok(true)
            }
            Compared::Waiting => Ok(false),
            Compared::Differs(place, why) => {
                let lane = &self.lanes[at];
                let due = lane.agenda.get(place);
                Err(self.differs(Some((at, due, lane.inbox.items.front())), why))
            }
        }
    }

    /// Compares the next thing that was seen with all that may come next.
    fn compare_with(&self, at: usize, names: &mut Names) -> Compared {
        let mark = self.mark(at);
        let lane = &self.lanes[at];
        let next = lane.agenda.next();
        let (Some(heard), false) = (lane.inbox.items.front(), next.is_empty()) else {
            return Compared::Waiting;
        };
        let mut blame: Option<(usize, Mismatch)> = None;
        for place in next {
            let due = lane.agenda.get(place);
            let known = names.mark();
            let fits = matches(&due.expect.what, heard, names)
                .and_then(|()| self.in_time(due, heard, mark))
                .and_then(|()| wire(due, heard));
            match fits {
                Ok(()) => return Compared::Met(place, heard.at),
                // The one that comes nearest is to blame.
                Err(why) if why != Mismatch::Other || blame.is_none() => {
                    let was_other = blame.as_ref().is_none_or(|(_, why)| *why == Mismatch::Other);
                    if was_other {
                        blame = Some((place, why));
                    }
                }
                Err(_) => {}
            }
            // What matched may still have come at the wrong time.
            names.forget(known);
        }
        // What is optional may be followed by something that is yet to be read.
        match (blame, lane.agenda.first()) {
            (Some((place, why)), Some(_)) => Compared::Differs(place, why),
            _ => Compared::Waiting,
        }
    }

    fn in_time(&self, due: &Due, heard: &Heard, mark: Instant) -> Result<(), Mismatch> {
        match due.expect.modifiers.timing {
            None => Ok(()),
            Some(Timing::Within(from, to)) => {
                let after = heard.at.saturating_duration_since(mark);
                match after {
                    _ if after < from => Err(Mismatch::Early(after)),
                    _ if after > to => Err(Mismatch::Late(after)),
                    _ => Ok(()),
                }
            }
            Some(Timing::At(time)) => {
                let since = self.since.unwrap_or(mark);
                let at = seconds(moment(heard.at.saturating_duration_since(since)));
                if at == seconds(time) {
                    Ok(())
                } else {
                    Err(Mismatch::Differs(Detail::Moment(at)))
                }
            }
        }
    }
}

/// What the next thing that was seen is, among what may come next.
enum Compared {
    /// It is what is due at this place, and came then.
    Met(usize, Instant),
    /// Nothing was seen, or nothing must come.
    Waiting,
    /// It comes nearest to what is due at this place.
    Differs(usize, Mismatch),
}

/// Whether its bytes are those that stand beside it.
fn wire(due: &Due, heard: &Heard) -> Result<(), Mismatch> {
    let Some((wanted, more)) = &due.expect.modifiers.wire else { return Ok(()) };
    let What::Frame(frame) = &heard.what else { return Ok(()) };
    let found = frame.to_bytes();
    if let Observation::Frame(pattern) = &due.expect.what
        && pattern.payload.has_placeholders()
    {
        // What a placeholder stands for has other bytes in each run, perhaps another length too.
        let is_same = wanted.first() == found.first();
        return if is_same { Ok(()) } else { Err(Mismatch::Differs(Detail::Wire)) };
    }
    if found.starts_with(wanted) && (*more || found.len() == wanted.len()) {
        return Ok(());
    }
    Err(Mismatch::Differs(Detail::Wire))
}

fn is_ignored(settings: &Settings, heard: &Heard) -> bool {
    let What::Frame(frame) = &heard.what else { return false };
    let opcode = frame.header.opcode.to_string();
    let json: OnceCell<Value> = OnceCell::new();
    let json = || json.get_or_init(|| serde_json::from_slice(&frame.payload).unwrap_or_default());
    settings.ignored().any(|kind| match kind.strip_prefix("type=") {
        Some(kind) => json()["type"] == kind,
        None => kind == opcode,
    })
}
