//! Servers that ask for a certificate of the client, which these commands do not have.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::SignatureScheme;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::sign::CertifiedKey;

/// How long such a server may take to refuse a client without a certificate. In TLS 1.3 the handshake is over
/// for the client before the server has seen that it has none (RFC 8446 §4.4.2.4).
const REFUSAL: Duration = Duration::from_millis(500);

/// The most bytes that are read at a time.
const READ_SIZE: usize = 4096;

/// Offers no certificate, and remembers whether the server asked for one.
#[derive(Debug, Default)]
pub struct NoCertificate {
    asked: AtomicBool,
}

impl NoCertificate {
    /// Whether the server has asked for a certificate.
    pub fn was_asked(&self) -> bool {
        self.asked.load(Relaxed)
    }
}

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Waits until a server that asked for a certificate shows that it goes on without one, for [`REFUSAL`] at
/// most. What it sends meanwhile is kept for the next read. Cancel safe.
///
/// # Errors
///
/// The server ends the connection, in most cases by an alert.
pub async fn goes_on(io: &mut TlsStream<TcpStream>) -> io::Result<()> {
    // After that time the server is taken for one that only would have liked a certificate.
    timeout(REFUSAL, shows_that_it_goes_on(io)).await.unwrap_or(Ok(()))
}

async fn shows_that_it_goes_on(io: &mut TlsStream<TcpStream>) -> io::Result<()> {
    let (tcp, session) = io.get_mut();
    // A server sends tickets once the handshake is over for it, too (RFC 8446 §4.6.1).
    while session.tls13_tickets_received() == 0 {
        tcp.readable().await?;
        let mut bytes = [0; READ_SIZE];
        let size = match tcp.try_read(&mut bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let mut left = &bytes[..size];
        while !left.is_empty() {
            session.read_tls(&mut left)?;
            let state = session.process_new_packets().map_err(io::Error::other)?;
            if state.plaintext_bytes_to_read() > 0 && left.is_empty() {
                return Ok(());
            }
        }
    }
    Ok(())
}
