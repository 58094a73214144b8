//! A server that is measured: one of this project in a child process, or any other by its address.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::process::{self, Cpu};
use crate::servers::Kind;
use crate::wording::TEMPLATE;

/// A server's address, the form of its messages, and its process.
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    /// The message that a client sends; `{}` stands for the content.
    pub template: String,
    pid: Option<u32>,
    child: Option<Child>,
}

impl Target {
    /// Starts a server of this project, as `program`, this build or another, has it.
    pub fn start(program: &Path, kind: Kind) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", &kind.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let pid = Some(child.id());
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is a pipe")?;
        let mut target = Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            path: "/ws".to_owned(),
            template: TEMPLATE.to_owned(),
            pid,
            child: Some(child),
        };
        BufReader::new(stdout).read_line(&mut line)?;
        target.address.set_port(line.trim().parse().context("the server did not start")?);
        Ok(target)
    }

    /// A server that is running already.
    pub fn peer(peer: &Peer) -> anyhow::Result<Self> {
        let rest = peer.url.strip_prefix("ws://").context("a URL begins with ws://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address = host.to_socket_addrs()?.next().context("no such host")?;
        let path = format!("/{path}");
        let template = peer.template.clone();
        Ok(Self { address, path, template, pid: peer.pid, child: None })
    }

    /// This process, for a server that runs in it.
    pub fn this() -> Self {
        let path = String::new();
        let template = String::new();
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self { address, path, template, pid: Some(std::process::id()), child: None }
    }

    /// The same server at another path.
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Processor time so far. Zero for a peer whose process is unknown.
    pub fn cpu(&self) -> anyhow::Result<Cpu> {
        self.pid.map_or(Ok(Cpu::default()), Cpu::of)
    }

    /// Resident memory now, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        self.pid.map_or(Ok(0), process::memory)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Killed at once, because it has no state to save.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Another project's server, as given on the command line.
#[derive(Clone, Debug)]
pub struct Peer {
    pub name: String,
    pub url: String,
    pub template: String,
    pub pid: Option<u32>,
}
