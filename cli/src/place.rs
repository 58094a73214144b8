//! Finds the socket address of a server from its URL.

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

/// How long the look-up of a name may take, and each connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Parses the address of a server to connect to; addresses with TLS are refused.
pub fn plain(url: &str) -> Result<Address> {
    let address: Address = url.parse()?;
    ensure!(!address.tls, "{url}: TLS is not spoken here. Give the plain address, ws://");
    Ok(address)
}

/// The scenario for the server at `url`: if `url` has a path, it replaces `/ws` in all requests.
pub fn moved(scenario: Scenario, url: &Address) -> Scenario {
    if url.target == "/" { scenario } else { scenario.moved("/ws", &url.target) }
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub struct Place {
    /// The socket address.
    pub socket: SocketAddr,
    /// The `Host` of requests: `localhost:8080`.
    pub name: String,
}

impl Place {
    /// The first address of `url` that accepts a connection.
    pub async fn find(url: &Address) -> Result<Self> {
        let found = timeout(CONNECT, lookup_host((url.host.as_str(), url.port))).await;
        let found = found.map_err(io::Error::from).flatten();
        let found = found.with_context(|| Cause::NoSuchHost(url.host.clone()))?;
        let mut found: Vec<_> = found.collect();
        // `localhost` is also ::1, and most servers of learners listen on 127.0.0.1 only.
        found.sort_by_key(SocketAddr::is_ipv6);
        let name = url.authority();
        for socket in found {
            if let Ok(Ok(_)) = timeout(CONNECT, TcpStream::connect(socket)).await {
                return Ok(Self { socket, name });
            }
        }
        bail!("nobody listens at ws://{name}: start the server first")
    }

    /// A new transcript of the server there.
    pub fn transcript(&self) -> Transcript {
        Transcript::tcp(self.socket).named(&self.name)
    }
}
