//! A log that never holds its program up, and never ends it.
//!
//! `println!` waits while nobody reads standard output, and panics once nobody will. A server
//! that prints a line for each connection stands still with it, or loses the connection. Here a
//! thread writes; the program only puts lines into a queue of [`QUEUE_BYTES`]. A line that finds no
//! room is lost and counted, and the log says how many were lost when it can write again.
//!
//! ```
//! use ws101::log;
//!
//! log!("open http://{}", "127.0.0.1:8080");
//! // At the end of `main`: waits for the thread, for at most `log::FLUSH`.
//! log::flush();
//! ```
//!
//! What acts on a terminal is escaped, whoever wrote it ([`Lines`]); a text that must stay on one line
//! is a [`Line`] where it is put into the log.
//!
//! With `tracing-subscriber`, without its colours: `tracing_subscriber::fmt().with_writer(log::writer).init()`.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::escape::{Line, Lines};

/// How many bytes may wait to be written: 256 KiB, some thousand lines.
///
/// It covers a reader that pauses for a moment; the log of a crowd fills any queue in time.
pub const QUEUE_BYTES: usize = 256 * 1024;

/// How long [`flush`] waits at most: a reader that still reads takes the whole queue in less.
pub const FLUSH: Duration = Duration::from_millis(500);

/// How many characters of a panic's message are printed: it may quote what a peer sent.
const PANIC_SHOWN: usize = 1024;

/// Writes a line to standard output as `println!` does, but never waits and never panics.
///
/// Takes what `println!` takes. A line that finds the queue full is lost; see [`log`](mod@crate::log).
#[macro_export]
macro_rules! log {
    ($($line:tt)*) => {
        $crate::log::line(format_args!($($line)*))
    };
}

/// The log on standard output. The first line also sends messages of panics through the other one.
static OUT: LazyLock<Log> = LazyLock::new(|| {
    std::panic::set_hook(Box::new(tell_of));
    Log::to(io::stdout())
});

/// The log on standard error.
static ERR: LazyLock<Log> = LazyLock::new(|| Log::to(io::stderr()));

/// Puts one line into the queue for standard output; [`log!`](crate::log!) calls it.
pub fn line(text: fmt::Arguments<'_>) {
    OUT.put(format!("{}\n", Lines(&text.to_string())).as_bytes());
}

/// Standard output as a writer that never waits and never fails.
///
/// Write whole lines at once: what finds no room is lost as a whole.
#[must_use]
pub fn writer() -> impl Write {
    Writer(&OUT)
}

/// Waits until all lines are written, for [`FLUSH`] at most on each of standard output and error;
/// tells whether they are.
///
/// The last lines of a program are lost without it: a thread ends with `main`.
pub fn flush() -> bool {
    // Both, even if one of them is not read.
    let is_written = [&ERR, &OUT].map(|log| log.flush(FLUSH));
    is_written == [true, true]
}

/// Puts the message of a panic into the queue for standard error, in place of printing it.
fn tell_of(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let place = panic.location().map(|at| format!(" at {at}")).unwrap_or_default();
    let said = panic.payload_as_str().unwrap_or("(no text)");
    let mut text = format!("thread '{name}' panicked{place}: {}\n", Line::new(said, PANIC_SHOWN));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = writeln!(text, "{backtrace}");
    }
    ERR.put(text.as_bytes());
    // A panic of `main` ends the process as soon as this returns.
    if name == "main" {
        flush();
    }
}

/// A queue of lines, and a thread that writes them. Cheap to clone; all clones are the same queue.
///
/// The thread ends when the last clone is dropped and all is written.
#[derive(Clone, Debug)]
pub struct Log(Arc<Handle>);

/// Ends the thread when it is dropped.
#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Something was put into the queue, or the last clone was dropped.
    more: Condvar,
    /// The thread has written all that it took.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Lines that were lost and not yet told of.
    untold: u64,
    /// All lines that were lost.
    lost: u64,
    is_writing: bool,
    has_ended: bool,
}

impl Log {
    /// A log on `sink`, which may block or fail as it likes.
    pub fn to(sink: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let writing = shared.clone();
        let thread = thread::Builder::new().name("log".to_owned());
        // Without a thread the queue fills, and lines are lost and counted.
        drop(thread.spawn(move || writing.write(sink)));
        Self(Arc::new(Handle(shared)))
    }

    /// Puts whole lines into the queue, or counts them as lost. Never waits for the sink.
    pub fn put(&self, lines: &[u8]) {
        let shared = &self.0.0;
        let mut queue = shared.queue();
        if queue.waiting.len() + lines.len() > QUEUE_BYTES {
            queue.lose(count(lines));
            return;
        }
        queue.waiting.extend_from_slice(lines);
        drop(queue);
        shared.more.notify_one();
    }

    /// How many lines were lost until now: they found no room, or the sink failed.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.0.queue().lost
    }

    /// Waits until all lines are written or have failed, for `patience` at most; tells whether they are.
    pub fn flush(&self, patience: Duration) -> bool {
        let shared = &self.0.0;
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.waiting.is_empty();
        let waited = shared.written.wait_timeout_while(shared.queue(), patience, is_busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes, until there can be no more. The queue is not locked meanwhile.
    fn write(&self, mut sink: impl Write) {
        while let Some((lines, untold)) = self.take() {
            let mut outcome = sink.write_all(&lines);
            if outcome.is_ok() && untold > 0 {
                outcome = writeln!(sink, "-- {untold} lines of this log were lost");
            }
            let outcome = outcome.and_then(|()| sink.flush());
            let mut queue = self.queue();
            if outcome.is_err() {
                queue.lose(count(&lines));
                queue.untold += untold;
            }
            queue.is_writing = false;
            drop(queue);
            self.written.notify_all();
        }
    }

    /// Waits for lines; with them comes how many were lost behind them. Nothing at the end.
    fn take(&self) -> Option<(Vec<u8>, u64)> {
        let is_idle = |queue: &mut Queue| queue.waiting.is_empty() && !queue.has_ended;
        let waited = self.more.wait_while(self.queue(), is_idle);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.is_empty() {
            return None;
        }
        queue.is_writing = true;
        Some((std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.untold)))
    }
}

impl Queue {
    fn lose(&mut self, lines: u64) {
        self.lost += lines;
        self.untold += lines;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue().has_ended = true;
        self.0.more.notify_one();
    }
}

/// A [`Log`] as a writer.
struct Writer(&'static Log);

impl Write for Writer {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.put(Lines(&String::from_utf8_lossy(lines)).to_string().as_bytes());
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.split(|&byte| byte == b'\n').count() as u64 - 1
}
