//! Text that is compared: exact, with placeholders for values that differ from run to run.

use std::fmt::{self, Write};

use super::steps;

/// A text, exact but for its placeholders: `"hello <bob>, it is <*>"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Part>);

/// A part of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// These characters.
    Plain(String),
    /// `<*>`: any text, also an empty one.
    Any,
    /// `<name>`: any text that is not empty, and the same one wherever the name stands.
    Name(String),
}

impl Text {
    /// A text without placeholders.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(vec![Part::Plain(text.to_owned())]) }
    }

    /// Appends a character; to the last part if that is plain text.
    pub(super) fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Plain(text)) => text.push(c),
            _ => self.0.push(Part::Plain(c.to_string())),
        }
    }

    /// Appends bytes, each as the character of its number.
    pub(crate) fn extend_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(char::from(byte));
        }
    }

    /// Whether it has a placeholder.
    pub(crate) fn has_placeholders(&self) -> bool {
        self.0.iter().any(|part| !matches!(part, Part::Plain(_)))
    }

    /// The text itself if it has no placeholders; else the first of them.
    pub(super) fn without_placeholders(self) -> Result<String, String> {
        let part = |part: Part| match part {
            Part::Plain(text) => Ok(text),
            Part::Any => Err("<*>".to_owned()),
            Part::Name(name) => Err(format!("<{name}>")),
        };
        self.0.into_iter().map(part).collect()
    }
}

/// The bytes of a text whose characters are bytes. Another character, of a name's value, becomes UTF-8.
pub(crate) fn byte_string(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The placeholder that `text` begins with, such as `<bob>` or `<*>`, and its length in bytes.
pub(super) fn placeholder(text: &str) -> Option<(usize, Part)> {
    let inside = text.strip_prefix('<')?;
    if inside.starts_with("*>") {
        return Some((3, Part::Any));
    }
    // A name has no `<`, so no character is examined for two placeholders.
    let end = inside.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c));
    steps::count(1 + end.unwrap_or(inside.len()));
    let name = &inside[..end?];
    let is_name = name.starts_with(char::is_alphabetic) && inside[name.len()..].starts_with('>');
    is_name.then(|| (name.len() + 2, Part::Name(name.to_owned())))
}

/// A name that can stand between `<` and `>`: `name` with a dash for each character that cannot.
pub(crate) fn placeholder_name(name: &str) -> String {
    let mut out = String::new();
    if !name.starts_with(|c: char| c.is_alphabetic()) {
        out.push('n');
    }
    for c in name.chars() {
        out.push(if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' });
    }
    out
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
                    for (at, c) in text.char_indices() {
                        if c == '<' && placeholder(&text[at..]).is_some() {
                            f.write_str("\\u003c")?;
                        } else {
                            escaped(f, c)?;
                        }
                    }
                }
            }
        }
        f.write_str("\"")
    }
}

/// A JSON string. Characters that do not show are escaped, so that no two texts look the same.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = escaped(&mut out, c);
    }
    out.push('"');
    out
}

fn escaped(out: &mut impl Write, c: char) -> fmt::Result {
    match c {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if is_odd(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            Ok(())
        }
        c => out.write_char(c),
    }
}

/// Whether Rust writes it as `\u{..}`: control and format characters, blanks other than the space.
pub(super) fn is_odd(c: char) -> bool {
    c.escape_debug().len() > 1 && !"'\"\\".contains(c)
}

/// `bytes` as text; `None` if they are not UTF-8 or have control characters other than CR, LF and tab.
pub(super) fn readable(bytes: &[u8]) -> Option<&str> {
    let is_odd = |c: char| c.is_control() && !"\r\n\t".contains(c);
    str::from_utf8(bytes).ok().filter(|text| !text.contains(is_odd))
}

/// A text, without quotes if it reads as one word.
pub(super) struct Value<'t>(pub(super) &'t Text);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !reads_as_a_word(self.0) {
            return write!(f, "{}", self.0);
        }
        for part in &self.0.0 {
            match part {
                Part::Plain(text) => f.write_str(text)?,
                Part::Any => f.write_str("<*>")?,
                Part::Name(name) => write!(f, "<{name}>")?,
            }
        }
        Ok(())
    }
}

fn reads_as_a_word(text: &Text) -> bool {
    let is_word = |part: &Part| match part {
        Part::Plain(text) => {
            let fits = |c: char| !" \"\\".contains(c) && !is_odd(c);
            let placeholders = text.char_indices().filter(|(_, c)| *c == '<');
            text.chars().all(fits)
                && !{ placeholders }.any(|(at, _)| placeholder(&text[at..]).is_some())
        }
        Part::Any | Part::Name(_) => true,
    };
    !text.0.is_empty() && text.0.iter().all(is_word)
}
