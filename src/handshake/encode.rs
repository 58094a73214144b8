//! From a response to bytes (RFC 9112 §2).

use bytes::{BufMut, Bytes, BytesMut};
use http::Response;

/// A response as bytes for a raw stream.
///
/// `Content-Length` is added, except to a 1xx answer, which has no body (RFC 9110 §8.6).
/// Header names are written as RFC 6455 writes them: `Sec-WebSocket-Accept`.
#[must_use]
pub fn encode(response: &Response<impl AsRef<[u8]>>) -> Bytes {
    let mut out = BytesMut::with_capacity(512);
    out.extend_from_slice(format!("HTTP/1.1 {}\r\n", response.status()).as_bytes());
    for (name, value) in response.headers() {
        put_line(&mut out, name.as_str(), value.as_bytes());
    }
    let body = response.body().as_ref();
    if !response.status().is_informational() {
        put_line(&mut out, "content-length", body.len().to_string().as_bytes());
    }
    out.put_slice(b"\r\n");
    if !response.status().is_informational() {
        out.put_slice(body);
    }
    out.freeze()
}

fn put_line(out: &mut BytesMut, name: &str, value: &[u8]) {
    for (at, word) in name.split('-').enumerate() {
        if at > 0 {
            out.put_u8(b'-');
        }
        match (word, word.split_at_checked(1)) {
            ("websocket", _) => out.put_slice(b"WebSocket"),
            (_, Some((first, rest))) => {
                out.put_slice(first.to_ascii_uppercase().as_bytes());
                out.put_slice(rest.as_bytes());
            }
            (_, None) => {}
        }
    }
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}
