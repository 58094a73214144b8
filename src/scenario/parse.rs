//! From text to a scenario.

mod caps;
mod event;
mod json;
mod payload;

use std::str::FromStr;

use caps::Caps;

use super::cursor::{Cursor, ParseError, Parsed};
use super::settings::{KNOWN, duration};
use super::{FILE_LIMIT, Item, Line, Note, Place, Scenario, Step};

impl FromStr for Scenario {
    type Err = ParseError;

    /// # Errors
    ///
    /// The first mistake, with its line, its column and what would be right.
    fn from_str(text: &str) -> Parsed<Self> {
        if text.len() > FILE_LIMIT {
            let cursor = Cursor::new(1, "");
            return Err(cursor.expected(&format!("a file of at most {FILE_LIMIT} bytes")));
        }
        let mut scenario = Self::default();
        let mut caps = Caps::default();
        for (number, text) in text.lines().enumerate() {
            let mut cursor = Cursor::new(number + 1, text.trim_end());
            cursor.is_visible()?;
            scenario.read(&mut cursor, &mut caps)?;
        }
        Ok(scenario)
    }
}

impl Scenario {
    fn read(&mut self, cursor: &mut Cursor<'_>, caps: &mut Caps) -> Parsed<()> {
        let place = Place(cursor.line);
        let start = cursor.clone();
        if cursor.is_done() {
            return Ok(());
        }
        if cursor.eat_front("==") {
            cursor.skip();
            let title = cursor.rest().to_owned();
            if title.is_empty() {
                return Err(cursor.expected("what the step is about"));
            }
            self.steps.push(Step { place, title, ..Step::default() });
            return Ok(());
        }
        if cursor.rest().starts_with('@') {
            while !cursor.is_done() {
                let note = note(cursor)?;
                caps.note(&start, self.steps.len(), note.words.len())?;
                match self.steps.last_mut() {
                    None => self.notes.push(note),
                    // There is no title it could belong to.
                    Some(step) if step.title.is_empty() => self.notes.push(note),
                    Some(step) => step.notes.push(note),
                }
            }
            return Ok(());
        }
        let item = if cursor.eat_front("#") {
            Item::Comment(cursor.rest().trim_start().to_owned())
        } else if cursor.eat("--") {
            if !cursor.eat("wait") {
                return Err(cursor.expected("wait: of no client, only the time can go by"));
            }
            let time = cursor.take("a time such as 200ms or 20s", duration)?;
            cursor.end()?;
            Item::Wait(time)
        } else {
            event::event(cursor)?
        };
        caps.line(&start, self.steps.len(), &item)?;
        if self.steps.is_empty() {
            self.steps.push(Step { place, ..Step::default() });
        }
        if let Some(step) = self.steps.last_mut() {
            step.lines.push(Line { place, item });
        }
        Ok(())
    }
}

/// `@name word "text"`, up to the next `@`.
fn note(cursor: &mut Cursor<'_>) -> Parsed<Note> {
    let names = KNOWN.map(|(name, _)| format!("@{name}")).join(", ");
    let known =
        |word: &str| KNOWN.into_iter().find(|(name, _)| word.strip_prefix('@') == Some(name));
    let (name, followed) = cursor.take(&format!("one of {names}"), known)?;
    let start = cursor.clone();
    let mut words = Vec::new();
    while !cursor.is_done() && !cursor.rest().starts_with('@') {
        if cursor.rest().starts_with('"') {
            words.push(cursor.plain()?);
            cursor.skip();
        } else {
            words.push(cursor.word().to_owned());
        }
    }
    let fits = match (name, &words[..]) {
        ("quiet" | "timeout" | "exits", [time]) => duration(time).is_some(),
        ("exits", [time, code]) => duration(time).is_some() && code.parse::<i32>().is_ok(),
        ("fence", [word]) => word == "off",
        ("signal", [word]) => word == "TERM",
        ("ignore", kinds) => !kinds.is_empty(),
        ("hint" | "why" | "title" | "env", [_, _])
        | ("client", [_, ..])
        | ("rfc" | "lesson" | "distinct" | "rising" | "positive", [_])
        | ("must" | "open", []) => true,
        _ => false,
    };
    if fits { Ok(Note { name: name.to_owned(), words }) } else { Err(start.expected(followed)) }
}
