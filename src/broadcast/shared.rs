//! The state of a hub that its clones, its mailboxes and its writer share: members, logs, policy.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::held::Held;
use super::log::Log;
use super::member::{Audience, ClientId};
use super::outlet::{Wire, too_slow};
use super::pace::Pace;
use super::roster::{List, Roster};
use super::scheduler::{Mutex, MutexGuard};
use crate::limits::WRITE_DEADLINE;
use crate::stream::Io;

/// The burst of a hub with a pace, as a part of a member's capacity: a quarter.
const BURST: usize = 4;

/// The hub's policy for a member whose backlog would exceed the hub's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Drops the member's oldest messages. Right for prices, cursors and telemetry.
    DropOldest,
    /// Ends the membership with close code 1013. Right for chat, where a reader must not miss a
    /// message without noticing.
    Disconnect,
}

/// The options of a [`Hub`](super::Hub).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubOptions {
    /// The bytes that may wait to be written for one member: 1 MiB by default. With more, the hub
    /// applies `overflow`.
    pub capacity: usize,
    /// The policy for a member that cannot keep up: [`Overflow::Disconnect`] by default.
    pub overflow: Overflow,
    /// The time for which a stream may take nothing of what waits for it: [`WRITE_DEADLINE`] by
    /// default. Then the membership ends with close code 1013, whatever `overflow` is.
    pub write_deadline: Duration,
    /// The rate at which members may cause broadcasts: bytes a second to each audience, and a
    /// quarter of `capacity` at once. 0, the default, is no limit.
    ///
    /// So the hub does not evict a member with a slower line because of what others send.
    /// The hub refuses and drops nothing. When more was broadcast than the rate allows, it stops
    /// reading from its members' [`Outlet`](super::Outlet)s until time has made up for it, which
    /// takes as long as `capacity` bytes at most; TCP then slows the senders down. It reads from one
    /// member at a time, and from the next when the first one's session reads on.
    ///
    /// A quarter of the burst is kept for members that sent little lately (4 KiB at once and 512
    /// bytes a second), so the hub stops reading from them last. A message longer than the burst
    /// is sent whole.
    pub pace: u32,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            capacity: 1024 * 1024,
            overflow: Overflow::Disconnect,
            write_deadline: WRITE_DEADLINE,
            pace: 0,
        }
    }
}

/// The inside of a hub. Cheap to clone; all clones have the same members.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    state: Arc<Mutex<State>>,
    /// Bytes that one member's backlog may hold.
    pub(super) capacity: usize,
    pub(super) overflow: Overflow,
    /// How long a stream may take nothing of its backlog.
    pub(super) deadline: Duration,
    pub(super) pace: Option<Arc<Pace>>,
}

/// The part that a lock guards.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The id of the member that joined last.
    pub(super) last_id: ClientId,
    pub(super) members: Roster,
    /// Set when `close_all` was called: the hub closes later members with the same frame.
    pub(super) closed: Option<CloseFrame>,
    /// The log of each audience. An audience without a broadcast has no log.
    pub(super) logs: BTreeMap<Audience, Log>,
    /// Whether a task is writing rounds.
    pub(super) writing: bool,
    /// The requests that wait for a release, if the hub holds them.
    pub(super) held: Option<Held>,
}

/// The messages that one audience is sent in one write.
pub(super) struct Round {
    pub(super) audience: Audience,
    pub(super) frames: Bytes,
    /// The position in the audience's log at which the round ends.
    pub(super) end: u64,
    pub(super) members: List,
}

impl State {
    /// The length of an audience's log.
    pub(super) fn end(&self, audience: Audience) -> u64 {
        self.logs.get(&audience).map_or(0, Log::end)
    }

    /// Bytes broadcast so far, over all audiences.
    pub(super) fn total(&self) -> u64 {
        self.logs.values().map(Log::end).sum()
    }

    /// Bytes broadcast so far, and how many members there are.
    pub(super) fn size(&self) -> (u64, usize) {
        (self.total(), self.members.len())
    }

    /// Whether a round waits to be written.
    pub(super) fn has_open_round(&self) -> bool {
        self.logs.values().any(|log| !log.open.is_empty())
    }

    /// Closes the open rounds and returns them. An audience without an open round costs nothing.
    pub(super) fn take_rounds(&mut self) -> Vec<Round> {
        let Self { members, logs, writing, .. } = self;
        let rounds = logs.iter_mut().filter_map(|(&audience, log)| {
            let (frames, end) = log.take_round();
            let has_some = !frames.is_empty();
            has_some.then(|| Round { audience, frames, end, members: members.list(audience) })
        });
        let rounds: Vec<_> = rounds.collect();
        *writing = !rounds.is_empty();
        rounds
    }

    /// Moves one member to another audience.
    pub(super) fn seat(&mut self, id: ClientId, audience: Audience) {
        let end = self.end(audience);
        if let Some(member) = self.members.remove(id) {
            let mut wire = member.caught_up(&self.logs);
            wire.audience = audience;
            wire.seen = end;
            drop(wire);
            self.members.insert(id, audience, member);
        }
    }

    /// Ends every membership, and those that begin later.
    pub(super) fn close_all(&mut self, frame: &CloseFrame) {
        self.closed = Some(frame.clone());
        for member in std::mem::take(&mut self.members).iter() {
            member.caught_up(&self.logs).close(Some(frame.clone()));
        }
    }

    /// Ends one membership, if it has not ended. With a frame, the session sends it.
    pub(super) fn remove(&mut self, id: ClientId, frame: Option<CloseFrame>) {
        if let Some(member) = self.members.remove(id) {
            member.caught_up(&self.logs).close(frame);
        }
    }
}

impl Shared {
    pub(super) fn new(options: HubOptions) -> Self {
        let HubOptions { capacity, overflow, write_deadline, pace } = options;
        let burst = u32::try_from(capacity / BURST).unwrap_or(u32::MAX);
        // A longer message than a member's queue holds is sent to nobody.
        let longest = u32::try_from(capacity).unwrap_or(u32::MAX);
        let pace = (pace > 0).then(|| Arc::new(Pace::new(pace, burst, longest)));
        Self { state: Arc::default(), capacity, overflow, deadline: write_deadline, pace }
    }

    /// Lock order: the hub's state first, then an outlet. Neither lock is held across an `.await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the overflow policy to a member; true if that ended the membership.
    pub(super) fn is_evicted(&self, wire: &mut Wire<dyn Io>) -> bool {
        if wire.queued() <= self.capacity {
            return false;
        }
        // On a busy server the session may not have run yet, so the backlog may be long although
        // the peer reads. Try the socket once before the member pays for it.
        wire.drain_now();
        if wire.queued() <= self.capacity {
            return false;
        }
        let (keep, evict) = match self.overflow {
            Overflow::DropOldest => (self.capacity, false),
            Overflow::Disconnect => (0, true),
        };
        while wire.queued() > keep && wire.drop_oldest() {}
        if evict {
            wire.close(Some(too_slow()));
        }
        evict
    }
}
