//! The server under test, when it is started here: a process group of its own.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::address::Server;

/// How long a server may take to listen.
pub const READY: Duration = Duration::from_secs(10);

/// How much of what a program prints is kept, to be shown if it ends too early.
const SAID_LIMIT: usize = 4 * 1024;

/// How long it may take to end after SIGTERM, before it is killed.
const TERM: Duration = Duration::from_secs(3);

/// Between two attempts to connect to a program that starts.
const ATTEMPT: Duration = Duration::from_millis(30);

/// A running server, killed with all its children when it is dropped.
pub struct Program {
    child: Child,
    group: Option<u32>,
    port: u16,
    said: Arc<Mutex<VecDeque<u8>>>,
}

impl Program {
    /// Starts `command` on a free port, and waits until it listens.
    pub async fn start(
        command: &str,
        settings: &[(&str, &str)],
        patience: Duration,
    ) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .context("there is no free port")?
            .port();
        let mut starting = shell(command)?;
        starting.env("PORT", port.to_string()).env("HOST", "127.0.0.1");
        starting.envs(settings.iter().copied());
        starting.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        starting.kill_on_drop(true);
        #[cfg(unix)]
        starting.process_group(0);
        let mut child = match starting.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("cannot start {command:?}: there is no such program")
            }
            Err(error) => return Err(error).context(format!("cannot start {command:?}")),
        };
        let said = Arc::default();
        listen(child.stdout.take(), &said);
        listen(child.stderr.take(), &said);
        let group = child.id();
        let mut program = Self { child, group, port, said };
        program.ready(command, patience).await?;
        Ok(program)
    }

    /// Where it listens.
    pub fn server(&self) -> Server {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        Server { address, name: format!("localhost:{}", self.port) }
    }

    async fn ready(&mut self, command: &str, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.ended() {
                // What it said last may still be on its way.
                sleep(ATTEMPT).await;
                bail!("{command:?} ended before it listened ({status}){}", self.last_words());
            }
            if Instant::now() > deadline {
                bail!(
                    "{command:?} does not listen on 127.0.0.1:{} after {} s: does it read PORT?{}",
                    self.port,
                    patience.as_secs(),
                    self.last_words()
                );
            }
            sleep(ATTEMPT).await;
        }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines it printed, indented; empty if it printed none.
    pub fn last_words(&self) -> String {
        // A trace of Node's names the error first, one of Python's last.
        const LINES: usize = 20;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Asks it to end, as a system that shuts down does.
    pub fn terminate(&self) {
        self.signal(false);
    }

    /// Waits until it has ended; `None` if it has not in time.
    pub async fn exit(&mut self, patience: Duration) -> Option<ExitStatus> {
        timeout(patience, self.child.wait()).await.ok()?.ok()
    }

    /// Whether another program could listen where it did.
    pub fn is_port_free(&self) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    /// Ends it: politely first, then with all its children.
    pub async fn stop(mut self) {
        if self.ended().is_none() {
            self.terminate();
            drop(self.child.stdin.take());
            self.exit(TERM).await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let group = self.group.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, if kill { Signal::KILL } else { Signal::TERM });
        }
    }

    /// Without signals, the end of standard input is the word.
    #[cfg(not(unix))]
    fn signal(&self, _kill: bool) {}
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(true);
    }
}

/// A command as a shell reads it; where there is nothing to read, without a shell,
/// whose exit code would hide the program's.
fn shell(command: &str) -> Result<Command> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let Some((program, arguments)) = words.split_first() else {
        bail!("--cmd is empty: say how your server is started");
    };
    let is_plain = !command
        .contains(['"', '\'', '\\', '$', '`', '&', '|', ';', '<', '>', '(', '*', '?', '~', '=']);
    if is_plain {
        let mut plain = Command::new(program);
        plain.args(arguments);
        return Ok(plain);
    }
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut through = Command::new(shell);
    through.args([flag, command]);
    Ok(through)
}

/// Keeps the end of what comes, so that whoever prints much is not held up.
fn listen(from: Option<impl AsyncRead + Unpin + Send + 'static>, said: &Arc<Mutex<VecDeque<u8>>>) {
    let (Some(mut from), said) = (from, said.clone()) else { return };
    tokio::spawn(async move {
        let mut piece = [0; 1024];
        while let Ok(size) = from.read(&mut piece).await {
            if size == 0 {
                return;
            }
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.extend(&piece[..size]);
            let excess = said.len().saturating_sub(SAID_LIMIT);
            said.drain(..excess);
        }
    });
}
