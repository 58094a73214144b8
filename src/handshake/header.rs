//! The values of a request's headers (RFC 9110 §5).

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Fault;

/// The value of a header that a request must have exactly once.
pub(super) fn only(headers: &HeaderMap, name: HeaderName) -> Result<&HeaderValue, Fault> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Fault::Missing),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(Fault::Repeated),
    }
}

pub(super) fn text(value: &HeaderValue) -> Result<&str, Fault> {
    value.to_str().map_err(|_| Fault::Malformed)
}

/// The items of a comma-separated list, over all headers of that name (RFC 9110 §5.6.1).
pub(super) fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

pub(super) fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}
