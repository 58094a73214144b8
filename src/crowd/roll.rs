//! The members of a room, by number and by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::LISTED;

/// A member that has a name.
pub trait Named {
    /// The name as it is shown.
    fn name(&self) -> &str;
}

impl Named for String {
    fn name(&self) -> &str {
        self
    }
}

/// The members of a room in order of joining; no two have names that look the same to people.
///
/// Joining, leaving, renaming and looking up take O(log n) time and call `keys` at most once. A
/// list takes O([`LISTED`]).
#[derive(Clone, Debug)]
pub struct Roll<M> {
    members: BTreeMap<u64, Entry<M>>,
    /// The keys of all members' names.
    taken: BTreeSet<Arc<str>>,
    keys: fn(&str) -> Vec<String>,
}

#[derive(Clone, Debug)]
struct Entry<M> {
    member: M,
    /// The keys of the name.
    keys: Vec<Arc<str>>,
}

impl<M: Named> Roll<M> {
    /// A roll without members. Two names are the same if `keys` gives them a key in common.
    #[must_use]
    pub const fn new(keys: fn(&str) -> Vec<String>) -> Self {
        Self { members: BTreeMap::new(), taken: BTreeSet::new(), keys }
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The member with that number.
    #[must_use]
    pub fn get(&self, who: u64) -> Option<&M> {
        self.members.get(&who).map(|entry| &entry.member)
    }

    /// Whether `who` may have that name: no other member has it.
    #[must_use]
    pub fn is_free(&self, who: u64, name: &str) -> bool {
        self.are_free(who, &self.keys_of(name))
    }

    fn keys_of(&self, name: &str) -> Vec<Arc<str>> {
        (self.keys)(name).into_iter().map(Into::into).collect()
    }

    fn are_free(&self, who: u64, keys: &[Arc<str>]) -> bool {
        let own = self.members.get(&who).map_or(&[][..], |entry| &entry.keys);
        keys.iter().all(|key| !self.taken.contains(key) || own.contains(key))
    }

    /// Makes `who` a member, or gives a member another name.
    ///
    /// Returns false, and changes nothing, if another member has the name.
    pub fn enter(&mut self, who: u64, member: M) -> bool {
        let keys = self.keys_of(member.name());
        if !self.are_free(who, &keys) {
            return false;
        }
        self.leave(who);
        self.taken.extend(keys.iter().cloned());
        self.members.insert(who, Entry { member, keys });
        true
    }

    /// Ends a membership and frees the name.
    pub fn leave(&mut self, who: u64) -> Option<M> {
        let Entry { member, keys } = self.members.remove(&who)?;
        for key in keys {
            self.taken.remove(&key);
        }
        Some(member)
    }

    /// The first [`LISTED`] members.
    pub fn listed(&self) -> impl Iterator<Item = &M> {
        self.members.values().map(|entry| &entry.member).take(LISTED)
    }

    /// The number of members, if a list does not name all of them.
    #[must_use]
    pub fn uncut(&self) -> Option<usize> {
        (self.len() > LISTED).then_some(self.len())
    }
}
