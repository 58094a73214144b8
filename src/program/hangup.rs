//! SIGHUP for a program with a log file: the file is opened anew.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::log;

/// Whether SIGHUP renews, and so ends nothing.
static RENEWS: AtomicBool = AtomicBool::new(false);

/// Reopens the log at each SIGHUP from now on. A thread waits for the signal, so that programs without
/// a runtime can do this, too.
///
/// # Errors
///
/// The system refuses a thread, or to deliver the signal to this process.
pub(super) fn renew() -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let entered = runtime.enter();
    let mut hangup = signal(SignalKind::hangup())?;
    drop(entered);
    RENEWS.store(true, Relaxed);
    let work = async move {
        while hangup.recv().await.is_some() {
            log::reopen();
            // The first line of the new file, which it makes.
            log!("SIGHUP: the log goes on here");
        }
    };
    thread::Builder::new().name("hangup".to_owned()).spawn(move || runtime.block_on(work))?;
    Ok(())
}

/// Whether [`renew`] has begun.
pub(super) fn renews() -> bool {
    RENEWS.load(Relaxed)
}
