//! A whole file: its notes and its steps.

use std::fmt::{self, Display};
use std::mem::discriminant;
use std::str::FromStr;

use super::bounds::Bounds;
use super::cursor::{Cursor, MORE, ParseError, Parsed};
use super::item::{self, padded, width};
use super::notes::{Note, note};
use super::{FILE_LIMIT, Item};

/// For the error messages of a note that is for the whole scenario, and of one that stands there already.
pub(super) const FOR_ALL: &str = "this note before the first step";
pub(super) const SINGLE: &str = "this note once: it stands above already";

/// A whole file: its notes and its steps.
///
/// It parses from text by [`FromStr`](std::str::FromStr) and displays as text that parses to the same.
/// [`scenario`](crate::scenario) plays it.
///
/// ```
/// use std::time::Duration;
/// use ws101::wst::{Item, Note, Scenario};
///
/// let text = "\
/// @timeout 2s
///
/// == bob says hi
/// bob -> GET /ws
/// bob <- 101
/// bob >> text \"hi\"
/// bob << text \"hi\" within 1s
/// ";
/// let scenario: Scenario = text.parse().unwrap();
/// assert_eq!(scenario.notes, [Note::Timeout(Duration::from_secs(2))]);
/// assert_eq!(scenario.steps[0].title, "bob says hi");
/// assert!(matches!(scenario.steps[0].lines[2].item, Item::Action(..)));
/// assert_eq!(scenario.to_string(), text);
///
/// let error = "bob << txt \"hi\"".parse::<Scenario>().unwrap_err();
/// assert!(error.to_string().starts_with("line 1, column 8: expected "), "{error}");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// The notes for the whole file: the `@` lines before anything else.
    pub notes: Vec<Note>,
    /// The steps in their order. The first has an empty title if the file begins without one.
    pub steps: Vec<Step>,
}

/// A step: its title and the lines up to the next title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The number of its title line.
    pub place: LineNumber,
    /// Its title.
    pub title: String,
    /// The `@` lines below the title.
    pub notes: Vec<Note>,
    /// The actions, expectations, waits and remarks in it.
    pub lines: Vec<ScenarioLine>,
}

/// The number of a line in its file, from 1; 0 for a line that was not read from a file.
///
/// Any two are equal, so that equal lines at different places of a file compare as equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineNumber(pub usize);

impl PartialEq for LineNumber {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// One line of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioLine {
    /// Its number.
    pub place: LineNumber,
    /// The parsed line.
    pub item: Item,
}

impl FromStr for Scenario {
    type Err = ParseError;

    /// # Errors
    ///
    /// The first mistake, with its line, its column and the right form.
    fn from_str(text: &str) -> Parsed<Self> {
        if text.len() > FILE_LIMIT {
            let expected = format!("a file of at most {FILE_LIMIT} bytes");
            return Err(ParseError { line: 1, column: 1, expected, found: MORE.to_owned() });
        }
        // The mark that editors on Windows put in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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
                let place = cursor.clone();
                let note = note(cursor)?;
                bounds.note(&start, self.steps.len(), &note)?;
                let notes = match self.steps.last_mut() {
                    None => &mut self.notes,
                    // Above the first title, a note is for the whole file.
                    Some(step) if step.title.is_empty() => &mut self.notes,
                    Some(_) if note.is_for_all() => return Err(place.expected(FOR_ALL)),
                    Some(step) => &mut step.notes,
                };
                let is_same = |other: &Note| discriminant(other) == discriminant(&note);
                if note.is_single() && notes.iter().any(is_same) {
                    return Err(place.expected(SINGLE));
                }
                notes.push(note);
            }
            return Ok(());
        }
        let item = item::read(cursor)?;
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

/// One line an event, lanes padded to the longest name; it reads back as the same scenario.
impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = width(self.steps.iter().flat_map(|step| &step.lines).map(|line| &line.item));
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        let mut is_first = self.notes.is_empty();
        for step in &self.steps {
            if !is_first {
                writeln!(f)?;
            }
            is_first = false;
            if !step.title.is_empty() {
                writeln!(f, "== {}", step.title)?;
            }
            for note in &step.notes {
                writeln!(f, "{note}")?;
            }
            for line in &step.lines {
                padded(f, &line.item, width)?;
            }
        }
        Ok(())
    }
}
