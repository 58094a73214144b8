//! An example, running as people run it: a program, and what it prints.
//!
//! Four tests start examples: `examples`, `browser`, `clients` and `rfc6455`. `cargo
//! test` builds them first, `cargo test --test NAME` does not.

// No test uses all of it.
#![allow(dead_code)]

use std::env::consts::EXE_EXTENSION;
use std::ffi::OsStr;
use std::fs;
use std::io::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a program may take to start or to end, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A port that stays ours while no server is using it.
pub struct Port {
    pub address: SocketAddr,
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

    /// As `PORT` wants it.
    pub fn number(&self) -> String {
        self.address.port().to_string()
    }
}

/// The example of each lesson, in the order of the lessons. Other files in `examples/`, such as a
/// learner's own, are not among them.
pub fn examples() -> Vec<String> {
    let pages = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/lessons/en")).expect("lessons");
    let names = pages.map(|page| page.expect("a name").file_name().into_string().expect("text"));
    let name = |page: String| page.strip_suffix(".md").map(str::to_owned);
    let mut pages: Vec<_> = names.filter_map(name).collect();
    pages.sort_unstable();
    let example = |page: String| page.split_once('_').map(|(_, example)| example.to_owned());
    pages.into_iter().filter_map(example).collect()
}

/// A running example, killed if it is dropped.
pub struct Program {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    said: watch::Receiver<String>,
}

/// An example that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed, after the line that says where it listens.
    pub said: String,
}

impl Program {
    /// Starts an example, on a port of its own unless told, and waits until it listens.
    pub async fn start(example: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_by(&[], example, settings).await
    }

    /// The same, started by another command: `nohup`, for one.
    pub async fn start_by(by: &[&str], example: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = command(by, example, settings).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (saying, said) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                saying.send_modify(|said| said.extend([line.as_str(), "\n"]));
            }
        });
        let mut program = Self { address: (Ipv4Addr::UNSPECIFIED, 0).into(), child, said };
        program.address = program.said(|said| addresses(said).next()).await;
        program
    }

    /// Waits until what it has printed so far holds what `find` looks for.
    pub async fn said<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let mut said = self.said.clone();
        let found = timeout(PATIENCE, said.wait_for(|said| find(said).is_some())).await;
        let found = found.expect("it says so in time").map(|said| find(&said));
        found.ok().flatten().unwrap_or_else(|| panic!("it only said: {}", *self.said.borrow()))
    }

    /// What `/stats` says now.
    pub async fn stats(&self) -> Value {
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        let request = b"GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        tcp.write_all(request).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.expect("in time").unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        serde_json::from_str(body).unwrap()
    }

    /// Its resident memory now, in bytes.
    pub async fn memory(&self) -> u64 {
        self.stats().await["rss_bytes"].as_u64().expect("this system tells")
    }

    /// Asks it to end, as a system that shuts down does.
    pub async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Sends it a signal: `HUP`, as a terminal does that is closed.
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(killed.success());
    }

    /// Waits until it has ended, and gives its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap().code()
    }

    /// Lets it have no more than `most` of a resource: `nofile`, for one.
    #[cfg(target_os = "linux")]
    pub async fn limit(&self, resource: &str, most: u32) {
        let id = self.child.id().expect("it runs").to_string();
        let limit = format!("--{resource}={most}:{most}");
        let limited = Command::new("prlimit").args(["--pid", &id, &limit]).status().await.unwrap();
        assert!(limited.success());
    }

    /// How many descriptors it has open.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> usize {
        let id = self.child.id().expect("it runs");
        fs::read_dir(format!("/proc/{id}/fd")).expect("it runs").count()
    }

    /// How long it has kept a processor busy, all its threads together, to a hundredth of a second.
    #[cfg(target_os = "linux")]
    pub fn busy(&self) -> Duration {
        let id = self.child.id().expect("it runs");
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("it runs");
        // Behind the name, which may hold anything: utime and stime are fields 14 and 15 of all.
        let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
        let ticks = fields.split(' ').skip(11).take(2).map(|n| n.parse::<u64>().expect("ticks"));
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) -> Ended {
        self.terminate().await;
        let code = self.ended().await;
        // Until there is nobody left to say more.
        let end = timeout(PATIENCE, async { while self.said.changed().await.is_ok() {} });
        end.await.expect("its pipe ends");
        let said = self.said.borrow();
        let (_, said) = said[said.find("//").expect("it listened")..].split_once('\n').unwrap();
        Ended { code, said: said.to_owned() }
    }
}

/// Runs an example that cannot start.
pub async fn fails(example: &str, settings: &[(&str, &str)]) -> Ended {
    let running = command(&[], example, settings).stderr(Stdio::piped()).output();
    let output = timeout(PATIENCE, running).await.expect("it ends").unwrap();
    let said = [output.stdout, output.stderr].concat();
    Ended { code: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
}

/// An example, to be started by a program such as `nohup`, or by itself.
pub fn command(by: &[&str], example: &str, settings: &[(&str, &str)]) -> Command {
    let program = built(example);
    let mut words = by.iter().map(OsStr::new).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().expect("there is the program"));
    command.args(words);
    command.env_clear().env("RUST_BACKTRACE", "1").envs([("PORT", "0"), ("PORT_PYTHON_CHAT", "0")]);
    command.envs(settings.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// The command `ws101`, if it is of today.
pub fn ws101() -> PathBuf {
    fresh("ws101", "cargo build -p ws101-cli")
}

/// `target/debug/examples/NAME`, if it is of today.
fn built(example: &str) -> PathBuf {
    fresh(&format!("examples/{example}"), &format!("cargo build --example {example}"))
}

/// A program in `target/debug/`, found from `target/debug/deps/TEST-…`, if it is newer than its sources.
fn fresh(program: &str, fix: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let mut path = this.ancestors().nth(2).expect("a target directory").join(program);
    path.set_extension(EXE_EXTENSION);
    let changed = |file: &str| fs::metadata(file).and_then(|file| file.modified());
    let Ok(built) = changed(&path.to_string_lossy()) else {
        panic!("{program} is not built: {fix}");
    };
    // `cargo build` writes beside it what it was built from: `program: file file …`
    let Ok(sources) = fs::read_to_string(path.with_extension("d")) else {
        panic!("{program} was built for tests only: {fix}");
    };
    for source in sources.split_whitespace().skip(1) {
        let fresh = changed(source).is_ok_and(|at| at <= built);
        assert!(fresh, "{source} is newer than {program}: {fix}");
    }
    path
}

/// The path at which an example opens a WebSocket.
pub fn socket_path(example: &str) -> &'static str {
    match example {
        "connections" | "full_chat" | "guess" | "handshake" | "poll_vs_push" | "reconnect"
        | "strangers_page" | "too_fast" => "/ws",
        _ => "/",
    }
}

/// The addresses in what a program says: `ws://127.0.0.1:8080`.
pub fn addresses(said: &str) -> impl Iterator<Item = SocketAddr> {
    let after = said.split("//").skip(1);
    after.filter_map(|rest| {
        let end = rest.find(|char: char| !char.is_ascii_digit() && !".:".contains(char));
        rest[..end.unwrap_or(rest.len())].parse().ok()
    })
}
