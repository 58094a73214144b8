//! Waits for the events that the clients are expected to receive, and compares them.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::super::detail::Detail;
use super::super::expect::DueLine;
use super::super::inbox::{Arrival, Arrived};
use super::super::matching::matches;
use super::super::mismatch::{Difference, Mismatch};
use super::super::settings::StepSettings;
use super::super::{End, Item, Names, Observation, Timing};
use super::{Player, StepResult};
use crate::frame::Opcode;
use crate::transcript::{QUIET, Server, Transcript};
use crate::wst::{moment, seconds};

/// After which pause a server in process is idle: a paused clock moves only when every task waits.
const IDLE: Duration = Duration::from_millis(1);

impl Player {
    /// Waits until every expectation of every lane is met; the error is the first that is late.
    pub(super) async fn all_met(&mut self) -> StepResult {
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
            } else if !self.lanes[at].inbox.flush() && !self.part_came(at).await {
                return Err(self.missing(at, deadline));
            }
        }
    }

    /// Takes in the head or frame of which only a part has come to lane `at`; tells whether there is one that
    /// was not taken in before. Not cancel safe.
    pub(super) async fn part_came(&mut self, at: usize) -> bool {
        let before = self.lanes[at].inbox.items.len();
        self.t.lane(at).receive_part().await;
        self.take_in();
        self.lanes[at].inbox.items.len() > before
    }

    /// Listens on after the last line, and checks that nothing comes but pings, pongs, and the ends of connections
    /// that were closing.
    pub(super) async fn nothing_late(&mut self) -> StepResult {
        let late = self.t.late();
        if late.is_zero() {
            return Ok(());
        }
        self.settings.ignore([Opcode::Ping, Opcode::Pong]);
        let open = |at| self.t.lane(at).is_open();
        let were_open: Vec<_> = (0..self.lanes.len()).map(open).collect();
        self.listen_until(Instant::now() + late).await;
        self.take_in();
        for (lane, was_open) in self.lanes.iter_mut().zip(were_open) {
            while !was_open && lane.inbox.pop().is_some() {}
        }
        self.nothing_left()
    }

    /// Checks that the server has not begun anything that it did not end.
    pub(super) async fn nothing_begun(&mut self) -> StepResult {
        for at in 0..self.lanes.len() {
            self.lanes[at].inbox.flush();
            self.part_came(at).await;
        }
        self.compare()?;
        self.nothing_left()
    }

    /// The deadline of the next expected event of lane `at`.
    fn deadline(&self, at: usize, began: Instant) -> Instant {
        let agenda = &self.lanes[at].agenda;
        match agenda.first().and_then(|due| due.expect.modifiers.timing) {
            Some(Timing::Within(_, to)) => self.mark(at) + to,
            _ => began.max(agenda.last) + self.settings.timeout,
        }
    }

    /// The instant that `within` counts from: the last event of the lane, or the last action of any client.
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

    pub(super) async fn wait(&mut self, time: Duration) -> StepResult {
        self.settle().await?;
        self.t.aside(Item::Wait(time));
        let now = Instant::now();
        self.since = Some(now);
        self.listen_until(now + time).await;
        self.waited = Instant::now();
        self.compare()
    }

    /// Checks that nothing comes to lane `at` for `time`, counted as in [`mark`](Self::mark).
    pub(super) async fn silence(&mut self, at: usize, time: Duration) -> StepResult {
        self.all_met().await?;
        let until = self.mark(at).max(self.waited) + time;
        loop {
            self.take_in();
            if let Some(arrival) = self.lanes[at].inbox.pop() {
                return Err(self.unexpected(at, &arrival, &self.current));
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

    /// Waits for an event of any client, or until `deadline`. Cancel safe.
    pub(super) async fn listen(&mut self, deadline: Instant) {
        let server = self.t.server();
        // A server in process is looked at once it is idle: it may wait for something real.
        let idle = server.is_some().then(|| Instant::now() + IDLE).filter(|idle| *idle < deadline);
        if let Some(idle) = idle {
            if self.sees(server.clone(), idle).await {
                return;
            }
            self.t.wait_for_real().await;
            self.t.takes_silence();
        }
        self.sees(server, deadline).await;
    }

    /// Waits for an event of any client, or until `deadline`; tells whether there was one. Cancel safe.
    async fn sees(&mut self, server: Option<Arc<Server>>, deadline: Instant) -> bool {
        let seeing = async {
            tokio::select! {
                biased;
                () = self.t.see() => true,
                () = sleep_until(deadline) => false,
            }
        };
        match Transcript::unless_restless(server, true, seeing).await {
            Some(sees) => sees,
            // No time would ever pass. `play` ends the whole.
            None => std::future::pending().await,
        }
    }

    /// Moves the events that the lanes have received until now into the inboxes.
    pub(super) fn take_in(&mut self) {
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            let is_ignored = |arrival: &Arrival| is_ignored(&self.settings, arrival);
            lane.inbox.take_in(self.t.lane(at), self.joined, is_ignored);
        }
    }

    /// Compares received events with expectations, until one of the two runs out.
    pub(super) fn compare(&mut self) -> StepResult {
        (0..self.lanes.len()).try_for_each(|at| self.compare_lane(at))
    }

    fn compare_lane(&mut self, at: usize) -> StepResult {
        if self.lanes[at].inbox.is_flooded() {
            let arrival = self.lanes[at].inbox.pop();
            return Err(arrival.map_or_else(
                || self.differs(None, Mismatch::Flood),
                |arrival| {
                    let mut flood = self.unexpected(at, &arrival, "no more than can be heard");
                    flood.why = Mismatch::Flood;
                    flood
                },
            ));
        }
        while self.compare_next(at)? {}
        // All must be sent, in this order: the loop ends at the first that is not yet sent.
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

    /// The difference that stands first in the scenario, if several lanes differ.
    ///
    /// A wrong broadcast is wrong in every lane and reaches the lanes in any order. This makes the
    /// report the same in every run.
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

    /// Compares the next received event; returns whether it matched.
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

    /// Compares the next received event with every expectation that may come next.
    fn compare_with(&self, at: usize, names: &mut Names) -> Compared {
        let mark = self.mark(at);
        let lane = &self.lanes[at];
        let next = lane.agenda.next();
        let Some(arrival) = lane.inbox.items.front() else { return Compared::Waiting };
        if next.is_empty() {
            return Compared::Waiting;
        }
        let mut blame: Option<(usize, Mismatch)> = None;
        for place in next {
            let due = lane.agenda.get(place);
            let known = names.mark();
            let fits = matches(&due.expect.what, arrival, names)
                .and_then(|()| self.in_time(due, arrival, mark))
                .and_then(|()| wire(due, arrival));
            match fits {
                Ok(()) => return Compared::Met(place, arrival.at),
                // Report the expectation of the same kind, if there is one.
                Err(why) if !why.is_of_another_kind() || blame.is_none() => {
                    let was_other = blame.as_ref().is_none_or(|(_, why)| why.is_of_another_kind());
                    if was_other {
                        blame = Some((place, why));
                    }
                }
                Err(_) => {}
            }
            // The event may have matched at a wrong time: its names do not count.
            names.forget(known);
        }
        // If all that is left is optional, the event may match a later line of the scenario.
        match (blame, lane.agenda.first()) {
            (Some((place, why)), Some(_)) => Compared::Differs(place, why),
            _ => Compared::Waiting,
        }
    }

    fn in_time(&self, due: &DueLine, arrival: &Arrival, mark: Instant) -> Result<(), Mismatch> {
        match due.expect.modifiers.timing {
            None => Ok(()),
            Some(Timing::Within(from, to)) => {
                let after = arrival.at.saturating_duration_since(mark);
                match after {
                    _ if after < from => Err(Mismatch::Early(after)),
                    _ if after > to => Err(Mismatch::Late(after)),
                    _ => Ok(()),
                }
            }
            Some(Timing::At(time)) => {
                let since = self.since.unwrap_or(mark);
                let at = seconds(moment(arrival.at.saturating_duration_since(since)));
                if at == seconds(time) {
                    Ok(())
                } else {
                    Err(Mismatch::Differs(Detail::Moment(at)))
                }
            }
        }
    }
}

/// The result of comparing the next received event.
enum Compared {
    /// It matches the expectation at this index, and came at this instant.
    Met(usize, Instant),
    /// Nothing was received, or nothing is expected.
    Waiting,
    /// It matches nothing; the expectation at this index is the nearest.
    Differs(usize, Mismatch),
}

/// Compares the bytes of a frame with those behind `|`.
fn wire(due: &DueLine, arrival: &Arrival) -> Result<(), Mismatch> {
    let Some((wanted, more)) = &due.expect.modifiers.wire else { return Ok(()) };
    let Arrived::Frame(frame) = &arrival.what else { return Ok(()) };
    let found = frame.to_bytes();
    if let Observation::Frame(pattern) = &due.expect.what
        && pattern.payload.has_placeholders()
    {
        // The value of a placeholder differs in each run, in bytes and perhaps in length: only the first
        // byte can be compared.
        let is_same = wanted.first() == found.first();
        return if is_same { Ok(()) } else { Err(Mismatch::Differs(Detail::Wire)) };
    }
    if found.starts_with(wanted) && (*more || found.len() == wanted.len()) {
        return Ok(());
    }
    Err(Mismatch::Differs(Detail::Wire))
}

fn is_ignored(settings: &StepSettings, arrival: &Arrival) -> bool {
    let Arrived::Frame(frame) = &arrival.what else { return false };
    let opcode = frame.header.opcode.to_string();
    let json: OnceCell<Value> = OnceCell::new();
    let json = || json.get_or_init(|| serde_json::from_slice(&frame.payload).unwrap_or_default());
    settings.ignored().any(|kind| match kind.strip_prefix("type=") {
        Some(kind) => json()["type"] == kind,
        None => kind == opcode,
    })
}
