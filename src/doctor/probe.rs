//! Connects, sends one request, and gives the answer.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::target::Target;
use crate::client::{Answer, ConnectError, Connection, ask, ask_head, connect};

/// Sends `request` to `peer` and waits for the head of the answer. Connecting may take the target's
/// timeout, and so may the rest. Cancel safe: dropping the future closes the connection.
///
/// # Errors
///
/// The connection was not made.
pub(super) async fn probe(
    target: &Target,
    peer: SocketAddr,
    request: &[u8],
) -> Result<(Box<dyn Connection>, Answer), ConnectError> {
    let mut io = target.route.connect(peer, &target.address, target.timeout).await?;
    let answer = ask_head(&mut io, request, Instant::now() + target.timeout).await;
    Ok((io, answer))
}

/// The same with the text of a refusal, which may take its time after the head.
pub(super) async fn probe_with_text(
    target: &Target,
    peer: SocketAddr,
    request: &[u8],
) -> Result<(Box<dyn Connection>, Answer), ConnectError> {
    let mut io = target.route.connect(peer, &target.address, target.timeout).await?;
    let answer = ask(&mut io, request, Instant::now() + target.timeout).await;
    Ok((io, answer))
}

/// The answer of `peer` to these bytes by TCP alone; nothing if it cannot be reached.
pub(super) async fn plainly(target: &Target, peer: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut tcp = connect(peer, target.timeout).await.ok()?;
    Some(ask_head(&mut tcp, bytes, Instant::now() + target.timeout).await)
}

/// Whether the server at `peer` speaks TLS. Cancel safe.
pub(super) async fn speaks_tls(target: &Target, peer: SocketAddr) -> bool {
    let hello = client_hello(&target.address.host);
    let answer = plainly(target, peer, &hello).await;
    matches!(answer, Some(Answer::Garbage(bytes)) if is_tls(&bytes))
}

/// Whether these are the first bytes of a TLS alert or handshake (RFC 8446 §5.1).
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 3, ..])
}

/// A `ClientHello` that servers of TLS 1.2 and 1.3 answer by a handshake: some close the connection
/// without a word if they find nothing in it to agree on (RFC 8446 §4.1.2).
fn client_hello(host: &str) -> Vec<u8> {
    // The handshake does not go on, so nothing in it has to be random.
    let random = [0x5a; 32];
    let suites = [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
        0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let shorts = |values: &[u16]| -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    };
    // The base point of X25519 is a valid share.
    let share = [&[0, 0x1d, 0, 32, 9][..], &[0; 31]].concat();
    let mut extensions = vec![
        (10, sized(&shorts(&[0x1d, 0x17, 0x18]))),
        (11, vec![1, 0]),
        (13, sized(&shorts(&signatures))),
        (43, [&[4][..], &shorts(&[0x0304, 0x0303])].concat()),
        (51, sized(&share)),
    ];
    // An address is no server name (RFC 6066 §3).
    if host.parse::<std::net::IpAddr>().is_err() && host.len() < 256 {
        extensions.push((0, sized(&[&[0][..], &sized(host.as_bytes())].concat())));
    }
    let extensions: Vec<u8> = extensions
        .iter()
        .flat_map(|(kind, data)| [shorts(&[*kind]), sized(data)].concat())
        .collect();
    let body = [
        &[3, 3][..],
        &random,
        &[32],
        &random,
        &sized(&shorts(&suites)),
        &[1, 0],
        &sized(&extensions),
    ]
    .concat();
    // A record of a handshake, and in it a ClientHello with a length of three bytes.
    let hello = [&[1, 0][..], &sized(&body)].concat();
    [&[0x16, 3, 1][..], &sized(&hello)].concat()
}

/// The bytes behind their length in two bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let size = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&size.to_be_bytes()[..], bytes].concat()
}
