//! An example, running.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a program may take to start or to end, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running example, killed if it is dropped.
pub struct Program {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    said: BufReader<ChildStdout>,
}

/// An example that has ended.
pub struct Ended {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed, after the line that says where it listens.
    pub said: String,
}

fn command(example: &str, settings: &[(&str, &str)]) -> Command {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    // From target/debug/deps/examples-… to target/debug/examples/NAME.
    path.pop();
    path.pop();
    path.extend(["examples", example]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{example} is not built: cargo build --example {example}");
    let mut command = Command::new(path);
    command.env_clear().env("RUST_BACKTRACE", "1").env("PORT", "0").envs(settings.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

impl Program {
    /// Starts an example on a port of its own, and waits until it listens.
    pub async fn start(example: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = command(example, settings).spawn().expect("it starts");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        timeout(PATIENCE, said.read_line(&mut line)).await.expect("it says where").unwrap();
        let address = line.split("//").nth(1).and_then(|rest| {
            let end = rest.find(|char: char| !char.is_ascii_digit() && !".:".contains(char));
            rest[..end.unwrap_or(rest.len())].parse().ok()
        });
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self { address, child, said }
    }

    /// Asks it to end, as a system that shuts down does, and waits until it has.
    pub async fn stop(mut self) -> Ended {
        let id = self.child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        assert!(killed.success());
        let mut said = String::new();
        timeout(PATIENCE, self.said.read_to_string(&mut said)).await.expect("it ends").unwrap();
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        Ended { code: status.code(), said }
    }
}

/// Runs an example that cannot start.
pub async fn fails(example: &str, settings: &[(&str, &str)]) -> Ended {
    let running = command(example, settings).stderr(Stdio::piped()).output();
    let output = timeout(PATIENCE, running).await.expect("it ends").unwrap();
    let said = [output.stdout, output.stderr].concat();
    Ended { code: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
}
