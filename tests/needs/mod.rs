//! The programs that some tests need besides Rust: which are there, and how to get the others.
//!
//! A test that needs one fails without it. It never passes untried. The tests that need one are
//! in the slow half, and `cli/tests/untried.rs` leaves out those that cannot run.

// No test uses all of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Result, ensure};

/// The command that installs every program of this list.
pub const CURE: &str = "bash .ci/install";

/// The names of Chromium and Chrome on Linux and macOS.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Where Debian puts the sources of Go libraries, as Go finds them there.
pub const GO: [(&str, &str); 3] =
    [("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")];

/// A program that some tests need.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// Chromium or Chrome.
    Chromium,
    /// Node with `ws`, socket.io, and the other servers whose sessions are recorded.
    Node,
    /// Python with `websockets`, uvicorn, Starlette and aiohttp.
    Python,
    /// Go with gorilla's websocket.
    Go,
    /// nginx.
    Nginx,
    /// `HAProxy`.
    Haproxy,
    /// Caddy.
    Caddy,
    /// Redis, for `docs/testing-redis`.
    Redis,
}

use Need::{Caddy, Chromium, Go, Haproxy, Nginx, Node, Python, Redis};

/// The directory with the clients in Node and Python, and with the libraries installed for them.
pub fn clients() -> PathBuf {
    // Seen from the package of the command, too, whose tests use this module.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found =
        above.map(|dir| dir.join("tests/clients")).find(|dir| dir.join("package.json").exists());
    found.expect("the repository has them")
}

impl Need {
    /// Every program.
    pub const ALL: [Self; 8] = [Chromium, Node, Python, Go, Nginx, Haproxy, Caddy, Redis];

    /// The program to start.
    pub fn program(self) -> PathBuf {
        match self {
            Chromium => browser().unwrap_or_else(|| "chromium".to_owned()).into(),
            Node => "node".into(),
            Python if cfg!(windows) => clients().join(".venv/Scripts/python.exe"),
            Python => clients().join(".venv/bin/python"),
            Go => "go".into(),
            Nginx => "nginx".into(),
            Haproxy => "haproxy".into(),
            Caddy => "caddy".into(),
            Redis => "redis-server".into(),
        }
    }

    /// Whether the program runs and finds the library that the tests use.
    pub fn is_there(self) -> bool {
        let arguments: &[&str] = match self {
            Chromium => return browser().is_some(),
            Node => &["-e", "require('ws'), require('socket.io'), require('yjs')"],
            Python => &["-c", "import websockets, uvicorn, starlette, aiohttp"],
            Go => &["list", "github.com/gorilla/websocket"],
            Nginx | Haproxy | Redis => &["-v"],
            Caddy => &["version"],
        };
        let mut probe = Command::new(self.program());
        probe.args(arguments).current_dir(clients()).envs(GO);
        runs(probe)
    }
}

/// The program that the variable `CHROMIUM` names, else the first of the usual names that runs.
fn browser() -> Option<String> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let find = || {
        let usual = BROWSERS.map(str::to_owned).to_vec();
        let names = std::env::var("CHROMIUM").map_or(usual, |name| vec![name]);
        names.into_iter().find(|name| {
            let mut probe = Command::new(name);
            probe.arg("--version");
            runs(probe)
        })
    };
    FOUND.get_or_init(find).clone()
}

fn runs(mut probe: Command) -> bool {
    probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Fails if one of the programs is missing, and names the command that installs it.
///
/// # Errors
///
/// A program is missing.
pub fn ensure_there(needs: &[Need]) -> Result<()> {
    let missing: Vec<_> = needs.iter().filter(|need| !need.is_there()).collect();
    ensure!(missing.is_empty(), "this test needs {missing:?}: {CURE}");
    Ok(())
}

/// Runs a test that needs these programs.
///
/// # Errors
///
/// A program is missing, or the test fails.
pub async fn with(needs: &[Need], test: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    ensure_there(needs)?;
    test().await
}
