//! Finds out whether a server behind TLS offers HTTP/2, and WebSockets over it (RFC 8441).

use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::evidence::Evidence;
use super::examination::Examination;
use super::http2::Http2;
use crate::client::Connection;

/// The first bytes of a client: the preface, and its own settings, of which there are none (RFC 9113 §3.4).
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The name of HTTP/2 in TLS (RFC 9113 §3.2).
const ALPN: &[u8] = b"h2";

/// The length of the header of a frame (RFC 9113 §4.1).
const HEADER: usize = 9;

/// The type of a frame with settings (RFC 9113 §6.5).
const SETTINGS: u8 = 4;

/// The most bytes of the first frame that are read. A setting takes six, and there are ten of them.
const SETTINGS_LIMIT: usize = 4 * 1024;

/// `SETTINGS_ENABLE_CONNECT_PROTOCOL` with the value 1 (RFC 8441 §3).
const EXTENDED_CONNECT: [u8; 6] = [0, 8, 0, 0, 0, 1];

impl Examination<'_> {
    /// Finds out what HTTP/2 a server behind TLS has, as evidence. It is never a cause: where browsers may not
    /// use it for a WebSocket, they ask by HTTP/1.1.
    pub(super) async fn http2(&mut self, peer: SocketAddr) {
        let address = &self.target.address;
        let limit = self.target.timeout;
        let offered = self.target.route.connect_with_alpn(peer, address, ALPN, limit).await;
        let Some(offered) = offered else { return };
        let http2 = match offered {
            Ok(mut io) => {
                timeout(limit, begun(&mut io)).await.ok().flatten().unwrap_or(Http2::NotSpoken)
            }
            Err(_) => Http2::NotOffered,
        };
        self.note(Evidence::OfHttp2(http2));
    }
}

/// Begins HTTP/2, and reads the first frame of the server, which has its settings (RFC 9113 §3.4).
async fn begun(io: &mut Box<dyn Connection>) -> Option<Http2> {
    if !io.facts().iter().any(|fact| fact.is_alpn(ALPN)) {
        return Some(Http2::NotOffered);
    }
    io.write_all(OPENING).await.ok()?;
    io.flush().await.ok()?;
    let mut received = BytesMut::new();
    loop {
        if let Some(http2) = settings(&received) {
            return Some(http2);
        }
        if io.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
}

/// The offer in the first frame, once it is whole.
fn settings(received: &[u8]) -> Option<Http2> {
    let header = received.get(..HEADER)?;
    let size = usize::from(header[1]) << 8 | usize::from(header[2]);
    if header[0] != 0 || header[3] != SETTINGS || size > SETTINGS_LIMIT {
        return Some(Http2::NotSpoken);
    }
    let settings = received.get(HEADER..HEADER + size)?;
    // Of several values of one setting the last counts.
    let last = settings.chunks_exact(6).rfind(|one| one[..2] == EXTENDED_CONNECT[..2]);
    Some(match last {
        Some(one) if *one == EXTENDED_CONNECT => Http2::WithWebSockets,
        _ => Http2::WithoutWebSockets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_read_wherever_it_stands_and_nothing_else_is() {
        let frame = |settings: &[u8]| {
            let size = u8::try_from(settings.len()).unwrap();
            [&[0, 0, size, SETTINGS, 0, 0, 0, 0, 0], settings].concat()
        };
        let on =
            frame(&[&[0, 3, 0, 0, 0, 128][..], &EXTENDED_CONNECT, &[0, 4, 0, 0, 0, 8]].concat());
        let off = frame(&[EXTENDED_CONNECT, [0, 8, 0, 0, 0, 0]].concat());
        for (received, found) in [
            (&on[..], Some(Http2::WithWebSockets)),
            (&on[..on.len() - 1], None),
            (&off, Some(Http2::WithoutWebSockets)),
            (&frame(&[]), Some(Http2::WithoutWebSockets)),
            (&frame(&[0, 0, 8, 0, 0, 0, 1]), Some(Http2::WithoutWebSockets)),
            (b"HTTP/1.1 400", Some(Http2::NotSpoken)),
            (&[0, 0xff, 0xff, SETTINGS, 0, 0, 0, 0, 0], Some(Http2::NotSpoken)),
            (b"", None),
        ] {
            assert_eq!(settings(received), found, "{received:?}");
        }
    }
}
