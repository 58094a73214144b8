//! A log that never blocks its program and never panics.
//!
//! `println!` blocks while the reader of standard output does not read, and panics when the reader
//! has closed it. A server that prints a line for each connection then stops, or loses the
//! connection. Here a thread writes, and the program only puts lines into a queue of [`QUEUE_BYTES`].
//! A line for which the queue has no room is dropped and counted. When the log can write again, it
//! writes how many lines were lost.
//!
//! ```
//! use ws101::log;
//!
//! log!("open http://{}", "127.0.0.1:8080");
//! // At the end of `main`: waits until the thread has written all lines, at most `log::FLUSH`.
//! log::flush();
//! ```
//!
//! The log escapes control characters, because a terminal would act on them ([`Lines`]). It also
//! escapes line feeds, so text of a peer cannot begin a line. [`Line`] shortens such text.
//!
//! The log is on standard output, or in a file ([`to_file`]); its lines are text or JSON ([`write_as`]).
//!
//! `log::init` prints the events of the crate `tracing`, which this library uses. A program that
//! needs more of `tracing-subscriber` gives it this log:
//! `tracing_subscriber::fmt().with_ansi(false).with_writer(log::writer).init()`. Colours are off
//! because the log would escape them.

#[cfg(feature = "server")]
mod events;
mod file;
mod format;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

#[cfg(feature = "server")]
pub use self::events::{Events, init};
use self::file::Output;
pub use self::file::{reopen, to_file};
pub use self::format::{Format, write_as};
use crate::escape::{Line, Lines};

/// The most bytes that wait to be written: 256 KiB, some thousand lines.
///
/// That covers a reader that pauses for a moment. A reader that stays slow fills a queue of any size.
pub const QUEUE_BYTES: usize = 256 * 1024;

/// The longest time that [`flush`] waits, for each log. A reader that reads takes the whole queue in less.
pub const FLUSH: Duration = Duration::from_millis(500);

/// The most characters of a panic's message that are printed, because it may quote a peer's text.
const PANIC_SHOWN: usize = 1024;

/// Writes a line to standard output as `println!` does, but never waits and never panics.
///
/// Takes the same arguments as `println!`, and always writes one line: line feeds are escaped. A line
/// for which the queue has no room is lost; see [`log`](mod@crate::log).
#[macro_export]
macro_rules! log {
    ($($line:tt)*) => {
        $crate::log::line(format_args!($($line)*))
    };
}

/// The log on standard output, or in its file. Its first use also sends the messages of panics through
/// [`ERR`].
static OUT: LazyLock<Log> = LazyLock::new(|| {
    report_panics();
    let complain = |text: &str| report(format_args!("{text}"));
    Log::telling(Output::new(io::stdout(), complain), format::lost)
});

/// The log on standard error.
static ERR: LazyLock<Log> = LazyLock::new(|| Log::to(io::stderr()));

/// Puts one line into the queue for standard output; [`log!`](crate::log!) calls it. As JSON its level
/// is `INFO`, and its target is `log`.
pub fn line(text: fmt::Arguments<'_>) {
    OUT.put(format::line("INFO", &text.to_string()).as_bytes());
}

/// Puts a report into the queue for standard error. Its line feeds begin lines; other control
/// characters are escaped.
pub fn report(text: fmt::Arguments<'_>) {
    ERR.put(format!("{}\n", Lines(&text.to_string())).as_bytes());
}

/// Sends the messages of panics through the queue of standard error from now on, so that a panic
/// does not wait for a reader. The first use of the log on standard output does this, too.
pub fn report_panics() {
    // Once, because a program may wrap the hook.
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(report_panic)));
}

/// Standard output as a writer that never waits and never fails.
///
/// Write whole lines at once: each write is queued or lost as a whole.
#[must_use]
pub fn writer() -> impl Write {
    Writer(&OUT)
}

/// Waits until all lines are written to standard output and error, at most [`FLUSH`] for each.
/// Returns whether they are.
///
/// Call it at the end of `main`. The thread ends with `main`, and without this the last lines are
/// lost.
pub fn flush() -> bool {
    // `map` flushes both, even if the first fails.
    let is_written = [&ERR, &OUT].map(|log| log.flush(FLUSH));
    is_written == [true, true]
}

