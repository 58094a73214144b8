//! From bytes to a request or a response (RFC 9112 §2).

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use httparse::Status;

use super::{HEAD_LIMIT, HEADER_LIMIT, HeadError, Rejection};

/// Reads a request head from the front of `bytes`; gives it and its size in bytes.
///
/// `None` until the blank line is there. Then call it again with all the bytes so far: it parses
/// them again from the front, and [`HEAD_LIMIT`] bounds what that costs. Lines may end in a bare
/// line feed (RFC 9112 §2.2); folded lines are refused (§5.2). HTTP/1.0 is read too, since pages
/// are served by it; [`Policy::answer`](super::Policy::answer) refuses it.
/// [`host_of`](super::host_of) judges the target and the Host.
///
/// # Errors
///
/// A [`Rejection`] with status 400, 431 or 505, as soon as no further bytes can change it.
pub fn parse_request(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, Rejection> {
    match bytes {
        // One byte is not enough to tell TLS from other bytes that are not HTTP.
        [0x16] => return Ok(None),
        [0x16, 0x03, ..] => return Err(HeadError::Tls.into()),
        _ => {}
    }
    let mut slots = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut parsed = httparse::Request::new(&mut slots);
    let status = match parsed.parse(within_limit(bytes)) {
        // `HTTP/2.0` is another version of HTTP; `HTPP/1.1` is not HTTP.
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
/// Unlike [`parse_request`] it accepts the faults that browsers accept: HTTP/1.0, folded lines,
/// which it joins, several blanks behind the version, and blanks before a colon. It skips a line
/// that is not `Name: value`, unless the line holds a NUL.
///
/// # Errors
///
/// The bytes are not a response head, and no further bytes can make them one.
pub fn parse_response(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>, HeadError> {
    let mut slots = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut parsed = httparse::Response::new(&mut slots);
    let mut lenient = httparse::ParserConfig::default();
    lenient.allow_multiple_spaces_in_response_status_delimiters(true);
    lenient.allow_obsolete_multiline_headers_in_responses(true);
    lenient.allow_spaces_after_header_name_in_responses(true);
    lenient.ignore_invalid_headers_in_responses(true);
    let status = lenient.parse_response(&mut parsed, within_limit(bytes));
    let Some(size) = size(bytes, status)? else { return Ok(None) };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(parsed.code.unwrap_or_default())
        .map_err(|_| HeadError::Malformed("the status is no number from 100 to 999"))?;
    if parsed.version == Some(0) {
        *response.version_mut() = Version::HTTP_10;
    }
    for parsed in parsed.headers {
        let unfolded = unfolded(parsed.value);
        let (name, value) = header(&httparse::Header { name: parsed.name, value: &unfolded });
        response.headers_mut().append(name?, value?);
    }
    Ok(Some((response, size)))
}

/// A header value whose line may be folded, as one line (RFC 9112 §5.2).
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return Cow::Borrowed(value);
    }
    let lines = value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    Cow::Owned(lines.join(&b' '))
}

/// The bytes that are parsed: at most [`HEAD_LIMIT`], so that the verdict does not depend on how
/// many bytes arrived at once.
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

/// Whether the third word of the first line begins with `HTTP/`.
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
