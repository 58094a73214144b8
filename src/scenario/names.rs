//! What a scenario has named so far.

use std::collections::BTreeMap;

use serde_json::Value;

/// What each `<name>` was when it was first seen; the same from then on, in all lanes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names(BTreeMap<String, Value>);

impl Names {
    /// What `<name>` stands for, if it was seen.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The same as text: a string without its quotes, anything else as JSON.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        Some(match self.0.get(name)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    pub(super) fn keep(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }
}
