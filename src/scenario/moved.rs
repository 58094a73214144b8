//! Moves a request to another target.

use crate::wst::{Part, Text};

/// `target` with `to` in the place of the path `from`; `None` if it has another path.
///
/// A target has one query: the parameters of `target` stay, but for those that `to` has.
pub(super) fn moved(target: &Text, from: &str, to: &str) -> Option<Text> {
    let (first, others) = target.0.split_first()?;
    let Part::Plain(first) = first else { return None };
    let mut moved = vec![Part::Plain(to.to_owned())];
    let query = match first.strip_prefix(from)? {
        "" => {
            moved.extend_from_slice(others);
            return Some(Text(moved));
        }
        rest => rest.strip_prefix('?')?,
    };
    let (_, given) = to.split_once('?').unwrap_or_default();
    let given: Vec<_> = given.split('&').map(name).collect();
    let mut separator = if to.contains('?') { "&" } else { "?" };
    for parameter in parameters(query, others) {
        let is_given = match parameter.first() {
            Some(Part::Plain(text)) => !name(text).is_empty() && given.contains(&name(text)),
            _ => false,
        };
        if !is_given {
            moved.push(Part::Plain(separator.to_owned()));
            moved.extend(parameter);
            separator = "&";
        }
    }
    Some(Text(moved))
}

/// The parameters of a query, which begins with `first`.
fn parameters(first: &str, others: &[Part]) -> Vec<Vec<Part>> {
    let mut parameters = Vec::new();
    let mut current = Vec::new();
    let first = Part::Plain(first.to_owned());
    for part in std::iter::once(&first).chain(others) {
        let Part::Plain(text) = part else {
            current.push(part.clone());
            continue;
        };
        for (nth, piece) in text.split('&').enumerate() {
            if nth > 0 {
                parameters.push(std::mem::take(&mut current));
            }
            current.push(Part::Plain(piece.to_owned()));
        }
    }
    parameters.push(current);
    parameters
}

/// The name of a parameter: `room` of `room=5`.
fn name(parameter: &str) -> &str {
    parameter.split('=').next().unwrap_or_default()
}
