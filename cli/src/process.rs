//! A started command in a process group of its own. The group, and all processes that left it, are
//! killed when this command ends or is killed.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};
use ws101::log;

#[cfg(unix)]
use crate::guard::Guard;
use crate::lang::Lang;
#[cfg(unix)]
use crate::listeners::Listeners;
#[cfg(unix)]
use crate::mark::Mark;

/// How many bytes of the output of a command are kept, to be shown if it ends too early.
const SAID_LIMIT: usize = 4 * 1024;

/// How long a command may take to exit after SIGTERM before it is killed.
const TERM: Duration = Duration::from_secs(3);

/// How long to wait for the last output of a command that has exited.
const ECHO: Duration = Duration::from_millis(30);

/// A running command, killed with all its children when it is dropped.
pub struct Process {
    command: String,
    child: Child,
    /// Held open, because some programs exit when their standard input ends.
    stdin: Option<ChildStdin>,
    said: Said,
    /// The part of it that came by standard error.
    stderr: Said,
    /// Whether its output is shown as it comes.
    is_shown: Arc<AtomicBool>,
    /// The leader of the group, which kills the group if this process is killed.
    #[cfg(unix)]
    guard: Guard,
    /// Finds descendants that left the group.
    #[cfg(unix)]
    mark: Mark,
}

/// The last bytes of the output of a command.
type Said = Arc<Mutex<VecDeque<u8>>>;

impl Process {
    /// Starts `command` with these settings in its environment.
    pub fn start<'a>(
        command: &str,
        settings: impl IntoIterator<Item = (&'a str, String)>,
        lang: Lang,
    ) -> Result<Self> {
        let mut starting = shell(command, lang)?;
        starting.envs(settings);
        starting.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        starting.kill_on_drop(true);
        #[cfg(unix)]
        let mark = Mark::random();
        #[cfg(unix)]
        let guard = Guard::start(&mark)?;
        #[cfg(unix)]
        starting.process_group(guard.group().cast_signed()).env(Mark::VARIABLE, mark.value());
        let mut child = match starting.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!(lang.pick(
                    format!("cannot start {command:?}: there is no such program"),
                    format!("не удалось запустить {command:?}: такой программы нет"),
                ))
            }
            Err(error) => {
                return Err(error).context(lang.pick(
                    format!("cannot start {command:?}"),
                    format!("не удалось запустить {command:?}"),
                ));
            }
        };
        let said = Said::default();
        let stderr = Said::default();
        let is_shown = Arc::new(AtomicBool::new(false));
        listen(child.stdout.take(), vec![said.clone()], is_shown.clone());
        listen(child.stderr.take(), vec![said.clone(), stderr.clone()], is_shown.clone());
        let stdin = child.stdin.take();
        Ok(Self {
            command: command.to_owned(),
            child,
            stdin,
            said,
            stderr,
            is_shown,
            #[cfg(unix)]
            guard,
            #[cfg(unix)]
            mark,
        })
    }

    /// The command as it was given.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Shows the lines that it prints from now on.
    pub fn show(&self) {
        self.is_shown.store(true, Relaxed);
    }

    /// The process group that its processes are born into; without such groups, 0.
    pub fn group(&self) -> u32 {
        #[cfg(unix)]
        return self.guard.group();
        #[cfg(not(unix))]
        0
    }

    /// Whether another command like this one started what listens on `port`.
    pub fn is_displaced(&self, port: u16) -> bool {
        #[cfg(unix)]
        return Listeners::on(port).are_of_another(&self.mark);
        #[cfg(not(unix))]
        false
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines it printed, indented; empty if it printed none.
    pub fn tail(&self) -> String {
        last_lines(&self.said)
    }

    /// Discards the kept output on standard error.
    pub fn clear_stderr(&self) {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// `says` and the last lines on standard error since it was cleared; empty if there are none.
    pub fn stderr_tail(&self, says: &str) -> String {
        let lines = last_lines(&self.stderr);
        if lines.is_empty() { lines } else { format!("{says}{lines}") }
    }

    /// Waits a moment for output that is not read yet. Cancel safe.
    pub async fn catch_up(&self) {
        sleep(ECHO).await;
    }

    /// `ended`, the exit status and the last lines it printed; empty while it runs.
    pub fn ended_with_tail(&mut self, ended: &str, lang: Lang) -> String {
        let status = self.ended().map(|status| lang.status(status));
        status.map(|status| format!("{ended} ({status}){}", self.tail())).unwrap_or_default()
    }

    /// Sends SIGTERM; without signals, ends its standard input.
    pub fn terminate(&mut self) {
        self.signal(false);
        if cfg!(not(unix)) {
            self.stdin = None;
        }
    }

    /// Waits until it has exited and its last output is read. Cancel safe.
    pub async fn end(&mut self) {
        // An error means that there is nothing left to wait for.
        let _ = self.child.wait().await;
        self.catch_up().await;
    }

    /// Waits until it has exited; `None` if it has not within `limit`. Cancel safe.
    pub async fn exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        timeout(limit, self.child.wait()).await.ok()?.ok()
    }

    /// Sends SIGTERM, waits up to 3 s, then kills it with all its children. Cancel safe: a dropped call
    /// kills them at once.
    pub async fn stop(mut self) {
        self.terminated().await;
    }

    /// Sends SIGTERM, waits up to 3 s, then kills it; after that it has exited. Cancel safe: a dropped call
    /// may be made again.
    pub async fn halt(&mut self) {
        self.terminated().await;
        self.kill().await;
    }

    /// Kills it with its group, and waits until it has exited. Cancel safe.
    pub async fn kill(&mut self) {
        self.signal(true);
        // An error means that it has exited.
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
    }

    async fn terminated(&mut self) {
        if self.ended().is_none() {
            self.terminate();
            self.stdin = None;
            self.exit(TERM).await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let group = i32::try_from(self.guard.group()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, if kill { Signal::KILL } else { Signal::TERM });
        }
    }

    /// Without signals the end of standard input is the only request to exit.
    #[cfg(not(unix))]
    fn signal(&self, _kill: bool) {}
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard is killed with the group, so it comes last.
        #[cfg(unix)]
        self.mark.kill_all();
        self.signal(true);
    }
}

