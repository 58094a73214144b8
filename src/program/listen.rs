//! Listening on the port of the settings, with a line for each way it can fail.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

use crate::settings::Settings;

/// The most connections that wait to be accepted. A class that reconnects at once fits in.
const BACKLOG: i32 = 4096;

/// The reason why a program cannot listen on its port.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program has it.
    #[error(
        "port {0} is busy: another program is listening there. Stop it, or choose another port: PORT={1}"
    )]
    Busy(u16, u16),
    /// Only administrators may listen on it.
    #[error("port {0} is reserved for administrators. Choose one above 1023: PORT=8080")]
    Reserved(u16),
    /// This machine has no such address.
    #[error("{0} is no address of this machine. Use HOST=127.0.0.1, or HOST=0.0.0.0 for all")]
    NoSuchAddress(IpAddr),
    /// Anything else.
    #[error("cannot listen on {0}: {1}")]
    Io(SocketAddr, io::Error),
}

/// Listens on `host` and `port` of the settings, for a program with threads.
///
/// # Errors
///
/// A line that names the port and the fix.
pub fn bind(settings: &Settings) -> Result<std::net::TcpListener, ListenError> {
    let address = SocketAddr::new(settings.host, settings.port);
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // A server that was just stopped leaves connections in TIME_WAIT.
        // On Windows the same flag would let two servers share a port.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        io::Result::Ok(socket.into())
    };
    bind().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            ListenError::Busy(settings.port, settings.port.checked_add(1).unwrap_or(8080))
        }
        // Windows reports the same for the ports that it reserves, whatever their numbers are.
        io::ErrorKind::PermissionDenied if settings.port < 1024 => {
            ListenError::Reserved(settings.port)
        }
        io::ErrorKind::AddrNotAvailable => ListenError::NoSuchAddress(settings.host),
        _ => ListenError::Io(address, error),
    })
}

/// Listens on `host` and `port` of the settings, for a program with tasks.
///
/// # Errors
///
/// As for [`bind`]. Panics outside a tokio runtime.
pub fn listen(settings: &Settings) -> Result<TcpListener, ListenError> {
    let listener = bind(settings)?;
    let address = SocketAddr::new(settings.host, settings.port);
    let ready = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    ready.map_err(|error| ListenError::Io(address, error))
}
