//! Where a server is: `ws://localhost:8080/ws`.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use ws101::transcript::Transcript;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// A server's address, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `localhost:8080`: what requests name it.
    pub authority: String,
    /// `/ws`, if the address has a path.
    pub path: Option<String>,
}

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        let rest = match url.split_once("://") {
            Some(("ws", rest)) => rest,
            None => url,
            Some(("wss", _)) => {
                bail!("{url}: TLS is not spoken here. Give the plain address, ws://")
            }
            Some((other, _)) => {
                bail!("{url}: {other} is no scheme of WebSockets. Begin with ws://")
            }
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        ensure!(!authority.is_empty(), "{url:?} names no server: try ws://localhost:8080");
        // The colons of `[::1]` are not the one before a port.
        let has_port = authority[authority.find(']').unwrap_or(0)..].contains(':');
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        let path = (path.len() > 1).then(|| path.to_owned());
        Ok(Self { authority, path })
    }
}

impl Address {
    /// Finds the server, the first of its addresses where someone listens.
    pub async fn find(&self) -> Result<Server> {
        let found = lookup_host(&self.authority).await;
        let found = found.with_context(|| format!("{} is no address", self.authority))?;
        let mut found: Vec<_> = found.collect();
        // Most servers of learners listen on 127.0.0.1, and `localhost` is ::1 as well.
        found.sort_by_key(SocketAddr::is_ipv6);
        for &address in &found {
            if let Ok(Ok(_)) = timeout(CONNECT, TcpStream::connect(address)).await {
                return Ok(Server { address, name: self.authority.clone() });
            }
        }
        bail!("nobody listens at ws://{}: start the server first", self.authority)
    }
}

/// A server that listens.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where.
    pub address: SocketAddr,
    /// How requests name it.
    pub name: String,
}

impl Server {
    /// A new conversation with it.
    pub fn transcript(&self) -> Transcript {
        Transcript::tcp(self.address).named(&self.name)
    }
}
