//! Parses a scenario.

mod bounds;
mod event;
mod json;
mod payload;

use std::str::FromStr;

use bounds::Bounds;

use super::cursor::{Cursor, ParseError, Parsed};
use super::notes::note;
use super::time::duration;
use super::{FILE_LIMIT, Item, LineNumber, Scenario, ScenarioLine, Step};

impl FromStr for Scenario {
    type Err = ParseError;

    /// # Errors
    ///
    /// The first mistake, with its line, its column and the right form.
    fn from_str(text: &str) -> Parsed<Self> {
        if text.len() > FILE_LIMIT {
            let cursor = Cursor::new(1, "");
            return Err(cursor.expected(&format!("a file of at most {FILE_LIMIT} bytes")));
        }
        let mut scenario = Self::default();
        let mut bounds = Bounds::default();
        for (number, text) in text.lines().enumerate() {
            let mut cursor = Cursor::new(number + 1, text.trim_end());
            cursor.is_visible()?;
            scenario.read(&mut cursor, &mut bounds)?;
        }
        Ok(scenario)
    }
}

impl Scenario {
    fn read(&mut self, cursor: &mut Cursor<'_>, bounds: &mut Bounds) -> Parsed<()> {
        let place = LineNumber(cursor.line);
        let start = cursor.clone();
        if cursor.is_done() {
            return Ok(());
        }
        if cursor.eat_front("==") {
            cursor.skip();
            let title = cursor.rest().to_owned();
            if title.is_empty() {
                return Err(cursor.expected("the title of the step"));
            }
            self.steps.push(Step { place, title, ..Step::default() });
            return Ok(());
        }
        if cursor.rest().starts_with('@') {
            while !cursor.is_done() {
                let note = note(cursor)?;
                bounds.note(&start, self.steps.len(), &note)?;
                match self.steps.last_mut() {
                    None => self.notes.push(note),
                    // Above the first title, a note is for the whole file.
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
                return Err(cursor.expected("wait, the only action without a client"));
            }
            let time = cursor.take("a time such as 200ms or 20s", duration)?;
            cursor.end()?;
            Item::Wait(time)
        } else {
            event::event(cursor)?
        };
        bounds.line(&start, self.steps.len(), &item)?;
        if self.steps.is_empty() {
            self.steps.push(Step { place, ..Step::default() });
        }
        if let Some(step) = self.steps.last_mut() {
            step.lines.push(ScenarioLine { place, item });
        }
        Ok(())
    }
}
