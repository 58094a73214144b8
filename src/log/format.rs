//! The form of a line: text for people, or JSON for programs that collect logs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::escape::{Json, Lines};
use crate::timestamp;

/// The form of the lines on standard output, or in the file of [`to_file`](super::to_file).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line for people to read.
    #[default]
    Text,
    /// One JSON object a line: `time`, `level`, `target`, `message`, and the event's `fields`.
    Json,
}

/// Whether lines are JSON from now on.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Writes all later lines in this format: those of [`log!`](crate::log!) and those of
/// [`init`](super::init). Lines that wait already keep theirs, and so does [`writer`](super::writer).
pub fn write_as(format: Format) {
    IS_JSON.store(format == Format::Json, Relaxed);
}

/// The format of the next line.
pub(super) fn current() -> Format {
    if IS_JSON.load(Relaxed) { Format::Json } else { Format::Text }
}

/// The line of `text` that is no event of `tracing`.
pub(super) fn line(level: &str, text: &str) -> String {
    match current() {
        Format::Text => one_line(text),
        Format::Json => object(level, "log", text, ""),
    }
}

/// The line that tells how many lines are missing.
pub(super) fn lost(lines: u64) -> String {
    let text = format!("{lines} lines of this log were lost");
    match current() {
        Format::Text => one_line(&format!("-- {text}")),
        Format::Json => object("WARN", "log", &text, &format!("\"lost\":{lines}")),
    }
}

/// The text as one line, with its line feed.
pub(super) fn one_line(text: &str) -> String {
    format!("{}\n", Lines(&text.replace('\n', "\\n")))
}

/// The line of a JSON object. `fields` are `"name":value` with commas between them.
pub(super) fn object(level: &str, target: &str, message: &str, fields: &str) -> String {
    let (time, target, message) = (timestamp::now(), string(target), string(message));
    format!(
        "{{\"time\":\"{time}\",\"level\":\"{level}\",\"target\":{target},\
         \"message\":{message},\"fields\":{{{fields}}}}}\n"
    )
}

/// A JSON string. Control characters, and others on which a terminal acts, are escaped.
pub(super) fn string(text: &str) -> String {
    format!("\"{}\"", Json(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}
