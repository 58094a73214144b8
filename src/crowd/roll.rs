//! The members of a room, by number and by name.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

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

/// The key of all hashes. It is random, so that no member can look for two names with one hash.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The members of a room in order of joining; no two have names that look the same to people.
///
/// Joining, leaving, renaming and looking up take O(log n) time, and call `keys` once for each name that is
/// entered, left or compared. A list takes O([`LISTED`]).
///
/// A key is kept as a hash of 64 bits, so that a long name takes no more memory. Among 10,000 members
/// a free name is refused by mistake once in 10^14 times. A member's own keys are computed again when they are
/// needed, so that an idle member takes no memory for them.
#[derive(Clone, Debug)]
pub struct Roll<M> {
    members: BTreeMap<u64, M>,
    /// The hashes of the keys of all members' names.
    taken: BTreeSet<u64>,
    keys: fn(&str) -> Vec<String>,
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
        self.members.get(&who)
    }

    /// The same, to change it; its name must stay.
    pub fn get_mut(&mut self, who: u64) -> Option<&mut M> {
        self.members.get_mut(&who)
    }

    /// The first member that `is_it`, and its number. Looks at all members.
    pub fn find(&self, mut is_it: impl FnMut(&M) -> bool) -> Option<(u64, &M)> {
        let mut members = self.members.iter().map(|(&who, member)| (who, member));
        members.find(|(_, member)| is_it(member))
    }

    /// Whether `who` may have that name: no other member has it.
    #[must_use]
    pub fn is_free(&self, who: u64, name: &str) -> bool {
        self.are_free(who, &self.keys_of(name))
    }

    fn keys_of(&self, name: &str) -> Vec<u64> {
        (self.keys)(name).iter().map(|key| HASHER.hash_one(key)).collect()
    }

    fn are_free(&self, who: u64, keys: &[u64]) -> bool {
        let mut taken = keys.iter().filter(|key| self.taken.contains(key)).peekable();
        if taken.peek().is_none() {
            return true;
        }
        let own = self.get(who).map(|member| self.keys_of(member.name())).unwrap_or_default();
        taken.all(|key| own.contains(key))
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
        self.taken.extend(keys);
        self.members.insert(who, member);
        true
    }

    /// Ends a membership and frees the name.
    pub fn leave(&mut self, who: u64) -> Option<M> {
        let member = self.members.remove(&who)?;
        for key in self.keys_of(member.name()) {
            self.taken.remove(&key);
        }
        Some(member)
    }

    /// The first [`LISTED`] members.
    pub fn listed(&self) -> impl Iterator<Item = &M> {
        self.members.values().take(LISTED)
    }

    /// The number of members, if a list does not name all of them.
    #[must_use]
    pub fn uncut(&self) -> Option<usize> {
        (self.len() > LISTED).then_some(self.len())
    }
}
