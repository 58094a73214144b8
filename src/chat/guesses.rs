//! Wrong keys of the teacher: how many may come from one address.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::receipts::Fingerprint;
use crate::upgrade::Peer;

/// The most wrong keys of one address in [`PERIOD`]. After them, none is looked at.
pub const GUESSES: u8 = 5;

/// The time in which wrong keys are counted.
pub const PERIOD: Duration = Duration::from_secs(60);

/// Where a connection comes from: 16 bits of the fingerprint of its address. A whole address would make
/// each connection heavier, and two addresses with the same bits only share their guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin(u16);

impl Origin {
    pub(super) fn of(peer: &Peer) -> Self {
        let address = peer.ends.map(|ends| ends.peer.ip().to_string()).unwrap_or_default();
        let fingerprint = Fingerprint::of(&["address", &address]);
        let bytes = fingerprint.as_ref();
        Self(u16::from_le_bytes([bytes[0], bytes[1]]))
    }
}

/// Wrong keys since a time.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    since: Duration,
    count: u8,
}

/// The wrong keys of the last [`PERIOD`], by origin; so there are at most 65,536 entries. All rooms share
/// them.
#[derive(Clone, Debug, Default)]
pub(super) struct Guesses {
    wrong: Arc<Mutex<BTreeMap<Origin, Wrong>>>,
}

impl Guesses {
    /// How long no key of this origin is looked at.
    pub(super) fn wait(&self, origin: Origin, now: Duration) -> Option<Duration> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = *wrong.get(&origin)?;
        let rest =
            PERIOD.checked_sub(now.saturating_sub(tried.since)).filter(|rest| !rest.is_zero());
        if rest.is_none() {
            wrong.remove(&origin);
        }
        rest.filter(|_| tried.count >= GUESSES)
    }

    pub(super) fn count(&self, origin: Origin, now: Duration) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.entry(origin).or_insert(Wrong { since: now, count: 0 }).count += 1;
    }
}
