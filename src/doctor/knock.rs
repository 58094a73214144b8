//! One connection, one request, and what came of it.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::handshake::{HeadError, parse_response};

/// How much of a refusal's text is read: it is quoted, not kept.
const BODY_LIMIT: usize = 4 * 1024;

/// How long the text of a refusal may take behind its head.
const BODY_DEADLINE: Duration = Duration::from_millis(300);

/// What came back.
#[derive(Debug)]
pub(super) enum Answer {
    /// A response, and what followed its head: of a 101 frames, of another the front of its text.
    Response(Response<()>, Bytes),
    /// These bytes, which are no response.
    Garbage(Bytes),
    /// A head of more than 16 KiB or a hundred lines.
    Endless,
    /// The front of a head, and no more of it.
    Torn(Bytes),
    /// Nothing, for as long as was waited.
    Silence,
    /// The end, without a byte.
    Eof,
    /// The end, by a reset.
    Reset,
}

/// Sends `request` to `peer` and waits for the answer: `patience` at most to connect, and as long
/// for the rest.
///
/// # Errors
///
/// If the connection was not made; `TimedOut` if that took too long.
pub(super) async fn knock(
    peer: SocketAddr,
    request: &[u8],
    patience: Duration,
) -> io::Result<(TcpStream, Answer)> {
    let connecting = timeout(patience, TcpStream::connect(peer)).await;
    let mut tcp = connecting.map_err(|_| ErrorKind::TimedOut)??;
    tcp.set_nodelay(true)?;
    let deadline = Instant::now() + patience;
    // Whoever answers before it has read all may have closed already.
    let _ = timeout_at(deadline, tcp.write_all(request)).await;
    let mut answer = hear(&mut tcp, deadline).await;
    if let Answer::Response(response, rest) = &mut answer
        && response.status() != http::StatusCode::SWITCHING_PROTOCOLS
    {
        *rest = body(&mut tcp, rest).await;
    }
    Ok((tcp, answer))
}

async fn hear(tcp: &mut TcpStream, deadline: Instant) -> Answer {
    let mut said = BytesMut::new();
    loop {
        match parse_response(&said) {
            Ok(Some((response, size))) => {
                return Answer::Response(response, said.split_off(size).freeze());
            }
            Ok(None) => {}
            Err(HeadError::TooLarge | HeadError::TooManyHeaders) => return Answer::Endless,
            Err(_) => return Answer::Garbage(said.freeze()),
        }
        let heard = match timeout_at(deadline, tcp.read_buf(&mut said)).await {
            Ok(Ok(1..)) => continue,
            Ok(Ok(0)) => Answer::Eof,
            Ok(Err(_)) => Answer::Reset,
            Err(_) => Answer::Silence,
        };
        // A name of HTTP that was begun is HTTP, as far as it goes.
        return if said.is_empty() { heard } else { Answer::Torn(said.freeze()) };
    }
}

async fn body(tcp: &mut TcpStream, begun: &[u8]) -> Bytes {
    let mut body = BytesMut::from(begun);
    let reading = async {
        while body.len() < BODY_LIMIT && tcp.read_buf(&mut body).await.is_ok_and(|n| n > 0) {}
    };
    // What has come by then is enough to quote.
    let _ = timeout(BODY_DEADLINE, reading).await;
    body.truncate(BODY_LIMIT);
    body.freeze()
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

/// Whether TLS is spoken at `peer`.
pub(super) async fn speaks_tls(peer: SocketAddr, patience: Duration) -> io::Result<bool> {
    let (_, answer) = knock(peer, &CLIENT_HELLO, patience).await?;
    Ok(matches!(answer, Answer::Garbage(bytes) if is_tls(&bytes)))
}

/// Whether these are the first bytes of a TLS alert or handshake (RFC 8446 §5.1).
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 3, ..])
}
