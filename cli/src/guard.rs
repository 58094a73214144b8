//! A second process of this command that ends what it started, should the command be killed.
//!
//! A command that gets SIGKILL runs no destructor, and SIGHUP kills it the same way. So before it
//! starts a child it starts itself once more as a guard, the leader of a process group. The child is
//! born into that group. The guard reads a pipe of which only the command has the other end: when the
//! pipe ends, the command is gone, however it ended, and the guard kills the group, itself included.
//!
//! A child that leaves its group (`setsid`) escapes.

use std::io::{Read, Write, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// The argument that makes this program a guard.
pub const WORD: &str = "__guard";

/// Signals that a whole group gets, when it is to end politely or its terminal is gone.
const HEEDLESS: [fn() -> SignalKind; 4] =
    [SignalKind::terminate, SignalKind::interrupt, SignalKind::hangup, SignalKind::quit];

/// A running guard. Dropping it ends it, and nothing else.
pub struct Guard(Child);

impl Guard {
    /// Starts a guard, and waits until no signal but SIGKILL ends it.
    pub fn start() -> Result<Self> {
        let program = match cfg!(target_os = "linux") {
            // Also if the file was replaced since: `cargo build` does that.
            true => "/proc/self/exe".into(),
            false => std::env::current_exe().context("this program's file is not known")?,
        };
        let mut starting = Command::new(program);
        starting.arg0("ws101").arg(WORD).process_group(0);
        starting.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut guard = Self(starting.spawn().context("cannot start a process")?);
        let ready = guard.0.stdout.take().context("a pipe was asked for")?.read_exact(&mut [0]);
        ready.context("the process that guards the others ended")?;
        Ok(guard)
    }

    /// The process group that it leads.
    pub fn group(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // SIGKILL is obeyed at once, so that this waits for no more than a moment.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is a guard, until the command that started it is gone.
pub fn stand() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return ExitCode::from(2);
    };
    let _inside = runtime.enter();
    // What is listened for does not end the process; nobody looks at what comes.
    let listening = HEEDLESS.map(|kind| signal(kind()));
    if listening.iter().any(Result::is_err) || stdout().write_all(b"\n").is_err() {
        return ExitCode::from(2);
    }
    let _ = stdout().flush();
    // Nothing is ever written there: it returns at the end, or by a signal.
    while stdin().read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::Interrupted)
    {
    }
    let _ = kill_current_process_group(Signal::KILL);
    ExitCode::SUCCESS
}
