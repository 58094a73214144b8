//! The members of a room, by number and by name.

use std::collections::{BTreeMap, BTreeSet};

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
/// Joining, leaving, renaming and looking up take O(log n) time and call `keys` at most four
/// times. A list takes O([`LISTED`]).
#[derive(Clone, Debug)]
pub struct Roll<M> {
    members: BTreeMap<u64, M>,
    /// The keys of all members' names.
    taken: BTreeSet<Box<str>>,
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

    /// Whether `who` may have that name: no other member has it.
    #[must_use]
    pub fn is_free(&self, who: u64, name: &str) -> bool {
        let own = self.get(who).map(|member| (self.keys)(member.name())).unwrap_or_default();
        let keys = (self.keys)(name);
        keys.iter().all(|key| !self.taken.contains(key.as_str()) || own.contains(key))
    }

    /// Makes `who` a member, or gives a member another name.
    ///
    /// Returns false, and changes nothing, if another member has the name.
    pub fn enter(&mut self, who: u64, member: M) -> bool {
        if !self.is_free(who, member.name()) {
            return false;
        }
        self.leave(who);
        self.taken.extend((self.keys)(member.name()).into_iter().map(Into::into));
        self.members.insert(who, member);
        true
    }

    /// Ends a membership and frees the name.
    pub fn leave(&mut self, who: u64) -> Option<M> {
        let member = self.members.remove(&who)?;
        for key in (self.keys)(member.name()) {
            self.taken.remove(key.as_str());
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
