//! The members of a hub, and the audience that each is in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::log::Log;
use super::member::{Audience, ClientId};
use super::outlet::{Outlet, Wire};
use super::scheduler::MutexGuard;
use crate::stream::Io;

/// One member. Its audience is in its outlet too, so that a connection needs less memory.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) outlet: Outlet,
}

impl Member {
    /// Locks its outlet, after moving to its backlog what was broadcast so far. Called before
    /// something is sent to it alone.
    pub(super) fn caught_up(&self, logs: &BTreeMap<Audience, Log>) -> MutexGuard<'_, Wire<dyn Io>> {
        let mut wire = self.outlet.lock();
        // A member that missed a message receives no more: it must not see a gap.
        if !wire.left
            && let Some(log) = logs.get(&wire.audience)
        {
            log.catch_up(&mut wire);
        }
        wire
    }
}

/// All members, by audience.
///
/// Joining, moving, leaving and looking up take O(log n) time. A round needs a list of
/// the members of one audience. The list is built again only if a member joined or left since the
/// last round, which costs no more than writing the round to all of them.
#[derive(Debug, Default)]
pub(super) struct Roster {
    seats: BTreeMap<ClientId, Audience>,
    audiences: BTreeMap<Audience, Listeners>,
}

/// The members of one audience.
#[derive(Debug, Default)]
struct Listeners {
    members: BTreeMap<ClientId, Member>,
    /// The same, for a round; dropped when a member joins or leaves.
    list: Option<List>,
}

/// A list of members in order of joining.
pub(super) type List = Arc<[(ClientId, Member)]>;

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn get(&self, id: ClientId) -> Option<&Member> {
        self.audiences.get(&self.audience(id)?)?.members.get(&id)
    }

    /// The number of members of an audience.
    pub(super) fn listeners(&self, audience: Audience) -> usize {
        self.audiences.get(&audience).map_or(0, |listeners| listeners.members.len())
    }

    /// The audience of a member.
    pub(super) fn audience(&self, id: ClientId) -> Option<Audience> {
        self.seats.get(&id).copied()
    }

    pub(super) fn insert(&mut self, id: ClientId, audience: Audience, member: Member) {
        self.seats.insert(id, audience);
        let listeners = self.audiences.entry(audience).or_default();
        listeners.members.insert(id, member);
        listeners.list = None;
    }

    pub(super) fn remove(&mut self, id: ClientId) -> Option<Member> {
        let audience = self.seats.remove(&id)?;
        let listeners = self.audiences.get_mut(&audience)?;
        listeners.list = None;
        listeners.members.remove(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.audiences.values().flat_map(|listeners| listeners.members.values())
    }

    /// The members of an audience. Returns the last list again if the members are the same.
    pub(super) fn list(&mut self, audience: Audience) -> List {
        let listeners = self.audiences.entry(audience).or_default();
        let members = &listeners.members;
        let list = || members.iter().map(|(id, member)| (*id, member.clone())).collect();
        listeners.list.get_or_insert_with(list).clone()
    }
}
