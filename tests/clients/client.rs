//! A client as a process: what its user types, and what its user sees.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::needs::Need::{self, Node, Python};
use crate::needs::clients;

/// For something to be seen, by whoever has to come back first too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who wrote the client: nobody but its source document.
pub struct Source {
    file: &'static str,
    language: Need,
}

pub const CHAT: Source = Source { file: "000_chat.js", language: Node };
pub const TEST_PAGE: Source = Source { file: "001_test_page.js", language: Node };
pub const PINGING: Source = Source { file: "002_pinging.js", language: Node };
pub const NOTE: Source = Source { file: "003_note.js", language: Node };
pub const PYTHON_CHAT: Source = Source { file: "004_chat.py", language: Python };

/// A running client, killed if it is dropped.
pub struct Client {
    file: &'static str,
    process: Child,
    keyboard: ChildStdin,
    screen: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
}

impl Client {
    pub fn start(source: &Source, server: SocketAddr, path: &str) -> Result<Self> {
        Self::start_with(source, server, path, &[])
    }

    pub fn start_with(
        source: &Source,
        server: SocketAddr,
        path: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let mut command = Command::new(source.language.program());
        // Of the environment no more than this: a proxy, say, is for elsewhere.
        let kept = ["PATH", "SYSTEMROOT"].into_iter();
        let kept = kept.filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.env_clear().envs(kept).envs(settings.iter().copied());
        // The library for Python waits for up to five seconds before it comes back.
        command.envs(["INITIAL", "MIN"].map(|n| (format!("WEBSOCKETS_BACKOFF_{n}_DELAY"), "0.5")));
        command.arg(clients().join(source.file)).arg(format!("ws://{server}{path}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().with_context(|| source.file)?;
        let keyboard = process.stdin.take().context("it is piped")?;
        let screen = BufReader::new(process.stdout.take().context("it is piped")?).lines();
        Ok(Self { file: source.file, process, keyboard, screen, seen: Vec::new() })
    }

    /// Types, and presses Enter.
    pub async fn types(&mut self, line: &str) -> Result<()> {
        self.begins(&format!("{line}\n")).await
    }

    /// Types without pressing Enter.
    pub async fn begins(&mut self, text: &str) -> Result<()> {
        Ok(self.keyboard.write_all(text.as_bytes()).await?)
    }

    /// Waits for the next line, which must be this one; `*` stands for anything.
    pub async fn sees(&mut self, wanted: &str) -> Result<()> {
        let next = self.next().await.with_context(|| format!("instead of {wanted:?}"))?;
        ensure!(matches(wanted, &next), "{}: not {wanted:?}, but {:#?}", self.file, self.seen);
        Ok(())
    }

    /// Waits for this line, whatever comes before it; `*` stands for anything.
    pub async fn sees_at_last(&mut self, wanted: &str) -> Result<()> {
        while !matches(wanted, &self.next().await.with_context(|| format!("no {wanted:?}"))?) {}
        Ok(())
    }

    pub async fn next(&mut self) -> Result<String> {
        let Ok(next) = timeout(PATIENCE, self.screen.next_line()).await else {
            bail!("{}: nothing more in {PATIENCE:?} after {:#?}", self.file, self.seen);
        };
        let next = next?.with_context(|| format!("{}: ended after {:#?}", self.file, self.seen))?;
        self.seen.push(next.clone());
        Ok(next)
    }

    /// The computer falls asleep (`STOP`) or wakes up (`CONT`).
    pub async fn signal(&self, signal: &str) -> Result<()> {
        let id = self.process.id().context("it has ended")?.to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().await?;
        ensure!(sent.success(), "kill: {sent}");
        Ok(())
    }

    /// Closes, with nothing more to see.
    pub async fn leaves(self) -> Result<()> {
        self.ends(&["close 1000"]).await
    }

    /// Closes; these lines, and no more, are seen at the end.
    pub async fn ends(mut self, last: &[&str]) -> Result<()> {
        drop(self.keyboard);
        let mut lines = Vec::new();
        let rest = async {
            while let Some(line) = self.screen.next_line().await? {
                lines.push(line);
            }
            anyhow::Ok(self.process.wait().await?)
        };
        let status = timeout(PATIENCE, rest).await.with_context(|| self.file)??;
        ensure!(status.success(), "{}: {status}", self.file);
        ensure!(
            lines == last,
            "{}: not {last:?}, but {lines:?}, after {:#?}",
            self.file,
            self.seen
        );
        Ok(())
    }
}

/// Whether a line is as wanted; `*` stands for anything.
fn matches(wanted: &str, line: &str) -> bool {
    let Some((start, rest)) = wanted.split_once('*') else { return wanted == line };
    let Some(line) = line.strip_prefix(start) else { return false };
    let (inner, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut line) = line.strip_suffix(end) else { return false };
    inner.split('*').all(|part| match line.split_once(part) {
        Some((_, after)) => {
            line = after;
            true
        }
        None => false,
    })
}
