//! Departures of members, and whether members are away.

use super::event::{Departure, Event};
use super::people::GRACE;
use super::request::RequestError;
use super::room::{Chat, Connection};
use crate::broadcast::{ClientId, Hub};
use crate::crowd::LISTED;

impl Chat {
    /// One connection of a member has ended. The member leaves with its last one: at once if the client
    /// closed it, and otherwise after [`GRACE`] if the person has a token and may come back.
    pub(super) fn disconnected(&mut self, connection: &Connection, hub: &Hub) {
        let number = connection.number;
        let Some(member) = self.members.get_mut(number) else { return };
        member.connections -= 1;
        member.present -= u32::from(!connection.away);
        // One that was away and comes back is not away any more.
        if member.connections > 0 || connection.away {
            self.changed.insert(number);
        }
        if member.connections > 0 {
            return;
        }
        let due = self.now + GRACE;
        let is_held = !connection.closed
            && member.token.is_some_and(|token| self.people.hold(token, number, member, due));
        if !is_held {
            self.depart(number, Departure::Closed, hub);
        }
    }

    /// A member leaves the room.
    pub(super) fn depart(&mut self, number: ClientId, why: Departure, hub: &Hub) {
        let Some(member) = self.members.leave(number) else { return };
        self.changed.remove(&number);
        if let Some(token) = member.token {
            self.people.left(token, &member, self.now);
        }
        let count = self.members.len();
        if !self.crowd.went(count, member.clone()) {
            return;
        }
        let left = Event::UserLeft {
            seq: self.history.seq() + 1,
            user: &member,
            members: self.listed(),
            count,
            why,
            timestamp: self.timestamp(),
        };
        let kept = self.dialects.broadcast_lasting(&left, None, hub);
        self.record(kept);
    }

    /// A client says whether its person looks at it.
    pub(super) fn set_away(&mut self, who: ClientId, away: bool) -> Result<(), RequestError> {
        let was_away = self.member(who)?.is_away();
        let Some(connection) = self.connections.get_mut(&who) else { return Ok(()) };
        let number = connection.number;
        let before = std::mem::replace(&mut connection.away, away);
        if let Some(member) = self.members.get_mut(number) {
            member.present = member.present + u32::from(before) - u32::from(away);
            if member.is_away() != was_away {
                self.changed.insert(number);
            }
        }
        Ok(())
    }

    /// Tells the states that have changed since the last tick: at most [`LISTED`], and the others at
    /// the next one.
    pub(super) fn broadcast_states(&mut self, hub: &Hub) {
        let numbers: Vec<_> = self.changed.iter().copied().take(LISTED).collect();
        if numbers.is_empty() {
            return;
        }
        self.changed.retain(|number| !numbers.contains(number));
        let states = Event::States {
            members: numbers.iter().filter_map(|&number| self.members.get(number)).collect(),
            count: self.members.len(),
            timestamp: self.timestamp(),
        };
        self.dialects.broadcast(&states, None, hub);
    }

    /// Broadcasts the arrivals, departures and renamings of the last second that were too many for
    /// single events.
    pub(super) fn broadcast_crowd(&mut self, hub: &Hub) {
        let summary = self.crowd.end_period();
        let count = self.members.len();
        let lists_all = count <= LISTED;
        // The room fits into a list again, so clients get all names.
        let shrank = lists_all && std::mem::take(&mut self.outgrown);
        if summary.is_empty() && !shrank {
            return;
        }
        let is_followed = summary.went.is_complete()
            && summary.renamed.is_complete()
            && (summary.came.is_complete() || !lists_all);
        let presence = Event::Presence {
            full: shrank || !is_followed,
            summary: &summary,
            members: self.listed(),
            count,
            timestamp: self.timestamp(),
        };
        self.dialects.broadcast(&presence, None, hub);
    }
}
