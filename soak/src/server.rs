//! The server under test: an example as a child process, watched from outside.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};

/// The example that is tested.
pub const FULL_CHAT: &str = "full_chat";

/// How long the server may take to start, to answer, and to exit.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most lines of the server's standard error that are shown: it may panic for every connection.
const SHOWN: usize = 4;

/// The most bytes of a report.
const REPORT_BYTES: u64 = 64 * 1024;

/// The default settings, with a faster heartbeat and a smaller backlog. So most clients that do not
/// read are evicted for their backlog before they are lost for a missing pong.
const SETTINGS: [(&str, &str); 4] = [
    ("WS_HEARTBEAT_MS", "2000"),
    ("WS_PONG_TIMEOUT_MS", "20000"),
    ("WS_STATS_MS", "5000"),
    ("WS_MAX_QUEUE_BYTES", "32768"),
];

/// How the lines are treated that a server prints after its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// They are read, so that the pipe does not fill and block the server.
    Read,
    /// The pipe stays open and is not read.
    Unread,
    /// The reading end of the pipe is closed.
    Closed,
}

/// A running server. Dropping this kills it.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    panics: Arc<AtomicU64>,
    /// The unread end of [`Log::Unread`], kept open.
    _unread: Option<Lines<BufReader<ChildStdout>>>,
}

/// The fields of `/stats` that a run checks.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Stats {
    pub connections: u64,
    pub connections_total: u64,
    pub messages_in: u64,
    pub messages_out: u64,
    pub closes: BTreeMap<u16, u64>,
    #[serde(default)]
    pub rss_bytes: Option<u64>,
}

/// How the server ended.
pub struct Ended {
    pub status: ExitStatus,
    pub took: Duration,
    /// Lines of its output and its log that report a panic.
    pub panics: u64,
}

impl Server {
    /// Builds `full_chat` with this program's profile, starts it, and waits until it listens on both ports.
    ///
    /// # Errors
    ///
    /// If it does not build or does not start.
    pub async fn start() -> Result<Self> {
        let programs = build(&[FULL_CHAT]).await?;
        Self::launch(&programs.join(FULL_CHAT), &SETTINGS, Log::Read).await
    }

    /// Starts `program`, with `settings` in its environment, and waits until it listens on all its ports.
    ///
    /// # Errors
    ///
    /// If it does not start or does not print where it listens.
    pub async fn launch<V: AsRef<str>>(
        program: &Path,
        settings: &[(&str, V)],
        log: Log,
    ) -> Result<Self> {
        let program = program.with_extension(std::env::consts::EXE_EXTENSION);
        let mut command = Command::new(&program);
        // Its own ports, and none of the caller's environment, which is not part of the test.
        command.envs([("PORT", "0"), ("PORT_PYTHON_CHAT", "0"), ("RUST_BACKTRACE", "0")]);
        command.envs(settings.iter().map(|(name, value)| (name, value.as_ref())));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let panics = Arc::new(AtomicU64::new(0));
        let errors = BufReader::new(child.stderr.take().context("a pipe")?).lines();
        let counter = panics.clone();
        tokio::spawn(async move { count_panics(errors, &counter, SHOWN).await });
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let first = timeout(TIMEOUT, lines.next_line()).await.context("it does not start")??;
        let first = first.context("it ended before it listened")?;
        let address = first.split("://").nth(1).and_then(|rest| rest.split([' ', '/', ',']).next());
        let address = address.and_then(|address| address.parse().ok()).context(first.clone())?;
        if program.file_stem().is_some_and(|name| name == FULL_CHAT) {
            // It prints its second port last, so both ports are open then.
            let second =
                timeout(TIMEOUT, lines.next_line()).await.context("it printed only one port")??;
            ensure!(second.is_some(), "it ended before it listened on both ports");
        }
        let mut unread = None;
        match log {
            Log::Read => {
                let counter = panics.clone();
                tokio::spawn(async move { count_panics(lines, &counter, 0).await });
            }
            Log::Unread => unread = Some(lines),
            Log::Closed => drop(lines),
        }
        Ok(Self { address, child, panics, _unread: unread })
    }

    /// The server's report.
    ///
    /// # Errors
    ///
    /// If it does not answer or has no report.
    pub async fn stats(&self) -> Result<Stats> {
        timeout(TIMEOUT, stats(self.address)).await.context("/stats does not answer")?
    }

    /// Its open file descriptors; none if the system does not report them.
    #[must_use]
    pub fn descriptors(&self) -> Option<usize> {
        let id = self.child.id()?;
        Some(std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count())
    }

    /// Sends SIGTERM, as a system that shuts down does, and waits until the server has ended.
    ///
    /// # Errors
    ///
    /// If it has ended already or does not end.
    pub async fn stop(self) -> Result<Ended> {
        self.stop_within(TIMEOUT).await
    }

    /// The same, but kills the server after `limit`.
    ///
    /// # Errors
    ///
    /// If it has ended already or does not end.
    pub async fn stop_within(mut self, limit: Duration) -> Result<Ended> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended by itself: {status}");
        }
        let id = self.child.id().context("it has ended already")?;
        let began = Instant::now();
        let mut kill = Command::new("kill");
        let asked = kill.args(["-TERM", &id.to_string()]).kill_on_drop(true).status();
        let asked = timeout(limit, asked).await.context("`kill` does not end")??;
        ensure!(asked.success(), "SIGTERM cannot be sent to it");
        let status = timeout(limit, self.child.wait()).await.context("it does not end")??;
        let panics = self.panics.load(Relaxed);
        Ok(Ended { status, took: began.elapsed(), panics })
    }
}

/// Reads `lines` to their end, prints the first `shown`, and counts those that report a panic.
async fn count_panics(
    mut lines: Lines<impl AsyncBufRead + Unpin>,
    panics: &AtomicU64,
    mut shown: usize,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        panics.fetch_add(u64::from(line.contains("panicked")), Relaxed);
        if shown > 0 {
            shown -= 1;
            eprintln!("{line}");
        }
    }
}

/// Runs `cargo build --example …` with the profile of this program. Returns the directory of the
/// programs.
///
/// # Errors
///
/// If one of them does not build.
pub async fn build(examples: &[impl AsRef<str>]) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "ws101"]);
    for example in examples {
        command.args(["--example", example.as_ref()]);
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if !command.status().await?.success() {
        let names: Vec<_> = examples.iter().map(AsRef::as_ref).collect();
        bail!("the examples do not build: {}", names.join(", "));
    }
    let this = std::env::current_exe()?;
    Ok(this.parent().context("a directory")?.join("examples"))
}

async fn stats(address: SocketAddr) -> Result<Stats> {
    let mut tcp = TcpStream::connect(address).await?;
    let request = format!("GET /stats HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tcp.take(REPORT_BYTES).read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    Ok(serde_json::from_str(body)?)
}
