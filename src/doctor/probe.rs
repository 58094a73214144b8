//! Connects, sends one request, and gives the answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{Answer, ask, connect};

/// Sends `request` to `peer` and waits for the answer. Connecting may take `timeout`, and so may the
/// rest. Cancel safe: dropping the future closes the connection.
///
/// # Errors
///
/// The connection was not made; `TimedOut` if that took longer than `timeout`.
pub(super) async fn probe(
    peer: SocketAddr,
    request: &[u8],
    timeout: Duration,
) -> io::Result<(TcpStream, Answer)> {
    let mut tcp = connect(peer, timeout).await?;
    let answer = ask(&mut tcp, request, Instant::now() + timeout).await;
    Ok((tcp, answer))
}

/// The front of a TLS handshake: enough for any server that speaks TLS to answer, if only by an alert.
///
/// A `ClientHello` of TLS 1.2 with one cipher suite and no extensions (RFC 5246 §7.4.1.2).
const CLIENT_HELLO: [u8; 50] = {
    let mut hello = [0x5a; 50];
    // handshake, TLS 1.0 as all clients say here, 45 bytes: ClientHello, 41 bytes, TLS 1.2.
    let front = [0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    // no session; TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256; no compression.
    let back = [0, 0, 2, 0xc0, 0x2f, 1, 0];
    let mut at = 0;
    while at < front.len() {
        hello[at] = front[at];
        at += 1;
    }
    let mut at = 0;
    while at < back.len() {
        hello[43 + at] = back[at];
        at += 1;
    }
    hello
};

/// Whether the server at `peer` speaks TLS. Cancel safe.
pub(super) async fn speaks_tls(peer: SocketAddr, timeout: Duration) -> io::Result<bool> {
    let (_, answer) = probe(peer, &CLIENT_HELLO, timeout).await?;
    Ok(matches!(answer, Answer::Garbage(bytes) if is_tls(&bytes)))
}

/// Whether these are the first bytes of a TLS alert or handshake (RFC 8446 §5.1).
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 3, ..])
}
