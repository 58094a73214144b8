//! A second process of this command that ends what it started, should the command be killed.
//!
//! A command that gets SIGKILL runs no destructor, and SIGHUP kills it the same way. So before it
//! starts a child it starts itself once more as a guard, the leader of a process group. The child is
//! born into that group. The guard reads a pipe of which only the command has the other end: when the
//! pipe ends, the command is gone, however it ended, and the guard kills the group, itself included.
//!
//! A process can leave the group (`setsid`, a daemon), but it inherits the environment. The child gets
//! a random [`Mark`] there, and on Linux the guard first kills all processes that have it. A process
//! that leaves the group and clears its environment escapes, and so does one of another user.

use std::io::{Read, Write, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{SignalKind, signal};

use crate::mark::Mark;

/// The argument that makes this program a guard. The mark follows it.
pub const WORD: &str = "__guard";

/// The signals that a whole group may get, which a guard ignores.
const IGNORED_SIGNALS: [fn() -> SignalKind; 4] =
    [SignalKind::terminate, SignalKind::interrupt, SignalKind::hangup, SignalKind::quit];

/// A running guard. Dropping it ends it, and nothing else.
pub struct Guard(Child);

impl Guard {
    /// Starts a guard of the processes with this mark, and waits until no signal but SIGKILL ends it.
    pub fn start(mark: &Mark) -> Result<Self> {
        let program = match cfg!(target_os = "linux") {
            // It works also if the file was replaced since, as `cargo build` does.
            true => "/proc/self/exe".into(),
            false => std::env::current_exe().context("this program's file is not known")?,
        };
        let mut starting = Command::new(program);
        starting.arg0("ws101").args([WORD, mark.value()]).process_group(0);
        // Where this command has a guard of its own, that one must not kill this guard.
        starting.env_remove(Mark::VARIABLE);
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
        // SIGKILL ends it at once, so the wait is short.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs as a guard of the processes with this mark until the command that started it is gone.
pub fn stand(mark: &Mark) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return ExitCode::from(2);
    };
    let _inside = runtime.enter();
    // A signal with a handler does not end the process. What the handlers receive is not read.
    let listening = IGNORED_SIGNALS.map(|kind| signal(kind()));
    if listening.iter().any(Result::is_err) || stdout().write_all(b"\n").is_err() {
        return ExitCode::from(2);
    }
    let _ = stdout().flush();
    // Nothing is ever written there: it returns at the end, or by a signal.
    while stdin().read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::Interrupted)
    {
    }
    mark.kill_all();
    let _ = kill_current_process_group(Signal::KILL);
    ExitCode::SUCCESS
}
