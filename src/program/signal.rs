//! The signals that ask a program to end.

use std::io;
use std::process::exit;

#[cfg(unix)]
use tokio::signal::unix;
#[cfg(windows)]
use tokio::signal::windows;

#[cfg(unix)]
use super::hangup;

/// Listens for Ctrl-C and, on Unix, SIGTERM and SIGHUP from now on. The future waits for the first
/// of them, and gives its name.
///
/// The system sends SIGHUP when the terminal is closed or the SSH connection to it ends. If the
/// process was started with SIGHUP ignored, as `nohup` does, it stays ignored; this is noticed on
/// Linux only. If [`settings`](super::settings) has given the log a file, SIGHUP reopens it instead.
///
/// A program that does not call this function ends at once at each of these signals, which suits a
/// program without connections to close.
///
/// A second signal, of any of these kinds, ends the process at once, with the status that a
/// shell reports for a program that such a signal ended (130, 143, 129). Await the future on a
/// tokio runtime. Cancel safe: dropped, it listens no longer.
///
/// # Errors
///
/// The system refuses to deliver signals to this process.
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

/// The signals that ask a program to end, each with the exit status of a program that it ended.
#[cfg(unix)]
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
    /// Whether SIGHUP stays ignored, or reopens the log. A listener makes the system deliver it, so it is
    /// ignored here.
    ignores_hangup: bool,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        let interrupt = unix::signal(unix::SignalKind::interrupt())?;
        let terminate = unix::signal(unix::SignalKind::terminate())?;
        // Read before this process listens, which would change it.
        let ignores_hangup = hangup::renews() || ignores_hangup();
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
