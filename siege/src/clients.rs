//! The clients that attacks are made of.

pub mod crowd;
pub mod http;
pub mod line;
pub mod pair;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use ws101::frame::{Frame, Opcode};
use ws101_soak::dialect::Dialect;
use ws101_soak::raw::Raw;

/// Connects as a client of `dialect`, greets as `name`, and waits for the welcome.
///
/// A client of source 003 is never welcomed; it sends its name as a line and waits for the answer.
pub async fn enter(
    address: SocketAddr,
    dialect: Dialect,
    name: &str,
    source: Ipv4Addr,
    window: Option<u32>,
) -> io::Result<Raw> {
    let raw = Raw::connect_from(source, address, window).await?;
    let mut raw = raw.open(dialect.target(), dialect.subprotocol(), Duration::ZERO).await?;
    let first = match dialect {
        Dialect::Note => Some(name.to_owned()),
        _ => dialect.greeting(name),
    };
    if let Some(first) = first {
        raw.send(Frame::text(first)).await?;
    }
    while let Some(frame) = raw.next().await? {
        if let Some((code, _)) = frame.close_code() {
            return Err(io::Error::other(format!("close {code}")));
        }
        if holds(&frame.payload, dialect.welcome()) {
            return Ok(raw);
        }
        if holds(&frame.payload, r#""type":"error""#) {
            let words = String::from_utf8_lossy(&frame.payload).into_owned();
            return Err(io::Error::other(words));
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Whether `payload` has `words` in it.
pub fn holds(payload: &[u8], words: &str) -> bool {
    payload.windows(words.len()).any(|window| window == words.as_bytes())
}

/// Reads until a frame has `words` in it, and gives its payload.
///
/// # Errors
///
/// The connection ends before; with the code, if there was a close frame.
pub async fn read_until(raw: &mut Raw, words: &str) -> io::Result<Bytes> {
    while let Some(frame) = raw.next().await? {
        if frame.header.opcode == Opcode::Close {
            let code = frame.close_code().map_or(1005, |(code, _)| code);
            return Err(io::Error::other(format!("close {code}")));
        }
        if holds(&frame.payload, words) {
            return Ok(frame.payload);
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
