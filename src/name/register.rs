//! Names in use, no two alike.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use super::Likeness;

/// Who is called what: one name each, and no two that look the same.
///
/// Every operation costs the length of a name, however many names there are. Kept of each
/// are the name and three numbers.
#[derive(Clone, Debug)]
pub struct Register<K> {
    names: BTreeMap<K, String>,
    /// Whose name looks so, by a hash that nobody outside can compute.
    forms: HashMap<u64, K>,
    hasher: RandomState,
}

impl<K: Ord + Copy> Register<K> {
    /// A register without names.
    #[must_use]
    pub fn new() -> Self {
        Self { names: BTreeMap::new(), forms: HashMap::new(), hasher: RandomState::new() }
    }

    /// Gives `name` to `who`, instead of the one they had. False if it looks like another's
    /// name; then nothing has changed.
    pub fn take(&mut self, who: K, name: &str) -> bool {
        let forms = self.forms_of(name);
        if !self.are_free(who, forms) {
            return false;
        }
        self.remove(&who);
        for form in forms {
            self.forms.insert(form, who);
        }
        self.names.insert(who, name.to_owned());
        true
    }

    /// Whether `who` may take `name`: nobody else's looks like it.
    #[must_use]
    pub fn is_free(&self, who: K, name: &str) -> bool {
        self.are_free(who, self.forms_of(name))
    }

    /// What `who` is called.
    #[must_use]
    pub fn get(&self, who: &K) -> Option<&str> {
        self.names.get(who).map(String::as_str)
    }

    /// Frees the name of `who`.
    pub fn remove(&mut self, who: &K) -> Option<String> {
        let name = self.names.remove(who)?;
        for form in self.forms_of(&name) {
            self.forms.remove(&form);
        }
        Some(name)
    }

    /// All names, in the order of their owners.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(String::as_str)
    }

    fn are_free(&self, who: K, forms: [u64; 3]) -> bool {
        forms.iter().filter_map(|form| self.forms.get(form)).all(|owner| *owner == who)
    }

    fn forms_of(&self, name: &str) -> [u64; 3] {
        Likeness::of(name).keys().map(|form| self.hasher.hash_one(form))
    }
}

impl<K: Ord + Copy> Default for Register<K> {
    fn default() -> Self {
        Self::new()
    }
}
