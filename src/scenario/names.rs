//! The names that a scenario has captured so far.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::wst::steps;

/// The most bytes of all captured values: 64 MiB.
pub(super) const CAPTURED_LIMIT: usize = 64 * 1024 * 1024;

/// The value of each captured `<name>`. A name has one value, in all lanes.
#[derive(Clone, Debug, Default)]
pub struct Names {
    values: BTreeMap<String, Value>,
    /// The names in the order in which they were captured.
    order: Vec<String>,
    /// The bytes of all values, as [`size`] counts them.
    bytes: usize,
}

/// Two are equal if the same names stand for the same values.
impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Names {
    /// The value of `<name>`, if it was captured.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The same as text: a string without its quotes, anything else as JSON.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.shown(name).map(Cow::into_owned)
    }

    /// The same, a string without a copy.
    pub(super) fn shown(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(match self.values.get(name)? {
            Value::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        })
    }

    pub(super) fn keep(&mut self, name: &str, value: Value) {
        steps::count(1);
        self.bytes += size(&value);
        match self.values.insert(name.to_owned(), value) {
            None => self.order.push(name.to_owned()),
            Some(before) => self.bytes -= size(&before),
        }
    }

    /// Whether the captured values have at most [`CAPTURED_LIMIT`] bytes.
    pub(super) fn fit(&self) -> bool {
        self.bytes <= CAPTURED_LIMIT
    }

    /// The number of names, for [`forget`](Self::forget).
    pub(super) fn mark(&self) -> usize {
        self.order.len()
    }

    /// Forgets all names but the first `mark`.
    ///
    /// A comparison that fails forgets the names that it captured. This costs as much as these names;
    /// a copy to return to would cost all names for each comparison.
    pub(super) fn forget(&mut self, mark: usize) {
        for name in self.order.drain(mark.min(self.order.len())..) {
            steps::count(1);
            self.bytes -= self.values.remove(&name).as_ref().map_or(0, size);
        }
    }
}

/// About how many bytes a value takes in memory.
fn size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(size).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| name.len() + size(value)).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