/// The command to spawn: through a shell only if it has characters that a shell interprets.
fn shell(command: &str, lang: Lang) -> Result<Command> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let Some((program, arguments)) = words.split_first() else {
        bail!(lang.pick(
            "the command is empty: say how your program is started",
            "команда пустая: напишите, как запускается ваша программа",
        ));
    };
    let is_plain = !command
        .contains(['"', '\'', '\\', '$', '`', '&', '|', ';', '<', '>', '(', '*', '?', '~', '=']);
    if is_plain {
        let mut plain = Command::new(program);
        plain.args(arguments);
        return Ok(plain);
    }
    if cfg!(windows) {
        let mut through = Command::new("cmd");
        through.args(["/C", command]);
        return Ok(through);
    }
    // The shell gets SIGTERM, too. With a trap it waits for the program, and exits with its status.
    let mut through = Command::new("sh");
    through.args(["-c", &format!("trap : TERM; {command}")]);
    Ok(through)
}

fn last_lines(said: &Said) -> String {
    // A stack trace of Node has the error in its first line, one of Python in its last.
    const LINES: usize = 30;
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes: Vec<u8> = said.iter().copied().collect();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    let mut last = String::new();
    for line in lines.iter().skip(lines.len().saturating_sub(LINES)) {
        last.push_str("\n    ");
        last.push_str(&ws101::escape::Line::of(line).to_string());
    }
    last
}

/// Reads all output and keeps its end, so that a command that prints much is never blocked.
fn listen(
    from: Option<impl AsyncRead + Unpin + Send + 'static>,
    keep: Vec<Said>,
    is_shown: Arc<AtomicBool>,
) {
    let Some(mut from) = from else { return };
    tokio::spawn(async move {
        let mut piece = [0; 1024];
        let mut line = Vec::new();
        while let Ok(size) = from.read(&mut piece).await {
            if size == 0 {
                return;
            }
            for said in &keep {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.extend(&piece[..size]);
                let excess = said.len().saturating_sub(SAID_LIMIT);
                said.drain(..excess);
            }
            if is_shown.load(Relaxed) {
                show(&mut line, &piece[..size]);
            }
        }
    });
}

/// Prints the whole lines, and keeps the begun one. One that is too long is printed in parts.
fn show(line: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        if byte != b'\n' {
            line.push(byte);
        }
        if byte == b'\n' || line.len() >= SAID_LIMIT {
            log!("  | {}", String::from_utf8_lossy(line));
            line.clear();
        }
    }
}
