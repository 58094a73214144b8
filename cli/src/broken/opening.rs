//! Lesson 1, and the paths of all others: the opening handshake.

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use ws101::handshake::{AcceptKey, Fault, Policy, Rejection, encode};
use ws101::http::header::SET_COOKIE;
use ws101::stream::{LINGER, Rewind, linger};
use ws101::upgrade::{Accepted, Ends, HEAD_DEADLINE, Head, Peer, read_head, refuse};

use super::rooms::{connections, sessions};
use crate::broken::mistake::broken;

/// Answers the first request; `None` if no WebSocket comes of it.
pub async fn open(tcp: TcpStream, policy: &Policy) -> Result<Option<Accepted<Rewind<TcpStream>>>> {
    tcp.set_nodelay(true)?;
    let ends = Ends { peer: tcp.peer_addr()?, local: tcp.local_addr()? };
    let Head { mut request, bytes, size, mut io } = read_head(tcp, HEAD_DEADLINE).await?;
    request.extensions_mut().insert(ends);
    if request.uri().path() == connections::PATH {
        io.write_all(&encode(&connections::list()?)).await?;
        linger(&mut io, LINGER).await;
        return Ok(None);
    }
    let wrong = sessions::wrong_policy(policy, &request);
    let cookie = sessions::begin(&mut request);
    let mut agreement = match wrong.as_ref().unwrap_or(policy).answer(&request) {
        Ok(agreement) => agreement,
        Err(rejection) => {
            refuse(io, blamed(rejection)).await;
            return Ok(None);
        }
    };
    if broken("1.1") {
        // The key is text: its letters count.
        let key = request.headers()["sec-websocket-key"].to_str()?.to_lowercase();
        agreement.accept = AcceptKey::derive(&key).accept;
    }
    let peer = Peer::new(&request, &agreement);
    let mut response = agreement.to_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie.parse()?);
    }
    io.write_all(&encode(&response)).await?;
    Ok(Some(Accepted { peer, io: Rewind::new(&bytes[size..], io) }))
}

/// Where the sockets are.
pub fn paths() -> Vec<&'static str> {
    match () {
        () if broken("1.4") => vec![],
        () if broken("4.4") => vec!["/ws", "/"],
        () => vec!["/ws"],
    }
}

/// The rejection that the client is sent for its mistake.
fn blamed(rejection: Rejection) -> Rejection {
    match rejection {
        Rejection::Version(_) | Rejection::Key(_) if broken("1.2") => {
            Rejection::OtherVersion(String::new())
        }
        Rejection::OtherVersion(_) if broken("1.3") => Rejection::Version(Fault::Malformed),
        rejection => rejection,
    }
}
