//! Printing: all that the command prints goes through this file, so nothing that a server or a file
//! says acts on the terminal.

use std::fmt;

use ws101::escape::Lines;
use ws101::log;

/// Prints a line as `println!` does, with control characters escaped (see [`Lines`]).
///
/// Text of a peer that must stay on one line needs [`Line`](ws101::escape::Line).
macro_rules! say {
    () => { $crate::say::line(format_args!("")) };
    ($($line:tt)*) => { $crate::say::line(format_args!($($line)*)) };
}
pub(crate) use say;

/// Prints lines to standard output; [`say!`] calls it. Waits for the reader, as a filter does.
pub fn line(text: fmt::Arguments<'_>) {
    println!("{}", Lines(&text.to_string()));
}

/// Prints text for a program to standard output as it is: JSON and XML have escapes of their own.
pub fn for_a_program(document: &str) {
    print!("{document}");
}

/// Prints lines to standard error. If nobody reads it, this returns after [`log::FLUSH`].
pub fn complain(text: fmt::Arguments<'_>) {
    log::error_line(text);
    log::flush();
}
