//! Graceful shutdown of a server: stop accepting, close every connection, wait, exit.
//!
//! An HTTP server's own graceful shutdown does not wait for an upgraded connection, because the
//! connection is no longer HTTP. [`Shutdown`] does: every connection runs as a task that it tracks,
//! or has a [`Hold`].

use std::io;
use std::process::exit;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix;
#[cfg(windows)]
use tokio::signal::windows;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Keeps [`Shutdown::drain`] waiting until it is dropped.
pub type Hold = TaskTrackerToken;

/// A signal to shut down, and a count of the tasks that have not ended. Cheap to clone; all clones
/// are the same.
///
/// ```
/// use std::time::Duration;
///
/// use ws101::shutdown::Shutdown;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let shutdown = Shutdown::default();
/// let connection = shutdown.clone();
/// shutdown.spawn(async move {
///     // A connection waits for messages and for this.
///     connection.begun().await;
///     // Here it sends its close frame.
/// });
///
/// shutdown.begin();
/// assert_eq!(shutdown.drain(Duration::from_secs(5)).await, 0, "every task has ended");
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Spawns `task`. [`drain`](Self::drain) waits for it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Keeps [`drain`](Self::drain) waiting until the hold is dropped.
    ///
    /// Take it *before* answering 101. Between the answer and the first frame, no task of this
    /// `Shutdown` knows the connection.
    pub fn hold(&self) -> Hold {
        self.tasks.token()
    }

    /// Tells every clone that the shutdown has begun. A second call has no effect.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether [`begin`](Self::begin) was called.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until [`begin`](Self::begin) is called. Cancel safe.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Waits at most `grace` until every task has ended and every hold was dropped. Returns how many
    /// had not.
    ///
    /// Cancel safe: dropped, it ends no task, and it can be called again.
    pub async fn drain(&self, grace: Duration) -> usize {
        self.tasks.close();
        // A timeout is no error: the count below tells whether `grace` was long enough.
        let _ = timeout(grace, self.tasks.wait()).await;
        self.tasks.len()
    }
}

/// Listens for Ctrl-C and, on Unix, SIGTERM and SIGHUP from now on; await it for the one that came.
///
/// SIGHUP comes when the terminal is closed or the SSH connection to it ends. Where the process
/// was started with SIGHUP ignored, as `nohup` does, it stays ignored; that is seen on Linux only.
/// A program that does not call this is ended by each of these signals at once: that is right
/// for one that has nobody to say goodbye to.
///
/// A second signal, of any of these kinds, ends the process at once, with the status that a
/// shell gives to a program killed so (130, 143, 129). Await it on a tokio runtime; it is
/// cancel safe.
///
/// # Errors
///
/// If the operating system refuses to deliver signals to this process.
pub fn signal() -> io::Result<impl Future<Output = &'static str> + Send> {
    let mut signals = Signals::listen()?;
    Ok(async move {
        let (name, _) = signals.next().await;
        tokio::spawn(async move {
            let (_, status) = signals.next().await;
            exit(status);
        });
        name
    })
}

/// The signals that ask a program to end, with the exit status of one that did not wait.
#[cfg(unix)]
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
    /// SIGHUP is to stay ignored. Listening to it ends that for the system, so it is kept up here.
    ignores_hangup: bool,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        let interrupt = unix::signal(unix::SignalKind::interrupt())?;
        let terminate = unix::signal(unix::SignalKind::terminate())?;
        // Before it is listened to.
        let ignores_hangup = ignores_hangup();
        let hangup = unix::signal(unix::SignalKind::hangup())?;
        Ok(Self { interrupt, terminate, hangup, ignores_hangup })
    }

    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.interrupt.recv() => ("Ctrl-C", 130),
            _ = self.terminate.recv() => ("SIGTERM", 143),
            _ = self.hangup.recv(), if !self.ignores_hangup => ("SIGHUP", 129),
        }
    }
}

/// Whether this process was started with SIGHUP ignored. `SigIgn` is a mask in hexadecimal, in
/// which signal 1 is the lowest bit; where there is no such file, no signal is ignored.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(windows)]
struct Signals(windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> (&'static str, i32) {
        self.0.recv().await;
        ("Ctrl-C", 130)
    }
}
