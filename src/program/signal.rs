//! The signals that ask a program to end.

use std::io;
use std::process::exit;

#[cfg(unix)]
use tokio::signal::unix;
#[cfg(windows)]
use tokio::signal::windows;

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
