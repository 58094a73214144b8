//! Makes text and bytes of a peer safe to print.
//!
//! Text of a peer can falsify a log that prints it unchanged: a line feed begins a forged line, an
//! escape sequence repaints the terminal, a bidi override reverses the text.

mod secrets;

use std::fmt::{self, Write};

pub use secrets::{HIDDEN, is_secret, without_secret_parameters};

/// The most characters that [`Line::of`] prints, without the `…` after a cut.
pub const LINE_LIMIT: usize = 256;

/// Displays text on one line; characters that do not print are escaped as in Rust: `\n`, `\u{202e}`.
///
/// It escapes control characters, formatting characters (bidi overrides, zero-width ones),
/// combining marks, blanks other than the space, and the backslash, so that no text looks like an
/// escape. Bytes that are not UTF-8 become `\xff`.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    bytes: &'a [u8],
    max: usize,
}

impl<'a> Line<'a> {
    /// Displays `text` in at most `max` characters, escapes included; a `…` after them marks a cut.
    #[must_use]
    pub fn new(text: &'a (impl AsRef<[u8]> + ?Sized), max: usize) -> Self {
        Self { bytes: text.as_ref(), max }
    }

    /// `text`, in at most [`LINE_LIMIT`] characters.
    #[must_use]
    pub fn of(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::new(text, LINE_LIMIT)
    }
}

/// A peer's text, escaped as [`Line`] escapes it, for a field that is printed later.
///
/// It has no characters that a terminal acts upon, so a sentence can quote it unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// `text` on one line, in at most [`LINE_LIMIT`] characters.
    #[must_use]
    pub fn of(text: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        Self(Line::of(text).to_string())
    }

    /// `text` on one line, in at most `max` characters.
    #[must_use]
    pub fn new(text: &(impl AsRef<[u8]> + ?Sized), max: usize) -> Self {
        Self(Line::new(text, max).to_string())
    }

    /// The escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Displays text of several lines; characters that act on a terminal are escaped: `\u{1b}`,
/// `\u{202e}`.
///
/// Use it for a report that quotes peers. It keeps line feeds and all characters that print,
/// backslashes too, so that escaped text stays unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a>(pub &'a str);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if char != '\n' && acts(char) {
                write!(f, "{}", char.escape_unicode())?;
            } else {
                f.write_char(char)?;
            }
        }
        Ok(())
    }
}

/// Displays a JSON text on one line, with the characters of its strings on which a terminal acts
/// escaped as JSON does it: `\u009b`, `\u202e`.
///
/// JSON itself escapes only those below U+0020. The value stays the same.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(pub &'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if acts(char) {
                write!(f, "\\u{:04x}", u32::from(char))?;
            } else {
                f.write_char(char)?;
            }
        }
        Ok(())
    }
}

/// Whether a terminal or a text viewer acts upon `char` instead of showing it: control characters,
/// marks and overrides of direction (Unicode's `Bidi_Control`), line and paragraph separators.
#[must_use]
pub fn acts(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// Displays bytes as two hexadecimal digits each: `81 85 37 fa`.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a> {
    bytes: &'a [u8],
    max: usize,
}

impl<'a> Hex<'a> {
    /// Displays the first `max` of `bytes`; a `…` after them marks a cut.
    #[must_use]
    pub fn new(bytes: &'a (impl AsRef<[u8]> + ?Sized), max: usize) -> Self {
        Self { bytes: bytes.as_ref(), max }
    }
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.bytes.iter().take(self.max).enumerate() {
            write!(f, "{}{byte:02x}", if at > 0 { " " } else { "" })?;
        }
        if self.bytes.len() > self.max { f.write_str(" …") } else { Ok(()) }
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = Some(self.max);
        for chunk in self.bytes.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '"' | '\'' => put(f, &mut room, char, 1)?,
                    // Letters to Unicode, blanks on the screen.
                    '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => {
                        put(f, &mut room, char.escape_unicode(), char.escape_unicode().len())?;
                    }
                    _ => put(f, &mut room, char.escape_debug(), char.escape_debug().len())?,
                }
            }
            for byte in chunk.invalid() {
                put(f, &mut room, format_args!("\\x{byte:02x}"), 4)?;
            }
            if room.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Writes `piece` if it fits; otherwise it writes `…`, once, and nothing after that.
fn put(
    f: &mut fmt::Formatter<'_>,
    room: &mut Option<usize>,
    piece: impl fmt::Display,
    width: usize,
) -> fmt::Result {
    let Some(left) = *room else { return Ok(()) };
    *room = left.checked_sub(width);
    if room.is_some() { write!(f, "{piece}") } else { f.write_char('…') }
}
