//! Comings and goings: told one by one while they are few, told together when they are many.
//!
//! Telling every arrival to every member costs the square of their number: 5,000 arrivals are
//! 12.5 million frames. A [`Crowd`] decides which arrivals, departures and renamings are told at
//! once. The others are counted until the end of the [`PERIOD`], and the room then tells them in
//! one event. So a member is told at most [`AT_ONCE`] single events and one summary in a period,
//! however many strangers come and go.
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

/// The most arrivals, departures and renamings that are told one by one in one period.
///
/// The people of a class see each other come and go at once, and so does a program that opens and
/// closes a few connections in quick succession, as `ws101 check` does.
pub const AT_ONCE: usize = 256;

/// The most passing events, such as typing, that are told in one period.
pub const PASSING: usize = 16;

/// The most frames that single events may take in one period.
///
/// An event costs one frame for each member, so rooms of more than six members may be told fewer
/// single events than [`AT_ONCE`], and rooms of more than `FRAMES` none.
///
/// Some dialects list the members in each event. Together those lists have at most `FRAMES` names
/// too, in a room of any size: 256 events list 6 names each, or 16 events list [`LISTED`]. With the
/// longest names a member is told at most 400 kB in a period: a third of what a line of 10 Mbit/s
/// takes, and less than half of the queue of a member.
pub const FRAMES: usize = 1_600;

/// How often the rest is told together.
pub const PERIOD: Duration = Duration::from_secs(1);

/// Sorts the changes of one period into those told at once and those told together.
///
/// `T` describes a member in the summary; `()` counts only. Each method takes constant time.
#[derive(Clone, Debug)]
pub struct Crowd<T> {
    /// What single changes took in this period.
    changes: Spent,
    /// What passing events took.
    passing: Spent,
    pending: Summary<T>,
}

/// What happened in one period and was not told at once.
///
/// Somebody may be in several of its parts. To follow them, apply the arrivals, then the
/// renamings, then the departures.
#[derive(Clone, Debug)]
pub struct Summary<T> {
    /// Who came.
    pub came: Tally<T>,
    /// Who has another name.
    pub renamed: Tally<T>,
    /// Who went.
    pub went: Tally<T>,
}

/// How many did something, and who the first of them were.
#[derive(Clone, Debug)]
pub struct Tally<T> {
    first: Vec<T>,
    total: usize,
}

/// What was told at once in one period.
#[derive(Clone, Copy, Debug)]
struct Spent {
    events: usize,
    frames: usize,
}

impl Spent {
    const NOTHING: Self = Self { events: 0, frames: 0 };

    /// Spends `frames` more on one event, if it is one of the first `most` and the frames allow it.
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

    /// How many there were.
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
    /// Nothing has happened yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { changes: Spent::NOTHING, passing: Spent::NOTHING, pending: Summary::new() }
    }

    /// Somebody came: true if the caller is to tell it now, to `listeners` members.
    #[must_use]
    pub fn came(&mut self, listeners: usize, who: T) -> bool {
        let now = self.is_told_now(listeners);
        if !now {
            self.pending.came.add(who);
        }
        now
    }

    /// Somebody went: true if the caller is to tell it now, to `listeners` members.
    #[must_use]
    pub fn went(&mut self, listeners: usize, who: T) -> bool {
        let now = self.is_told_now(listeners);
        if !now {
            self.pending.went.add(who);
        }
        now
    }

    /// Somebody has another name: true if the caller is to tell it now, to `listeners` members.
    #[must_use]
    pub fn renamed(&mut self, listeners: usize, who: T) -> bool {
        let now = self.is_told_now(listeners);
        if !now {
            self.pending.renamed.add(who);
        }
        now
    }

    /// Ends a period: what is to be told together now, which may be nothing.
    ///
    /// Call it once every [`PERIOD`].
    #[must_use]
    pub fn end_period(&mut self) -> Summary<T> {
        std::mem::take(self).pending
    }

    /// Whether an event that is worth nothing a moment later, typing for instance, is to be told
    /// to `listeners` members. It has limits of its own, of the same size; what exceeds them is
    /// dropped.
    #[must_use]
    pub fn passing(&mut self, listeners: usize) -> bool {
        self.passing.spend(listeners, PASSING)
    }

    fn is_told_now(&mut self, listeners: usize) -> bool {
        // After the first change that waits, all others of the period wait: a departure must not
        // be told before the arrival.
        self.pending.is_empty() && self.changes.spend(listeners, AT_ONCE)
    }
}