/// Puts the message of a panic into the queue for standard error instead of printing it.
fn report_panic(panic: &PanicHookInfo<'_>) {
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
    if file::is_set() {
        OUT.put(format::line("ERROR", text.trim_end()).as_bytes());
    }
    // A panic of `main` ends the process as soon as this returns.
    if name == "main" {
        flush();
    }
}

/// A queue of lines, and a thread that writes them. Cheap to clone; all clones share one queue.
///
/// The thread ends when the last clone is dropped and all lines are written.
#[derive(Clone, Debug)]
pub struct Log(Arc<Handle>);

/// Ends the thread when it is dropped.
#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when a line was put into the queue, and when the last clone was dropped.
    more: Condvar,
    /// Notified when the thread has written the lines that it took.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Lines that were lost since the log last wrote how many were lost.
    unreported: u64,
    /// Lines that were lost in all.
    lost: u64,
    is_writing: bool,
    has_ended: bool,
}

impl Log {
    /// A log that writes to `sink`, which may block or fail.
    pub fn to(sink: impl Write + Send + 'static) -> Self {
        Self::telling(sink, |lines| format!("-- {lines} lines of this log were lost\n"))
    }

    /// A log to `sink` in which `lost` makes the line that tells how many lines are missing.
    fn telling(sink: impl Write + Send + 'static, lost: fn(u64) -> String) -> Self {
        let shared = Arc::new(Shared::default());
        let writing = shared.clone();
        let thread = thread::Builder::new().name("log".to_owned());
        // If the thread cannot start, the queue fills, and lines are lost and counted.
        drop(thread.spawn(move || writing.write(sink, lost)));
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

    /// How many lines were lost so far, because the queue was full or the sink failed.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.0.queue().lost
    }

    /// Waits until all lines are written or have failed, at most `timeout`. Returns whether they are.
    pub fn flush(&self, timeout: Duration) -> bool {
        let shared = &self.0.0;
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.waiting.is_empty();
        let waited = shared.written.wait_timeout_while(shared.queue(), timeout, is_busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes lines until the last clone is dropped. The queue is not locked while it writes.
    fn write(&self, mut sink: impl Write, lost: fn(u64) -> String) {
        while let Some((lines, unreported)) = self.take() {
            let unwritten = write_most(&mut sink, &lines);
            let mut is_reported = unwritten.is_empty();
            if is_reported && unreported > 0 {
                is_reported = write_most(&mut sink, lost(unreported).as_bytes()).is_empty();
            }
            let mut queue = self.queue();
            queue.lose(count(unwritten));
            if !is_reported {
                queue.unreported += unreported;
            }
            queue.is_writing = false;
            drop(queue);
            self.written.notify_all();
        }
    }

    /// Waits for lines. Returns them and how many were lost after them; none at the end.
    fn take(&self) -> Option<(Vec<u8>, u64)> {
        let is_idle = |queue: &mut Queue| queue.waiting.is_empty() && !queue.has_ended;
        let waited = self.more.wait_while(self.queue(), is_idle);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.is_empty() {
            return None;
        }
        queue.is_writing = true;
        Some((std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.unreported)))
    }
}

impl Queue {
    fn lose(&mut self, lines: u64) {
        self.lost += lines;
        self.unreported += lines;
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

/// Writes `lines` until the sink fails. Returns what is not written, from the line on in which it failed.
fn write_most<'a>(sink: &mut impl Write, lines: &'a [u8]) -> &'a [u8] {
    let mut left = lines;
    while !left.is_empty() {
        match sink.write(left) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return left,
            Ok(size) => left = left.get(size..).unwrap_or_default(),
        }
    }
    // A sink with a buffer of its own does not tell how much of it is written.
    if sink.flush().is_ok() { left } else { lines }
}

/// Counts the line feeds: a line is lost if its end is.
fn count(lines: &[u8]) -> u64 {
    lines.split(|&byte| byte == b'\n').count() as u64 - 1
}
