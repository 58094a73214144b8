//! Text that is compared: exact, with places for what differs from run to run.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::names::Names;
use super::steps;
use crate::transcript::quoted;

/// A text, exact but for its placeholders: `"hello <bob>, it is <*>"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Part>);

/// A part of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These characters.
    Plain(String),
    /// `<*>`: anything, also nothing.
    Any,
    /// `<name>`: something, and the same wherever the name stands.
    Name(String),
}

impl Text {
    /// A text without placeholders.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(vec![Part::Plain(text.to_owned())]) }
    }

    /// Appends a character, to the last part if it can be.
    pub(super) fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Plain(text)) => text.push(c),
            _ => self.0.push(Part::Plain(c.to_string())),
        }
    }

    /// The text itself, with what the names stand for; the error is the placeholder that stands for nothing.
    pub(super) fn fill(&self, names: &Names) -> Result<String, String> {
        let part = |part: &Part| match part {
            Part::Plain(text) => Ok(text.clone()),
            Part::Any => Err("<*>".to_owned()),
            Part::Name(name) => names.text(name).ok_or_else(|| format!("<{name}>")),
        };
        self.0.iter().map(part).collect()
    }

    /// Whether `text` is such a text; names seen for the first time are kept in `names`.
    ///
    /// The characters between two placeholders are looked for from left to right.
    pub(super) fn matches(&self, text: &str, names: &mut Names) -> bool {
        let known = names.mark();
        let fits = self.matches_with(text, names);
        if !fits {
            names.forget(known);
        }
        fits
    }

    /// The same, but `names` also keeps what was captured before a difference.
    fn matches_with(&self, text: &str, names: &mut Names) -> bool {
        let mut rest = text;
        for (at, part) in self.0.iter().enumerate() {
            let fixed = match part {
                Part::Plain(text) => Some(Cow::Borrowed(text.as_str())),
                Part::Any => None,
                Part::Name(name) => names.shown(name),
            };
            if let Some(fixed) = fixed {
                let Some(after) = rest.strip_prefix(&*fixed) else { return false };
                rest = after;
                continue;
            }
            let least =
                if *part == Part::Any { 0 } else { rest.chars().next().map_or(1, char::len_utf8) };
            let end = match self.0.get(at + 1) {
                None => rest.len(),
                // The last characters are those at the end.
                Some(Part::Plain(next)) if at + 2 == self.0.len() => {
                    match rest.strip_suffix(next.as_str()) {
                        Some(front) => front.len(),
                        None => return false,
                    }
                }
                Some(Part::Plain(next)) => {
                    let Some(found) = rest.get(least..).and_then(|rest| rest.find(next.as_str()))
                    else {
                        return false;
                    };
                    least + found
                }
                // Nothing parts the two, so the first takes what it must.
                Some(_) => least,
            };
            if end < least || end > rest.len() {
                return false;
            }
            if let Part::Name(name) = part {
                names.keep(name, Value::String(rest[..end].to_owned()));
            }
            rest = &rest[end..];
        }
        rest.is_empty()
    }
}

/// How many bytes at the front of `text` are a placeholder, such as `<bob>` or `<*>`, and which.
pub(super) fn placeholder(text: &str) -> Option<(usize, Part)> {
    let inside = text.strip_prefix('<')?;
    if inside.starts_with("*>") {
        return Some((3, Part::Any));
    }
    // A name has no `<`, so no character is looked at for two of them.
    let end = inside.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c));
    steps::count(1 + end.unwrap_or(inside.len()));
    let name = &inside[..end?];
    let is_name = name.starts_with(char::is_alphabetic) && inside[name.len()..].starts_with('>');
    is_name.then(|| (name.len() + 2, Part::Name(name.to_owned())))
}

/// In quotes, as a JSON string; a `<` that would begin a placeholder is `\u003c`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for part in &self.0 {
            match part {
                Part::Any => f.write_str("<*>")?,
                Part::Name(name) => write!(f, "<{name}>")?,
                Part::Plain(text) => {
                    let mut rest = text.as_str();
                    while let Some(at) = (0..rest.len())
                        .find(|&at| rest.is_char_boundary(at) && placeholder(&rest[at..]).is_some())
                    {
                        f.write_str(inside(&quoted(&rest[..at])))?;
                        f.write_str("\\u003c")?;
                        rest = &rest[at + 1..];
                    }
                    f.write_str(inside(&quoted(rest)))?;
                }
            }
        }
        f.write_str("\"")
    }
}

/// A quoted text without its quotes.
fn inside(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}
