//! All output of the command: nothing that a server or a file contains acts on the terminal.

use std::fmt;
#[cfg(unix)]
use std::io::stdin;
use std::io::{self, ErrorKind, Write};
use std::io::{IsTerminal, stdout};
use std::panic::panic_any;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;
use ws101::escape::Lines;
use ws101::log;

/// How long a reader of the output may read nothing once a signal has asked the command to end.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// The reason why standard output takes nothing more.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum Unread {
    /// Its reader is gone.
    #[error("the reader of standard output is gone")]
    Closed,
    /// The command was asked to end, and its reader does not read.
    #[error("nobody reads standard output")]
    Waiting,
    /// Another error: the disk is full, for one.
    #[error("standard output: {0}")]
    Failed(ErrorKind),
}

/// Prints lines to standard output as `println!` does, with control characters escaped ([`Lines`]).
///
/// Text of a peer that must stay on one line needs [`Line`](ws101::escape::Line).
macro_rules! print_lines {
    ($($lines:tt)*) => { $crate::output::lines(format_args!($($lines)*)) };
}
pub(crate) use print_lines;

/// Prints lines to standard output; [`print_lines!`] calls it. Waits for the reader, as a filter does.
///
/// # Panics
///
/// With [`Unread`], so that started processes are stopped on the way out of the command.
pub fn lines(text: fmt::Arguments<'_>) {
    try_lines(text).unwrap_or_else(|unread| panic_any(unread));
}

/// Clears a terminal; does nothing to any other output.
pub fn clear_terminal() {
    if stdout().is_terminal() {
        print_document("\x1b[2J\x1b[3J\x1b[H");
    }
}

/// Prints a JSON or XML document to standard output unchanged: those formats escape what they quote.
///
/// # Panics
///
/// As [`lines`].
pub fn print_document(document: &str) {
    try_document(document).unwrap_or_else(|unread| panic_any(unread));
}

/// As [`lines`], for a command that has something to do after the last reader is gone.
pub fn try_lines(text: fmt::Arguments<'_>) -> Result<(), Unread> {
    OUT.print(format!("{}\n", Lines(&text.to_string())))
}

/// As [`print_document`], for a command that has something to do after the last reader is gone.
pub fn try_document(document: &str) -> Result<(), Unread> {
    OUT.print(document.to_owned())
}

/// Prints lines to standard error, escaped as [`print_lines!`] does. Waits for a reader for at most
/// [`log::FLUSH`].
pub fn print_error(text: fmt::Arguments<'_>) {
    log::report(text);
    log::flush();
}

/// Whether a person is at both ends: keys come from a terminal, and lines go to one.
#[cfg(unix)]
pub fn is_terminal() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// From now on output waits at most [`LAST_OUTPUT`] for a reader that reads nothing: a signal has asked
/// the command to end.
pub fn hurry() {
    OUT.hurry();
}

/// Standard output. Its thread writes, because nothing ends a write to a pipe that nobody reads.
static OUT: LazyLock<&Printer> = LazyLock::new(|| {
    let printer: &Printer = Box::leak(Box::default());
    // Without the thread nothing is printed, and a signal ends the command.
    drop(thread::Builder::new().name("stdout".to_owned()).spawn(|| printer.write(io::stdout())));
    printer
});

/// Hands text to a thread that writes it, and waits until it is written.
#[derive(Default)]
struct Printer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The text that the thread has to write; empty while it writes.
    text: Option<String>,
    unread: Option<Unread>,
    /// When the command was asked to end, or when text was last written after that.
    hurried: Option<Instant>,
}

impl Printer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the thread has nothing to write.
    fn idle<'a>(&self, mut state: MutexGuard<'a, State>) -> Result<MutexGuard<'a, State>, Unread> {
        while state.text.is_some() {
            let left = state.hurried.map(|since| LAST_OUTPUT.saturating_sub(since.elapsed()));
            state = match left {
                Some(Duration::ZERO) => return Err(Unread::Waiting),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.unread.map_or(Ok(state), Err)
    }

    fn print(&self, text: String) -> Result<(), Unread> {
        let mut state = self.idle(self.state())?;
        state.text = Some(text);
        self.changed.notify_all();
        self.idle(state).map(drop)
    }

    fn hurry(&self) {
        self.state().hurried = Some(Instant::now());
        self.changed.notify_all();
    }

    fn write(&self, mut out: impl Write) {
        loop {
            let is_idle = |state: &mut State| state.text.is_none();
            let state = self.changed.wait_while(self.state(), is_idle);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            // The empty text that stays says that the thread is busy.
            let text = state.text.as_mut().map(std::mem::take).unwrap_or_default();
            drop(state);
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            let mut state = self.state();
            state.text = None;
            state.hurried = state.hurried.map(|_| Instant::now());
            state.unread = written.err().map(|error| match error.kind() {
                ErrorKind::BrokenPipe => Unread::Closed,
                kind => Unread::Failed(kind),
            });
            drop(state);
            self.changed.notify_all();
        }
    }
}
