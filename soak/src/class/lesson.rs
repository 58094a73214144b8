//! `ws101 lesson` as a child process.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use ws101_soak::server::{FULL_CHAT, build};

/// The example that answers each phone alone.
const ECHO: &str = "echo";

/// How long it may take to start, and to end.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A class. Dropping this kills it.
pub struct Lesson {
    pub address: SocketAddr,
    child: Child,
}

impl Lesson {
    /// Builds the command and the example with this program's profile, and starts the class.
    pub async fn start(echo: bool) -> Result<Self> {
        let (number, example) = if echo { ("3", ECHO) } else { ("12", FULL_CHAT) };
        let examples = build(&[example]).await?;
        build_command().await?;
        let program = examples.with_file_name("ws101");
        let mut command = Command::new(program.with_extension(std::env::consts::EXE_EXTENSION));
        let server = examples.join(example);
        command.args(["lesson", number, "--port", "0", "--lang", "en", "--mine"]).arg(server);
        // A class may talk as fast as it likes.
        command.envs([("WS_RATE", "0"), ("PORT_PYTHON_CHAT", "0"), ("RUST_BACKTRACE", "0")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn().context("ws101 does not start")?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let port = loop {
            let line = timeout(TIMEOUT, lines.next_line()).await.context("it does not start")??;
            let line = line.context("it ended before it listened")?;
            let teacher = line.split_once("http://localhost:").filter(|_| line.contains('#'));
            if let Some((_, rest)) = teacher {
                break rest.split('/').next().unwrap_or_default().parse()?;
            }
        };
        // A pipe that nobody reads would block the class.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), child })
    }

    /// The resident memory of the command, in bytes, if the system tells.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// Ends it as a teacher does.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("it has ended already")?.to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        let status = timeout(TIMEOUT, self.child.wait()).await.context("it does not end")??;
        if !status.success() {
            bail!("the class ended with {status}");
        }
        Ok(())
    }
}

/// Builds `ws101` with the profile of this program.
async fn build_command() -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--package", "ws101-cli", "--bin", "ws101"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if !command.status().await?.success() {
        bail!("the command does not build");
    }
    Ok(())
}
