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

use crate::Lang;
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
    said: Said,
    /// What of it came by standard error.
    complaints: Said,
}

/// The end of what a program prints.
type Said = Arc<Mutex<VecDeque<u8>>>;

impl Program {
    /// Starts `command` on a free port, and waits until it listens.
    pub async fn start(
        command: &str,
        settings: &[(&str, &str)],
        patience: Duration,
        lang: Lang,
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
                let (cannot, why) = lang.pick(
                    ("cannot start", "there is no such program"),
                    ("не запускается", "такой программы нет"),
                );
                bail!("{cannot} {command:?}: {why}")
            }
            Err(error) => return Err(error).context(format!("cannot start {command:?}")),
        };
        let (said, complaints) = (Said::default(), Said::default());
        listen(child.stdout.take(), vec![said.clone()]);
        listen(child.stderr.take(), vec![said.clone(), complaints.clone()]);
        let group = child.id();
        let mut program = Self { child, group, port, said, complaints };
        program.ready(command, patience, lang).await?;
        Ok(program)
    }

    /// Where it listens.
    pub fn server(&self) -> Server {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        Server { address, name: format!("localhost:{}", self.port) }
    }

    async fn ready(&mut self, command: &str, patience: Duration, lang: Lang) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.ended() {
                self.finish_its_words().await;
                let ended = lang.pick(
                    format!("{command:?} ended before it listened"),
                    format!("команда {command:?} закончилась раньше, чем стала слушать"),
                );
                bail!("{ended} ({status}){}", self.last_words());
            }
            if Instant::now() > deadline {
                let (port, secs, words) = (self.port, patience.as_secs(), self.last_words());
                bail!(
                    "{}",
                    lang.pick(
                        format!(
                            "{command:?} does not listen on 127.0.0.1:{port} after {secs} s. The port is in \
                             the environment variable PORT: read it, or start the server yourself and \
                             give --url{words}"
                        ),
                        format!(
                            "команда {command:?} за {secs} с не стала слушать 127.0.0.1:{port}. Номер порта лежит в \
                             переменной окружения PORT: прочитайте её, или запустите сервер сами и \
                             дайте --url{words}"
                        )
                    )
                );
            }
            sleep(ATTEMPT).await;
        }
    }

    /// What it said last may still be on its way.
    pub async fn finish_its_words(&self) {
        sleep(ATTEMPT).await;
    }

    /// Forgets what it has complained of until now.
    pub fn forgive(&self) {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines it printed, indented; empty if it printed none.
    pub fn last_words(&self) -> String {
        last_lines(&self.said)
    }

    /// The last of them that came by standard error, since it was forgiven.
    pub fn complaints(&self) -> String {
        last_lines(&self.complaints)
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

fn last_lines(said: &Said) -> String {
    // A trace of Node's names the error first, one of Python's last.
    const LINES: usize = 20;
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

/// Keeps the end of what comes, so that whoever prints much is not held up.
fn listen(from: Option<impl AsyncRead + Unpin + Send + 'static>, keep: Vec<Said>) {
    let Some(mut from) = from else { return };
    tokio::spawn(async move {
        let mut piece = [0; 1024];
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
        }
    });
}
