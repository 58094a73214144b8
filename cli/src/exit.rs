//! How the command ends: its exit code, and what a signal does to it.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::sleep;

use crate::output::hurry;

/// The result of a command that could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Exit code 0.
    Passed,
    /// Exit code 1.
    Failed,
    /// Exit code 2: the machine was too busy to tell.
    Unknown,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Passed => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Unknown => Self::from(2),
        }
    }
}

/// How long an interrupted command may take to stop what it started: a program gets 3 s to end after
/// SIGTERM, and the rest is for several programs and for the last output. After that the command exits
/// anyway.
const END_DEADLINE: Duration = Duration::from_secs(8);

/// A future that completes with the name of the signal that asks this command to end.
///
/// From that signal on the command has [`END_DEADLINE`] to end, then the process exits with code 2, and
/// its output waits for a reader only a moment longer ([`hurry`]).
pub fn interrupted() -> io::Result<impl Future<Output = &'static str> + Send> {
    let asked = ws101::program::signal()?;
    tokio::spawn(async move {
        asked.await;
        hurry();
        sleep(END_DEADLINE).await;
        std::process::exit(2);
    });
    ws101::program::signal()
}
