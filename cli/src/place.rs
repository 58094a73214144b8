//! Where a server listens, found by the address that people give.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use ws101::address::Address;
use ws101::doctor::Cause;
use ws101::scenario::Scenario;
use ws101::transcript::Transcript;

/// How long a name may take to be found, and a connection to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// Reads the address of a server that is talked to here, so without TLS.
pub fn plain(url: &str) -> Result<Address> {
    let address: Address = url.parse()?;
    ensure!(!address.tls, "{url}: TLS is not spoken here. Give the plain address, ws://");
    Ok(address)
}

/// `scenario` for the server at `url`. Scenarios are written for /ws, as most servers are; of an
/// address that has a path, that is meant.
pub fn moved(scenario: Scenario, url: &Address) -> Scenario {
    if url.target == "/" { scenario } else { scenario.moved("/ws", &url.target) }
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where.
    pub socket: SocketAddr,
    /// How requests name it: `localhost:8080`.
    pub name: String,
}

impl Place {
    /// The first of the places that `url` leads to where someone listens.
    pub async fn find(url: &Address) -> Result<Self> {
        let found = timeout(CONNECT, lookup_host((url.host.as_str(), url.port))).await;
        let found = found.map_err(io::Error::from).flatten();
        let found = found.with_context(|| Cause::NoSuchHost(url.host.clone()))?;
        let mut found: Vec<_> = found.collect();
        // Most servers of learners listen on 127.0.0.1, and `localhost` is ::1 as well.
        found.sort_by_key(SocketAddr::is_ipv6);
        let name = url.authority();
        for socket in found {
            if let Ok(Ok(_)) = timeout(CONNECT, TcpStream::connect(socket)).await {
                return Ok(Self { socket, name });
            }
        }
        bail!("nobody listens at ws://{name}: start the server first")
    }

    /// A new conversation with whoever listens there.
    pub fn transcript(&self) -> Transcript {
        Transcript::tcp(self.socket).named(&self.name)
    }
}
