//! Starts a program: reads its environment, raises the limit of file descriptors, listens, and
//! waits for the signal that ends it.
//!
//! Only programs use this module. The pieces take [`Settings`], listeners and futures, and neither
//! read the environment nor change the process.
//!
//! ```no_run
//! use ws101::log;
//! use ws101::program::{self, StartError};
//! use ws101::settings::Settings;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), StartError> {
//!     let settings = program::settings(Settings::default())?;
//!     let listener = program::listen(&settings)?;
//!     let signal = program::signal()?;
//!     log!("listening on {}", listener.local_addr()?);
//!     log!("{} came: the end", signal.await);
//!     log::flush();
//!     Ok(())
//! }
//! ```

mod environment;
#[cfg(unix)]
mod hangup;
mod listen;
mod signal;

use std::convert::Infallible;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tracing::warn;

pub use environment::{SettingError, VARIABLES, Variable, settings_from};
pub use listen::{ListenError, bind, listen};
pub use signal::signal;

use crate::escape::Lines;
use crate::frontend::Frontend;
use crate::limits::MAX_PENDING;
use crate::log;
use crate::settings::Settings;

/// File descriptors that are not for connections: listeners, the log, those of the system.
const HOUSEKEEPING: usize = 64;

/// How long a program may take to end after a [`StartError`], until the process exits anyway.
pub const EXIT_DEADLINE: Duration = Duration::from_secs(2);

/// The error that ends a program: `fn main() -> Result<(), StartError>`.
///
/// Any error converts into it. It is printed as one line and without a backtrace, whatever
/// `RUST_BACKTRACE` says, because a user who finds a port busy needs the fix, not the stack.
///
/// The standard library prints it when `main` returns. It waits until standard error is read, and
/// before that the runtime waits for its threads, such as one that reads standard input. So that the
/// program always ends, a thread watches the `StartError`: if it is not dropped within
/// [`EXIT_DEADLINE`], the thread prints the error and exits with code 1. Make a `StartError` only to
/// end the program.
pub struct StartError {
    text: String,
    /// Tells the thread that waits for the deadline that the error was dropped.
    _dropped: mpsc::Sender<Infallible>,
}

impl<E: std::error::Error> From<E> for StartError {
    fn from(error: E) -> Self {
        let text = error.to_string();
        let (sender, dropped) = mpsc::channel::<Infallible>();
        let watch = {
            let text = text.clone();
            move || {
                if dropped.recv_timeout(EXIT_DEADLINE) == Err(RecvTimeoutError::Timeout) {
                    log::report(format_args!("Error: {text}"));
                    log::flush();
                    exit(1);
                }
            }
        };
        // If the thread cannot start, only the deadline is missing.
        drop(thread::Builder::new().name("exit".to_owned()).spawn(watch));
        Self { text, _dropped: sender }
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Lines(&self.text))
    }
}

/// `defaults`, changed by the environment and by what the system allows.
///
/// Each variable that [`Settings`] names replaces its field; an empty one changes nothing. A debug
/// build inside its checkout serves the page from `frontend/` there. `max_connections` is lowered,
/// with a warning in the log, to what [`raise_descriptor_limit`] returns.
///
/// The log goes to `log_file` from now on, in `log_format`. With a file, SIGHUP reopens it from now on,
/// for programs that rotate logs, and does not end the process: call [`signal`] after this.
///
/// # Errors
///
/// The first variable with a value that cannot be used, or a log file that cannot be opened.
pub fn settings(defaults: Settings) -> Result<Settings, SettingError> {
    let mut settings = defaults;
    if let Some(directory) = checkout() {
        settings.frontend = Frontend::Directory(directory);
    }
    settings = settings_from(settings, variable)?;
    begin_log(&settings)?;
    let wanted = settings.max_connections;
    let possible = raise_descriptor_limit();
    if wanted > possible {
        warn!("WS_MAX_CONNECTIONS={wanted}, but there are file descriptors for {possible} only");
        settings.max_connections = possible;
    }
    Ok(settings)
}

/// Puts the log where the settings say.
fn begin_log(settings: &Settings) -> Result<(), SettingError> {
    log::write_as(settings.log_format);
    let Some(path) = &settings.log_file else { return Ok(()) };
    log::to_file(path).map_err(|error| SettingError::file("WS_LOG_FILE", path, &error))?;
    // Else a person in front of the terminal sees nothing at all.
    log::report(format_args!("the log is in {}", path.display()));
    #[cfg(unix)]
    if let Err(error) = hangup::renew() {
        warn!(%error, "SIGHUP does not reopen the log");
    }
    Ok(())
}

/// The whole number in a variable of the program's own, which [`Settings`] has no field for. `None` if
/// it is not set, or empty.
///
/// # Errors
///
/// The value is no whole number within `range`. The error says what it may be, as those of [`settings`] do.
pub fn number(name: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, SettingError> {
    environment::number(name, range, variable(name))
}

/// The value of an environment variable.
fn variable(name: &'static str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Raises the process's limit of file descriptors as far as the system permits, as Go programs do
/// at their start. Returns how many WebSockets there are descriptors for, after those of
/// [`MAX_PENDING`] other connections are set aside.
///
/// Many shells set a limit of 1024, for old programs that use `select`.
pub fn raise_descriptor_limit() -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).ok();
    // The system has no such limit.
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(MAX_PENDING + HOUSEKEEPING).max(1)
}

/// The directory `frontend/` of the checkout, for a debug build that is run inside it: there a
/// change to the page shows at the next request.
fn checkout() -> Option<PathBuf> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().ok()?;
    let frontend = checkout.join("frontend");
    let is_inside = std::env::current_exe().ok()?.starts_with(&checkout);
    (is_inside && frontend.join("index.html").is_file()).then_some(frontend)
}
