//! The end of a request, and whether another one follows on the connection (RFC 9112 §6, §9.3).

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Version};

use super::Rejection;
use super::header::{has_token, tokens};

/// Whether a request says that a body follows its head (RFC 9112 §6).
#[must_use]
pub fn has_body(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length != "0")
}

/// Whether the client expects the connection to end with the answer (RFC 9112 §9.3).
#[must_use]
pub fn is_last(request: &Request<()>) -> bool {
    request.version() < Version::HTTP_11 || has_token(request.headers(), CONNECTION, "close")
}

/// Checks that a request tells where its body ends (RFC 9112 §6.3).
///
/// A server must refuse any other request, because it cannot find the next one.
///
/// # Errors
///
/// [`Rejection::Body`]: a `Content-Length` is not a number or differs from another one, the last
/// transfer coding is not `chunked`, or a request of HTTP/1.0 has a transfer coding.
pub fn judge_body_length<B>(request: &Request<B>) -> Result<(), Rejection> {
    let headers = request.headers();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter().map(body_length);
    let first = lengths.next().unwrap_or(Some(0));
    let is_one_number = first.is_some() && lengths.all(|other| other == first);
    let coding = tokens(headers, TRANSFER_ENCODING).last();
    let is_chunked = coding.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let is_readable = !headers.contains_key(TRANSFER_ENCODING)
        || is_chunked && request.version() >= Version::HTTP_11;
    if is_one_number && is_readable { Ok(()) } else { Err(Rejection::Body) }
}

fn body_length(value: &HeaderValue) -> Option<u64> {
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits?.parse().ok()
}
