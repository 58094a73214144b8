//! The log's file: opened by the program, written and reopened by the thread of the log.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// The file that the thread takes over before its next line.
static NEXT: Mutex<Option<LogFile>> = Mutex::new(None);

/// Whether there is a file.
static IS_SET: AtomicBool = AtomicBool::new(false);

/// Whether the file is opened anew before the next line.
static REOPENS: AtomicBool = AtomicBool::new(false);

/// Appends the log to the file at `path` from now on, instead of standard output. The file is made if
/// there is none; its folder is not. Panics are in it, too.
///
/// If a line cannot be written, because the disk is full, standard error says so once, and the line is
/// lost and counted. A FIFO may be named: while nobody reads it, its lines wait in the queue of
/// [`QUEUE_BYTES`](super::QUEUE_BYTES), and then are lost and counted.
///
/// # Errors
///
/// The file cannot be opened. Then the log stays where it was.
pub fn to_file(path: &Path) -> io::Result<()> {
    let file = LogFile { path: path.to_owned(), file: open(path)? };
    *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    IS_SET.store(true, Relaxed);
    Ok(())
}

/// Opens the file of [`to_file`] anew before the next line, for programs that rotate logs: they rename
/// the file first. If it cannot be opened, standard error says so, and the log stays in the old one.
/// Does nothing without a file.
pub fn reopen() {
    REOPENS.store(true, Relaxed);
}

/// Whether the log has a file.
pub(super) fn is_set() -> bool {
    IS_SET.load(Relaxed)
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
}

/// Opens without waiting: a FIFO is opened for both directions, since the system would wait for a
/// reader otherwise.
fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).read(is_fifo(path)).open(path)
}

#[cfg(unix)]
fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_fifo(_: &Path) -> bool {
    false
}

/// Writes to the file, or to `otherwise` while there is none.
pub(super) struct Output<W> {
    otherwise: W,
    file: Option<LogFile>,
    /// Tells a person what is wrong with the file.
    complain: fn(&str),
    /// Whether the last byte that was written ends a line.
    is_line_whole: bool,
    has_failed: bool,
}

impl<W: Write> Output<W> {
    pub(super) fn new(otherwise: W, complain: fn(&str)) -> Self {
        Self { otherwise, file: None, complain, is_line_whole: true, has_failed: false }
    }

    /// Takes over a new file, or opens the file anew.
    fn renew(&mut self) {
        if let Some(next) = NEXT.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.file = Some(next);
        }
        if !REOPENS.swap(false, Relaxed) {
            return;
        }
        let Some(LogFile { path, file }) = &mut self.file else { return };
        match open(path) {
            Ok(renewed) => *file = renewed,
            Err(error) => (self.complain)(&format!(
                "log: cannot reopen {}: {error}; the log stays in the file that it had",
                path.display()
            )),
        }
    }

    /// The rest of a line that could not be written is lost, so the next line begins anew.
    fn end_torn_line(&mut self) -> io::Result<()> {
        if self.has_failed && !self.is_line_whole {
            self.sink().write_all(b"\n")?;
            self.is_line_whole = true;
        }
        Ok(())
    }

    fn sink(&mut self) -> &mut dyn Write {
        match &mut self.file {
            Some(file) => &mut file.file,
            None => &mut self.otherwise,
        }
    }

    /// Complains about the first of several failures.
    fn note(&mut self, error: &io::Error) {
        if let Some(LogFile { path, .. }) = &self.file
            && !self.has_failed
        {
            (self.complain)(&format!(
                "log: cannot write to {}: {error}; until it can, lines are lost and counted",
                path.display()
            ));
        }
        self.has_failed = true;
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_line_whole || self.has_failed {
            self.renew();
        }
        let written = self.end_torn_line().and_then(|()| self.sink().write(bytes));
        match &written {
            Ok(0) => {}
            Ok(size) => {
                self.is_line_whole = bytes.get(size - 1) == Some(&b'\n');
                self.has_failed = false;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.note(error),
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink().flush()
    }
}
