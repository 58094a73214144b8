//! Node and Python, where they are, with the library that the clients need.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use anyhow::{Result, ensure};

/// What runs a client.
#[derive(Clone, Copy)]
pub enum Language {
    Node,
    Python,
}

use Language::{Node, Python};

/// Where the clients are, and what was installed for them.
pub fn clients() -> PathBuf {
    // Seen from the package of the command, too, whose tests use this module.
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.find_map(|dir| dir.join("tests/clients").canonicalize().ok());
    found.expect("the repository has them")
}

impl Language {
    pub fn program(self) -> PathBuf {
        match self {
            Node => "node".into(),
            Python if cfg!(windows) => clients().join(".venv/Scripts/python.exe"),
            Python => clients().join(".venv/bin/python"),
        }
    }

    /// Whether it runs and knows its library.
    fn is_there(self) -> bool {
        let [flag, check] = match self {
            Node => ["-e", "require('ws')"],
            Python => ["-c", "import websockets"],
        };
        let mut probe = Command::new(self.program());
        probe.args([flag, check]).current_dir(clients());
        probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Says once what is not there, and how to get it.
    fn skipped(self) -> Result<()> {
        static SAID: [Once; 2] = [Once::new(), Once::new()];
        let missing = match self {
            Node => "no node with ws (npm ci --prefix tests/clients)",
            Python => "no python with websockets (just clients)",
        };
        ensure!(std::env::var_os("CI").is_none(), "{missing}, and CI is set");
        // Written past the test harness, which keeps what passing tests print.
        let say = || drop(writeln!(std::io::stderr(), "skipped: {missing}"));
        SAID[self as usize].call_once(say);
        Ok(())
    }
}

/// Runs a test that needs `languages`; where one is not there, says so and passes, except on CI.
pub async fn with(languages: &[Language], test: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    match languages.iter().find(|language| !language.is_there()) {
        Some(missing) => missing.skipped(),
        None => test().await,
    }
}
