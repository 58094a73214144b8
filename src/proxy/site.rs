//! Requests that a proxy does not pass on, because a site of its own answers them.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::handshake::parse_request;
use crate::stream::Rewind;

/// A client that asks for a path of the site: its request is read from `io` first.
#[derive(Debug)]
pub struct Visitor {
    /// The connection, from the first byte of the request.
    pub io: Rewind<TcpStream>,
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that it connected to.
    pub local: SocketAddr,
}

/// Serves one request of a visitor, and ends the connection.
pub type Serve = Arc<dyn Fn(Visitor) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A site beside the server: it answers the requests below a path, on the same port.
///
/// A connection belongs to one of the two. So a proxy with a site asks the server to end the connection
/// behind the answer to a page, and the site ends its own.
#[derive(Clone)]
pub struct Site {
    /// The front of its paths, such as `/class/`.
    pub prefix: String,
    /// Its answers. They take one of the proxy's places for connections.
    pub serve: Serve,
}

impl Site {
    /// Whether a head asks for one of its paths.
    pub(super) fn is_for(&self, head: &[u8]) -> bool {
        let parsed = parse_request(head).ok().flatten();
        parsed.is_some_and(|(request, _)| request.uri().path().starts_with(&self.prefix))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
