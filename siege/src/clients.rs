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

/// How a client connects: the addresses of both ends, its dialect, and its receive buffer.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub address: SocketAddr,
    pub dialect: Dialect,
    /// The path and query of the request.
    pub target: &'static str,
    /// The local address. If it is unspecified, the system chooses 127.0.0.1.
    pub source: Ipv4Addr,
    /// The most bytes that the kernel buffers unread.
    pub window: Option<u32>,
}

impl Way {
    /// A connection to the path of `dialect`.
    pub fn new(address: SocketAddr, dialect: Dialect) -> Self {
        let target = dialect.target();
        Self { address, dialect, target, source: Ipv4Addr::UNSPECIFIED, window: None }
    }

    /// Connects, greets as `name`, and waits for the welcome.
    ///
    /// A `note` client gets no welcome: it sends its name as a line and waits for the answer.
    pub async fn enter(self, name: &str) -> io::Result<Raw> {
        let Self { address, dialect, target, source, window } = self;
        let raw = Raw::connect_from(source, address, window).await?;
        let raw = raw.open(target, dialect.subprotocol(), Duration::ZERO).await?;
        greet(raw, dialect, name).await
    }
}

async fn greet(mut raw: Raw, dialect: Dialect, name: &str) -> io::Result<Raw> {
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

/// Whether `payload` contains `words`.
pub fn holds(payload: &[u8], words: &str) -> bool {
    payload.windows(words.len()).any(|window| window == words.as_bytes())
}

/// Reads until a frame contains `words`. Returns its payload.
///
/// # Errors
///
/// The connection ends first. The error has the code if there was a close frame.
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
