//! Who is a member, and in which audience.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::hub::{Audience, ClientId};
use super::log::Log;
use super::outlet::{Outlet, Wire};
use super::scheduler::MutexGuard;
use crate::stream::Io;

/// One member: its connection, and what it hears.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) outlet: Outlet,
    pub(super) audience: Audience,
}

impl Member {
    /// Puts it level with what was said to all, before something is said to it alone.
    pub(super) fn caught_up(&self, logs: &BTreeMap<Audience, Log>) -> MutexGuard<'_, Wire<dyn Io>> {
        let mut wire = self.outlet.lock();
        // Who missed something hears no more: a gap would be a lie.
        if !wire.left
            && let Some(log) = logs.get(&self.audience)
        {
            log.catch_up(&mut wire);
        }
        wire
    }
}

/// All members, counted by audience: who is counted at every message cannot be searched for.
#[derive(Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<ClientId, Member>,
    audiences: BTreeMap<Audience, usize>,
    /// Everyone, for a round; forgotten when someone comes, moves or goes.
    everyone: Option<Arc<[(ClientId, Member)]>>,
}

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn get(&self, id: ClientId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// How many members an audience has.
    pub(super) fn listeners(&self, audience: Audience) -> usize {
        self.audiences.get(&audience).copied().unwrap_or_default()
    }

    pub(super) fn insert(&mut self, id: ClientId, member: Member) {
        self.everyone = None;
        *self.audiences.entry(member.audience).or_default() += 1;
        self.members.insert(id, member);
    }

    pub(super) fn remove(&mut self, id: ClientId) -> Option<Member> {
        let member = self.members.remove(&id)?;
        self.everyone = None;
        if let Some(count) = self.audiences.get_mut(&member.audience) {
            *count -= 1;
        }
        Some(member)
    }

    pub(super) fn into_members(self) -> impl Iterator<Item = Member> {
        self.members.into_values()
    }

    /// Everyone, in order of joining: the same list as last time, if they are the same.
    pub(super) fn everyone(&mut self) -> Arc<[(ClientId, Member)]> {
        let members = &self.members;
        let list = || members.iter().map(|(id, member)| (*id, member.clone())).collect();
        self.everyone.get_or_insert_with(list).clone()
    }
}
