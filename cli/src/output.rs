//! All output of the command: nothing that a server or a file contains acts on the terminal.

use std::fmt;

use ws101::escape::Lines;
use ws101::log;

/// Prints lines to standard output as `println!` does, with control characters escaped ([`Lines`]).
///
/// Text of a peer that must stay on one line needs [`Line`](ws101::escape::Line).
macro_rules! print_lines {
    ($($lines:tt)*) => { $crate::output::lines(format_args!($($lines)*)) };
}
pub(crate) use print_lines;

/// Prints lines to standard output; [`print_lines!`] calls it. Waits for the reader, as a filter does.
pub fn lines(text: fmt::Arguments<'_>) {
    println!("{}", Lines(&text.to_string()));
}

/// Prints a JSON or XML document to standard output unchanged: those formats escape what they quote.
pub fn print_document(document: &str) {
    print!("{document}");
}

/// Prints lines to standard error, escaped as [`print_lines!`] does. Waits for a reader for at most
/// [`log::FLUSH`].
pub fn print_error(text: fmt::Arguments<'_>) {
    log::report(text);
    log::flush();
}
