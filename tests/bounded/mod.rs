//! A program of a test that is ended if it does not end by itself.
//!
//! `Command::output` waits for the program and for whoever holds its pipes, without limit. A test
//! that waits so says nothing until CI's time is over, and nobody learns which program it was.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

/// How often it is asked whether the program has ended.
const ASKED: Duration = Duration::from_millis(50);

/// The outcome of a program.
pub struct Ended {
    /// `None` if the program was ended, with its process group, because it did not end in time.
    pub status: Option<ExitStatus>,
    /// Its output on stdout and stderr, in order of time, as far as it is UTF-8.
    pub said: String,
}

impl Ended {
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs a program for `limit` at most. It gets no input, and what it prints goes to a file, so that
/// a program which it leaves behind keeps nobody waiting.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    let mut printed = tempfile::tempfile()?;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.stdin(Stdio::null()).stdout(printed.try_clone()?).stderr(printed.try_clone()?);
    let mut child = command.spawn()?;
    let began = Instant::now();
    let status = loop {
        match child.try_wait()? {
            None if began.elapsed() < limit => thread::sleep(ASKED),
            None => break end(&mut child).map(|()| None)?,
            ended => break ended,
        }
    };
    Ok(Ended { status, said: all(&mut printed)? })
}

/// Ends a program that was started in a process group of its own, and all of that group.
pub fn end(child: &mut Child) -> io::Result<()> {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status()?;
    }
    child.kill()?;
    child.wait().map(drop)
}

fn all(printed: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    printed.rewind()?;
    printed.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
