//! Limits the events about arrivals, departures and renamings: few are sent one by one, many as a
//! summary.
//!
//! An event for every arrival, sent to every member, costs the square of their number: 5,000
//! arrivals are 12.5 million frames. A [`Crowd`] decides which changes the room sends as events at
//! once. It collects the others until the end of the [`PERIOD`], and the room sends them as one
//! summary. So a member receives at most [`AT_ONCE`] single events and one summary in a period.
//!
//! A [`Roll`] holds the members' names. It finds out whether a name is free without looking at
//! every member, and it lists at most [`LISTED`] of them.

mod roll;

use std::time::Duration;

pub use roll::{Named, Roll};

/// The most members that a list names; a larger room adds how many there are.
///
/// A list of 100 names of 32 letters takes about 10 kB. The page shows no more than 100 either.
pub const LISTED: usize = 100;

/// The most arrivals, departures and renamings that are sent as single events in one period.
///
/// It is enough for a class whose members all connect at once, and for a program that opens and
/// closes a few connections in quick succession, as `ws101 check` does.
pub const AT_ONCE: usize = 256;

/// The most passing events, such as typing, that are sent in one period.
pub const PASSING: usize = 16;

/// The most frames that single events may take in one period.
///
/// An event costs one frame for each member, so a room of more than six members may get fewer
/// single events than [`AT_ONCE`], and a room of more than `FRAMES` members gets none.
///
/// Some dialects list the members in each event. Together those lists have at most `FRAMES` names
/// too, in a room of any size: 256 events list 6 names each, or 16 events list [`LISTED`]. With the
/// longest names a member is told at most 400 kB in a period: a third of what a line of 10 Mbit/s
/// takes, and less than half of the queue of a member.
pub const FRAMES: usize = 1_600;

/// The time between two summaries.
pub const PERIOD: Duration = Duration::from_secs(1);

/// Decides for each change whether it is sent as a single event or becomes part of the summary.
///
/// `T` describes a member in the summary; `()` counts only. Each method takes constant time.
#[derive(Clone, Debug)]
pub struct Crowd<T> {
    /// Single events about changes in this period, and their frames.
    changes: Spent,
    /// Passing events in this period, and their frames.
    passing: Spent,
    pending: Summary<T>,
}

/// The changes of one period that were not sent as single events.
///
/// One member may be in several of its parts. Apply the arrivals first, then the renamings, then
/// the departures.
#[derive(Clone, Debug)]
pub struct Summary<T> {
    /// The members that arrived.
    pub came: Tally<T>,
    /// The members with another name.
    pub renamed: Tally<T>,
    /// The members that left.
    pub went: Tally<T>,
}

/// The number of members in one part of a summary, and the first of them.
#[derive(Clone, Debug)]
pub struct Tally<T> {
    first: Vec<T>,
    total: usize,
}

/// The single events of one period, and their frames.
#[derive(Clone, Copy, Debug)]
struct Spent {
    events: usize,
    frames: usize,
}

impl Spent {
    const NOTHING: Self = Self { events: 0, frames: 0 };

    /// Counts one event of `frames` frames, unless it exceeds `most` events or [`FRAMES`]. Returns
    /// whether it was counted.
    fn spend(&mut self, frames: usize, most: usize) -> bool {
        let fits = self.events < most && self.frames + frames <= FRAMES;
        if fits {
            self.events += 1;
            self.frames += frames;
        }
        fits
    }
}

impl<T> Tally<T> {
    const fn new() -> Self {
        Self { first: Vec::new(), total: 0 }
    }

    fn add(&mut self, who: T) {
        self.total += 1;
        if self.first.len() < LISTED {
            self.first.push(who);
        }
    }

    /// The number of members.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// The first of them, at most `most` and at most [`LISTED`].
    #[must_use]
    pub fn first(&self, most: usize) -> &[T] {
        &self.first[..self.first.len().min(most)]
    }

    /// Whether [`first`](Self::first) can name all of them.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.first.len() == self.total
    }
}

impl<T> Summary<T> {
    const fn new() -> Self {
        Self { came: Tally::new(), renamed: Tally::new(), went: Tally::new() }
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.came.total + self.renamed.total + self.went.total == 0
    }
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Crowd<T> {
    /// A crowd at the start of a period, without changes.
    #[must_use]
    pub const fn new() -> Self {
        Self { changes: Spent::NOTHING, passing: Spent::NOTHING, pending: Summary::new() }
    }

    /// Records an arrival. Returns whether the caller must send it as an event now, to `listeners`
    /// members.
    #[must_use]
    pub fn came(&mut self, listeners: usize, who: T) -> bool {
        let now = self.is_told_now(listeners);
        if !now {
            self.pending.came.add(who);
        }
        now
    }

    /// Records a departure, as [`came`](Self::came) does an arrival.
    #[must_use]
    pub fn went(&mut self, listeners: usize, who: T) -> bool {
        let now = self.is_told_now(listeners);
        if !now {
            self.pending.went.add(who);
        }
        now
    }

    /// Records another name of a member, as [`came`](Self::came) does an arrival.
    #[must_use]
    pub fn renamed(&mut self, listeners: usize, who: T) -> bool {
        let now = self.is_told_now(listeners);
        if !now {
            self.pending.renamed.add(who);
        }
        now
    }

    /// Ends a period. Returns the summary that the caller must send now, unless it is empty.
    ///
    /// Call it once every [`PERIOD`].
    #[must_use]
    pub fn end_period(&mut self) -> Summary<T> {
        std::mem::take(self).pending
    }

    /// Whether the caller must send a passing event, such as typing, to `listeners` members. If not,
    /// the event is dropped. Passing events have limits of their own: [`PASSING`] events and
    /// [`FRAMES`] frames.
    #[must_use]
    pub fn passing(&mut self, listeners: usize) -> bool {
        self.passing.spend(listeners, PASSING)
    }

    fn is_told_now(&mut self, listeners: usize) -> bool {
        // Once a change is in the summary, all later ones of the period are too: a departure must
        // not be sent before its arrival.
        self.pending.is_empty() && self.changes.spend(listeners, AT_ONCE)
    }
}
