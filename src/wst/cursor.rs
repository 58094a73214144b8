//! Reads one line from left to right.

use super::steps;
use super::text::{Text, placeholder};
use crate::escape;

/// The most characters of the wrong text that an error shows.
const FOUND_SHOWN: usize = 30;

/// The words for the end of a line, where it was found or expected.
pub(super) const LINE_END: &str = "the end of the line";
/// Of a file that is too long, what was found.
pub(super) const MORE: &str = "more";

/// A mistake in a scenario, with its place and the right form. [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}, found {found}")]
#[non_exhaustive]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The right form.
    pub expected: String,
    /// The text that stands there.
    pub found: String,
}

/// A line and the position up to which it was read.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    pub(super) line: usize,
    text: &'t str,
    at: usize,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

impl<'t> Cursor<'t> {
    pub(super) fn new(line: usize, text: &'t str) -> Self {
        let mut cursor = Self { line, text, at: 0 };
        cursor.skip();
        cursor
    }

    /// The rest of the line, without blanks at its front.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next word, up to a blank; empty at the end.
    pub(super) fn peek(&self) -> &'t str {
        self.rest().split(' ').next().unwrap_or_default()
    }

    pub(super) fn word(&mut self) -> &'t str {
        let word = self.peek();
        self.at += word.len();
        self.skip();
        word
    }

    /// Passes over the next word if it is this one.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let is_next = self.peek() == word;
        if is_next {
            self.word();
        }
        is_next
    }

    /// Passes over these words if they are next, with one blank between each two.
    pub(super) fn eat_words(&mut self, words: &str) -> bool {
        let rest = self.rest().strip_prefix(words);
        let is_next = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        if is_next {
            self.at += words.len();
            self.skip();
        }
        is_next
    }

    /// Passes over these characters if they are next, and over no blanks behind them.
    pub(super) fn eat_front(&mut self, front: &str) -> bool {
        let is_next = self.rest().starts_with(front);
        if is_next {
            self.at += front.len();
        }
        is_next
    }

    /// Passes over blanks.
    pub(super) fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches(' ').len();
    }

    /// Passes over the next word and gives its value, which `read` finds; an error if `read` gives `None`.
    pub(super) fn take<T>(
        &mut self,
        expected: &str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Parsed<T> {
        match read(self.peek()) {
            Some(value) => {
                self.word();
                Ok(value)
            }
            None => Err(self.expected(expected)),
        }
    }

    /// Refuses characters that act on a terminal or reverse text: the file may be someone else's, and
    /// its lines are shown.
    pub(super) fn is_visible(&self) -> Parsed<()> {
        let hidden = |c: char| c != '\t' && escape::acts(c);
        let Some(at) = self.rest().find(hidden) else { return Ok(()) };
        let there = Self { at: self.at + at, ..self.clone() };
        if self.rest()[at..].starts_with('\r') {
            return Err(
                there.expected("lines that end with \\n or \\r\\n: this file has \\r alone")
            );
        }
        Err(there.expected("text that shows: in quotes, such a character is written \\u202e"))
    }

    pub(super) fn end(&self) -> Parsed<()> {
        if self.is_done() { Ok(()) } else { Err(self.expected(LINE_END)) }
    }

    /// The error that `what` is expected here.
    pub(super) fn expected(&self, what: &str) -> ParseError {
        let found = if self.is_done() {
            LINE_END.to_owned()
        } else {
            format!("\"{}\"", escape::Line::new(self.rest(), FOUND_SHOWN))
        };
        // The column is counted from the start of the line, only here and once for each error.
        steps::count(self.at);
        let column = self.text[..self.at].chars().count() + 1;
        ParseError { line: self.line, column, expected: what.to_owned(), found }
    }

    /// A text in quotes, with the escapes of JSON and with placeholders.
    pub(super) fn quoted(&mut self) -> Parsed<Text> {
        if !self.eat_front("\"") {
            return Err(self.expected("a text in quotes"));
        }
        let mut text = Text::default();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.expected("the quote that ends the text"));
            };
            if let Some((size, part)) = placeholder(self.rest()) {
                text.0.push(part);
                self.at += size;
                continue;
            }
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escaped()?),
                c => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// A text in quotes, without placeholders.
    pub(super) fn plain(&mut self) -> Parsed<String> {
        let start = self.clone();
        self.quoted()?.without_placeholders().map_err(|name| {
            start.expected(&format!("a text without {name}; a real < is written \\u003c"))
        })
    }

    /// A word, or a text in quotes.
    pub(super) fn value(&mut self) -> Parsed<Text> {
        if self.rest().starts_with('"') {
            let text = self.quoted()?;
            self.skip();
            return Ok(text);
        }
        let mut word = self.word();
        let mut text = Text::default();
        while let Some(c) = word.chars().next() {
            if let Some((size, part)) = placeholder(word) {
                text.0.push(part);
                word = &word[size..];
            } else {
                text.push(c);
                word = &word[c.len_utf8()..];
            }
        }
        Ok(text)
    }

    fn escaped(&mut self) -> Parsed<char> {
        let start = self.clone();
        let wrong = || start.expected(r#"one of \" \\ \/ \b \f \n \r \t \u0041"#);
        let plain = match self.rest().as_bytes().get(1) {
            Some(b'u') => return self.unicode().ok_or_else(wrong),
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(wrong()),
        };
        self.at += 2;
        Ok(plain)
    }

    /// `\u0441`, or a pair of them beyond U+FFFF.
    fn unicode(&mut self) -> Option<char> {
        let mut units = Vec::new();
        while units.len() < 2 {
            let digits = self.rest().strip_prefix("\\u")?.get(..4)?;
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            units.push(u16::from_str_radix(digits, 16).ok()?);
            self.at += 6;
            if let Some(Ok(c)) = char::decode_utf16(units.iter().copied()).next() {
                return Some(c);
            }
        }
        None
    }
}
