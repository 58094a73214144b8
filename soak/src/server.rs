//! The server under test: `full_chat` as a child process, watched from outside.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

const EXAMPLE: &str = "full_chat";

/// For the server to start, to answer, to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most a report may have.
const REPORT_BYTES: u64 = 64 * 1024;

/// As it is shipped, but quick to ask who is there, and with less room for the slow: most of
/// them reach its end before they are missed for their pongs.
const SETTINGS: [(&str, &str); 6] = [
    ("PORT", "0"),
    ("PORT_004", "0"),
    ("WS_HEARTBEAT_MS", "2000"),
    ("WS_PONG_TIMEOUT_MS", "20000"),
    ("WS_STATS_MS", "5000"),
    ("WS_MAX_QUEUE_BYTES", "32768"),
];

/// The running program; killed if this is dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    panics: Arc<AtomicU64>,
}

/// What `/stats` says, as far as it matters here.
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

/// How it ended.
pub struct Ended {
    pub code: Option<i32>,
    pub took: Duration,
    pub panics: u64,
}

impl Server {
    /// Builds the example as this program was built, starts it, and waits until it listens on both ports.
    pub async fn start() -> Result<Self> {
        let program = build().await?;
        let mut command = Command::new(&program);
        command.envs(SETTINGS).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.context("it does not start")??;
        let first = first.context("it ended before it listened")?;
        let address = first.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.and_then(|address| address.parse().ok()).context(first.clone())?;
        // It names its second port when it has it: all that it opens by itself is open then.
        let second = timeout(PATIENCE, lines.next_line()).await.context("it has one port")??;
        ensure!(second.is_some(), "it ended before it listened on both ports");
        let panics = Arc::new(AtomicU64::new(0));
        let counter = panics.clone();
        // Read to the end, or the log's pipe would fill and the server would wait for it.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                counter.fetch_add(u64::from(line.contains("panicked")), Relaxed);
            }
        });
        Ok(Self { address, child, panics })
    }

    /// What the server says about itself.
    pub async fn stats(&self) -> Result<Stats> {
        timeout(PATIENCE, stats(self.address)).await.context("/stats does not answer")?
    }

    /// Its open file descriptors, where the system shows them.
    pub fn descriptors(&self) -> Option<usize> {
        let id = self.child.id()?;
        Some(std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count())
    }

    /// Asks it to end, as a system that shuts down does, and waits until it has.
    pub async fn stop(mut self) -> Result<Ended> {
        let (id, began) = (self.child.id().context("it is gone already")?, Instant::now());
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(asked.success(), "it cannot be asked to end");
        let status = timeout(PATIENCE, self.child.wait()).await.context("it does not end")??;
        let panics = self.panics.load(Relaxed);
        Ok(Ended { code: status.code(), took: began.elapsed(), panics })
    }
}

/// `cargo build --example full_chat`, with the profile of this program; where it is then.
async fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "ws101", "--example", EXAMPLE]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if !command.status().await?.success() {
        bail!("{EXAMPLE} does not build");
    }
    let this = std::env::current_exe()?;
    let beside = this.parent().context("a directory")?.join("examples").join(EXAMPLE);
    Ok(beside.with_extension(std::env::consts::EXE_EXTENSION))
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
