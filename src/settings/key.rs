//! A secret that a person types.

use std::fmt;
use std::hint::black_box;

use crate::receipts::Fingerprint;

/// The fewest characters of a key.
pub const KEY_CHARS_MIN: usize = 12;

/// The most characters of a key.
pub const KEY_CHARS_MAX: usize = 128;

/// A secret that a person types. Only its fingerprint is kept, so no log can show it.
#[derive(Clone)]
pub struct Key(Fingerprint);

impl Key {
    /// The key that reads `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Fingerprint::of(&["key", text]))
    }
}

impl PartialEq for Key {
    /// Takes the same time wherever two keys differ, so that the time says nothing about either.
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.as_ref().iter().zip(other.0.as_ref());
        black_box(pairs.fold(0, |difference, (a, b)| difference | (a ^ b))) == 0
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
