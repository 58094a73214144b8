//! One line of a step: `bob >> text "hi"`, `-- wait 20s`, `# text`.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::time::Duration;

use super::cursor::{Cursor, Parsed};
use super::text::{Text, is_odd};
use super::time::{duration, seconds};
use super::{Action, Expectation, Modifiers, action, connection_action, end, expectation};

const ARROW: &str = "one of -> <- >> << --";

/// The arrows between a client's name and its action or event.
pub(super) const ARROWS: [&str; 5] = ["->", "<-", ">>", "<<", "--"];

/// The content of a line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// `# text`: a remark, which changes nothing.
    Comment(String),
    /// `-- wait 20s`: the player waits.
    Wait(Duration),
    /// An action of the named client.
    Action(String, Action),
    /// Something that the named client is expected to receive, or the end of its connection.
    Expectation(String, Expectation),
}

impl Item {
    /// The name of the client; `None` for remarks and waits.
    #[must_use]
    pub fn lane(&self) -> Option<&str> {
        match self {
            Self::Comment(_) | Self::Wait(_) => None,
            Self::Action(lane, _) | Self::Expectation(lane, _) => Some(lane),
        }
    }

    /// The same line with these modifiers. A line that cannot have any is unchanged.
    #[must_use]
    pub fn with(mut self, new: Modifiers) -> Self {
        match &mut self {
            Self::Expectation(_, Expectation { modifiers, .. })
            | Self::Action(_, Action::Send(_, modifiers) | Action::SendPart(_, modifiers)) => {
                *modifiers = new;
            }
            _ => {}
        }
        self
    }

    /// The whole line, with the client's name before it: `bob >> text "hi"`.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self.lane() {
            Some(name) => format!("{} {self}", lane(name)),
            None => self.to_string(),
        }
    }
}

/// Reads a line that is neither a title nor notes.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    if cursor.eat_front("#") {
        return Ok(Item::Comment(cursor.rest().trim_start().to_owned()));
    }
    if cursor.eat("--") {
        if !cursor.eat("wait") {
            return Err(cursor.expected("wait, the only action without a client"));
        }
        let time = cursor.take("a time such as 200ms or 20s, up to a day", duration)?;
        cursor.end()?;
        return Ok(Item::Wait(time));
    }
    about_a_client(cursor)
}

fn about_a_client(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    let lane = read_lane(cursor)?;
    let arrow = cursor.take(ARROW, |word| ARROWS.into_iter().find(|arrow| *arrow == word))?;
    let start = cursor.clone();
    let expectation = match arrow {
        "->" => return Ok(Item::Action(lane, action::asked(cursor)?)),
        ">>" => return Ok(Item::Action(lane, action::sent(cursor)?)),
        "<-" => expectation::read(cursor, expectation::answered)?,
        "<<" => expectation::read(cursor, expectation::received)?,
        _ => expectation::read(cursor, expectation::ended)?,
    };
    if let Some(expectation) = expectation {
        return Ok(Item::Expectation(lane, expectation));
    }
    *cursor = start;
    if cursor.eat("fault") {
        return Ok(Item::Action(lane, action::faulty(cursor)?));
    }
    let Some(action) = connection_action::read(cursor)? else {
        let known = format!("one of {}, fault …, {}", connection_action::listed(), end::listed());
        return Err(cursor.expected(&known));
    };
    cursor.end()?;
    Ok(Item::Action(lane, Action::Connection(action)))
}

/// A client's name: everything before the first arrow, or a text in quotes.
fn read_lane(cursor: &mut Cursor<'_>) -> Parsed<String> {
    const NAME: &str = "a client's name, ==, @, # or -- wait";
    if cursor.rest().starts_with('"') {
        let name = cursor.plain()?;
        cursor.skip();
        return Ok(name);
    }
    let rest = cursor.rest();
    let mut at = 0;
    let mut name = cursor.peek();
    for word in rest.split(' ') {
        if at > 0 && ARROWS.contains(&word) {
            let before = rest[..at].trim_end_matches(' ');
            // Otherwise the first word is the name, and the mistake stands behind it.
            if is_lane(before) {
                name = before;
            }
            break;
        }
        at += word.len() + 1;
    }
    if !is_lane(name) {
        return Err(cursor.expected(NAME));
    }
    cursor.eat_front(name);
    cursor.skip();
    Ok(name.to_owned())
}

/// Without the client's name: `>> text "hi"`.
impl Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comment(text) => f.write_str(comment(text).trim_end()),
            Self::Wait(time) => write!(f, "-- wait {}", seconds(*time)),
            Self::Action(_, action) => write!(f, "{action}"),
            Self::Expectation(_, expectation) => write!(f, "{expectation}"),
        }
    }
}

/// A remark on one line: a line feed in it becomes a blank.
fn comment(text: &str) -> String {
    format!("# {}", text.replace(['\n', '\r'], " "))
}

/// The width of the longest name among the lanes of these lines, in characters.
pub(crate) fn width<'i>(items: impl Iterator<Item = &'i Item>) -> usize {
    items.filter_map(Item::lane).map(|name| lane(name).chars().count()).max().unwrap_or(0)
}

/// A line with its line feed, the client's name padded to `width` characters.
pub(crate) fn padded(f: &mut fmt::Formatter<'_>, item: &Item, width: usize) -> fmt::Result {
    match item.lane() {
        Some(name) => writeln!(f, "{:width$} {item}", lane(name)),
        None => writeln!(f, "{item}"),
    }
}

/// A client's name at the beginning of a line: in quotes if it would not read back without them.
fn lane(name: &str) -> Cow<'_, str> {
    let is_plain = is_lane(name)
        && name.trim() == name
        && !name.chars().any(is_odd)
        && !name.split(' ').any(|word| ARROWS.contains(&word));
    if is_plain { Cow::Borrowed(name) } else { Cow::Owned(Text::plain(name).to_string()) }
}

/// Whether a client can have this name without quotes.
fn is_lane(name: &str) -> bool {
    let odd = |c: char| "#@=~?<>\"|".contains(c) || c.is_control();
    !name.is_empty() && !name.contains(odd) && !name.starts_with('-')
}
