//! The program under test: the real `full_chat`, started as people start it.

use std::env::consts::EXE_SUFFIX;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// For the program to say that it listens.
const START: Duration = Duration::from_secs(30);
/// For it to end once it was asked to: `WS_DRAIN_MS`, and time to spare.
const END: Duration = Duration::from_secs(20);

/// A port that stays ours while no server is using it.
pub struct Port {
    address: SocketAddr,
    /// Bound and not listening: Linux gives the port to nobody else, and yet to a
    /// server that reuses addresses. Elsewhere that server would find it busy.
    _held: Option<TcpSocket>,
}

impl Port {
    pub fn reserve() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = socket.local_addr()?;
        Ok(Self { address, _held: cfg!(target_os = "linux").then_some(socket) })
    }
}

/// One run of the program; dropped, it is killed.
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    said: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the program and waits until it listens.
    pub async fn start(port: &Port) -> Result<Self> {
        let mut process = Command::new(program()?)
            .env("HOST", port.address.ip().to_string())
            .env("PORT", port.address.port().to_string())
            .env("PORT_004", "0")
            .env("WS_RATE", "0") // one client here speaks for a whole class
            .env("WS_STATS_MS", "500")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("stdout is piped")?).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let (listening, mut listens) = watch::channel(false);
        let heard = said.clone();
        let open = format!("http://{}", port.address);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains(&open) {
                    listening.send_replace(true);
                }
                let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                said.push_str(&line);
                said.push('\n');
            }
        });
        let server = Self { address: port.address, process, said };
        let started = timeout(START, listens.wait_for(|&listens| listens)).await;
        ensure!(matches!(started, Ok(Ok(_))), "full_chat did not start:\n{}", server.said());
        Ok(server)
    }

    /// What the program has printed so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the program to end (SIGTERM), and waits until it has.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        let id = self.process.id().context("it has ended before")?;
        let killed = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(killed.success(), "kill: {killed}");
        Ok(timeout(END, self.process.wait()).await.context("full_chat did not end")??)
    }
}

/// `target/debug/examples/full_chat`, found from `target/debug/deps/browser-…`.
///
/// `cargo test` builds it, `cargo test --test browser` does not: then it may be
/// missing, or older than what was changed since.
fn program() -> Result<PathBuf> {
    let fix = "run: cargo build --example full_chat";
    let this = std::env::current_exe()?;
    let profile = this.parent().and_then(|deps| deps.parent()).context("no target directory")?;
    let program = profile.join(format!("examples/full_chat{EXE_SUFFIX}"));
    let Ok(built) = program.metadata().and_then(|file| file.modified()) else {
        bail!("{} is not there; {fix}", program.display());
    };
    // cargo writes beside it what it was built from: `program: file file …`
    let sources = std::fs::read_to_string(profile.join("examples/full_chat.d"))?;
    for source in sources.split_whitespace().skip(1) {
        let changed = std::fs::metadata(source).and_then(|file| file.modified());
        ensure!(changed.is_ok_and(|at| at <= built), "{source} is newer than the program; {fix}");
    }
    Ok(program)
}
