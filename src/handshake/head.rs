//! From bytes to a request or a response (RFC 9112 §2).

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use httparse::Status;

use super::Rejection;

/// The most bytes a head may have, its blank line included: 16 KiB.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// The most header lines a head may have.
pub const HEADER_LIMIT: usize = 100;

/// Why bytes are not a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A TLS client knocks.
    #[error("these bytes are TLS: this port speaks plain ws://, not wss:// (RFC 6455 §3)")]
    Tls,
    /// Not HTTP at all, or broken.
    #[error("this is not HTTP/1.1: {0} (RFC 9112 §2.1)")]
    Malformed(&'static str),
    /// No blank line within [`HEAD_LIMIT`].
    #[error(
        "the head has more than {HEAD_LIMIT} bytes: send fewer headers, smaller cookies (RFC 6585 §5)"
    )]
    TooLarge,
    /// More header lines than [`HEADER_LIMIT`].
    #[error("the head has more than {HEADER_LIMIT} headers: send fewer (RFC 6585 §5)")]
    TooManyHeaders,
    /// A request in another version of HTTP.
    #[error("a WebSocket opens with HTTP/1.1: begin with `GET /path HTTP/1.1` (RFC 6455 §4.1)")]
    HttpVersion,
}

/// Reads a request head from the front of `bytes`; gives it and its size in bytes.
///
/// `None` until the blank line is there. Call it again with all the bytes so
/// far: that reads the front anew, which [`HEAD_LIMIT`] keeps cheap. Lines may
/// end in a bare line feed (RFC 9112 §2.2); folded ones are refused (§5.2). HTTP/1.0 is read
/// too: [`Policy::answer`](super::Policy::answer) refuses it, a page may be had by it. Where the
/// request is addressed is for [`host_of`](super::host_of) to judge.
///
/// # Errors
///
/// A [`Rejection`] that earns 400, 431 or 505, as soon as it is certain.
pub fn parse_request(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, Rejection> {
    match bytes {
        // Not yet to be told from other garbage.
        [0x16] => return Ok(None),
        [0x16, 0x03, ..] => return Err(HeadError::Tls.into()),
        _ => {}
    }
    let mut slots = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut parsed = httparse::Request::new(&mut slots);
    let status = match parsed.parse(within_limit(bytes)) {
        // `HTTP/2.0` is another version, `HTPP/1.1` is nothing.
        Err(httparse::Error::Version) if names_http(bytes) => {
            return Err(HeadError::HttpVersion.into());
        }
        status => status,
    };
    let Some(size) = size(bytes, status)? else { return Ok(None) };
    let version = if parsed.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(parsed.path.unwrap_or_default())
        .version(version)
        .body(())
        .map_err(|_| HeadError::Malformed("the method or the path is garbled"))?;
    for (name, value) in parsed.headers.iter().map(header) {
        request.headers_mut().append(name?, value?);
    }
    Ok(Some((request, size)))
}

/// Reads a response head from the front of `bytes`; gives it and its size in bytes.
///
/// As [`parse_request`], except that any version of HTTP/1 is let through.
///
/// # Errors
///
/// As soon as it is certain that `bytes` will never be a response head.
pub fn parse_response(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>, HeadError> {
    let mut slots = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut parsed = httparse::Response::new(&mut slots);
    let status = parsed.parse(within_limit(bytes));
    let Some(size) = size(bytes, status)? else { return Ok(None) };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(parsed.code.unwrap_or_default())
        .map_err(|_| HeadError::Malformed("the status is no number from 100 to 999"))?;
    if parsed.version == Some(0) {
        *response.version_mut() = Version::HTTP_10;
    }
    for (name, value) in parsed.headers.iter().map(header) {
        response.headers_mut().append(name?, value?);
    }
    Ok(Some((response, size)))
}

/// What may be looked at: pieces of any size get the same verdict.
fn within_limit(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(HEAD_LIMIT)]
}

fn size(bytes: &[u8], status: httparse::Result<usize>) -> Result<Option<usize>, HeadError> {
    Err(match status {
        Ok(Status::Complete(size)) => return Ok(Some(size)),
        Ok(Status::Partial) if bytes.len() < HEAD_LIMIT => return Ok(None),
        Ok(Status::Partial) => HeadError::TooLarge,
        Err(httparse::Error::TooManyHeaders) => HeadError::TooManyHeaders,
        Err(httparse::Error::HeaderName) => {
            HeadError::Malformed("a header line is not `Name: value`")
        }
        Err(httparse::Error::HeaderValue) => {
            HeadError::Malformed("a header's value has control characters")
        }
        Err(httparse::Error::NewLine) => HeadError::Malformed("a line does not end in CR LF"),
        Err(httparse::Error::Status) => HeadError::Malformed("the status line is garbled"),
        Err(httparse::Error::Token) => HeadError::Malformed("the first line is garbled"),
        Err(httparse::Error::Version) => {
            HeadError::Malformed("the first line names no version of HTTP")
        }
    })
}

/// Whether the third word of the first line is a version of HTTP, as far as it has come.
fn names_http(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\r' || byte == b'\n').find(|line| !line.is_empty());
    let version = line.and_then(|line| line.split(|&byte| byte == b' ').nth(2));
    version.is_some_and(|version| version.starts_with(b"HTTP/"))
}

type Checked<T> = Result<T, HeadError>;

fn header(header: &httparse::Header<'_>) -> (Checked<HeaderName>, Checked<HeaderValue>) {
    (
        header.name.parse().map_err(|_| HeadError::Malformed("a header line is not `Name: value`")),
        HeaderValue::from_bytes(header.value)
            .map_err(|_| HeadError::Malformed("a header's value has control characters")),
    )
}
