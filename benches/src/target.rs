//! A server to put load on: one of ours in a child process, or any other by its address.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::process::{self, Cpu};
use crate::servers::Kind;
use crate::wording::TEMPLATE;

/// How to reach a server, how to speak to it, and where its costs are told.
pub struct Target {
    pub address: SocketAddr,
    pub path: String,
    /// What a client sends; `{}` is the content.
    pub template: String,
    pid: Option<u32>,
    child: Option<Child>,
}

impl Target {
    /// Starts a server of our own.
    pub fn start(kind: Kind) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", &kind.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let pid = Some(child.id());
        let mut line = String::new();
        let stdout = child.stdout.take().context("it was asked for")?;
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

    /// A server that runs already.
    pub fn peer(peer: &Peer) -> anyhow::Result<Self> {
        let rest = peer.url.strip_prefix("ws://").context("a URL begins with ws://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address = host.to_socket_addrs()?.next().context("no such host")?;
        let (path, template) = (format!("/{path}"), peer.template.clone());
        Ok(Self { address, path, template, pid: peer.pid, child: None })
    }

    /// This process, which serves itself.
    pub fn this() -> Self {
        let (path, template) = (String::new(), String::new());
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self { address, path, template, pid: Some(std::process::id()), child: None }
    }

    /// The same server, where it echoes.
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Processor time so far; zero for a peer whose process is not known.
    pub fn cpu(&self) -> anyhow::Result<Cpu> {
        self.pid.map_or(Ok(Cpu::default()), Cpu::of)
    }

    /// Memory now, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        self.pid.map_or(Ok(0), process::memory)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has nothing to save.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server of someone else's, as the command line names it.
#[derive(Clone, Debug)]
pub struct Peer {
    pub name: String,
    pub url: String,
    pub template: String,
    pub pid: Option<u32>,
}
