//! How a client reaches a server: by TCP, or by what a program lays over it, such as TLS or a proxy.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use super::{ConnectError, Fact, connect};
use crate::address::Address;

/// A byte stream to a server, over which a client talks HTTP and WebSocket.
pub trait Connection: AsyncRead + AsyncWrite + Debug + Send + Unpin {
    /// Ends the connection by a reset, as a crash does: bytes under way are lost.
    fn reset(self: Box<Self>);

    /// Findings of the route while it connected: `TLS 1.3, ALPN http/1.1`.
    fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }
}

impl Connection for TcpStream {
    fn reset(self: Box<Self>) {
        let _ = self.set_zero_linger();
    }
}

/// A future of a [`Route`].
pub type RouteFuture<'r, T> = Pin<Box<dyn Future<Output = T> + Send + 'r>>;

/// A way to reach servers. The library has [`Tcp`]; a program adds TLS and proxies by its own.
///
/// Dropping a future closes the connection that it was making.
pub trait Route: Debug + Send + Sync {
    /// The host whose name is looked up: by default that of the address. A proxy has its own.
    fn host<'r>(&'r self, address: &'r Address) -> &'r str {
        &address.host
    }

    /// The socket addresses to try, the preferred first: by default all addresses of the host.
    fn resolve<'r>(&'r self, address: &'r Address) -> RouteFuture<'r, io::Result<Vec<SocketAddr>>> {
        Box::pin(async {
            let found = lookup_host((self.host(address), address.port)).await?;
            Ok(found.collect())
        })
    }

    /// Connects to `peer`, one of the resolved addresses, for a WebSocket at `address`, within `limit`.
    fn connect<'r>(
        &'r self,
        peer: SocketAddr,
        address: &'r Address,
        limit: Duration,
    ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>>;

    /// The same over TLS with this one protocol on offer (ALPN), such as `h2`; `None` on a route or to an
    /// address without TLS.
    fn connect_with_alpn<'r>(
        &'r self,
        _peer: SocketAddr,
        _address: &'r Address,
        _protocol: &'static [u8],
        _limit: Duration,
    ) -> RouteFuture<'r, Option<Result<Box<dyn Connection>, ConnectError>>> {
        Box::pin(async { None })
    }
}

/// TCP and nothing over it. It refuses addresses that ask for TLS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Route for Tcp {
    fn connect<'r>(
        &'r self,
        peer: SocketAddr,
        address: &'r Address,
        limit: Duration,
    ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>> {
        Box::pin(async move {
            if address.tls {
                return Err(ConnectError::TlsNotSpoken);
            }
            Ok(Box::new(connect(peer, limit).await?) as Box<dyn Connection>)
        })
    }
}
