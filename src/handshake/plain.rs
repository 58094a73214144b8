//! Answers that are a sentence, and end the connection.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use super::{encode, guard};

/// An answer with this sentence as its body.
pub(crate) fn plain_answer(status: u16, sentence: &str) -> Bytes {
    let mut response = Response::new(sentence.as_bytes());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    guard(headers);
    encode(&response)
}
