//! Requests with an `id`, and the sessions in which an `id` is known.

use std::time::SystemTime;

use super::request::RequestError;
use crate::broadcast::ClientId;
use crate::receipts::Fingerprint;

/// The fewest characters of a session's name: 128 random bits in base64 have 22.
const SESSION_CHARS_MIN: usize = 22;
/// The most characters of a session's name.
const SESSION_CHARS_MAX: usize = 64;

/// A request with an `id`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered<'a> {
    /// The `id` that the client gave the request.
    pub id: &'a str,
    /// The fingerprint of the request. Another request under the same `id` has another one.
    pub content: Fingerprint,
}

/// The result of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receipt {
    /// The number of the event that the request caused; `None` if it changed nothing.
    pub seq: Option<u64>,
    /// When the request was done.
    pub at: SystemTime,
    /// The connection that asked. A name that it took ended with it.
    pub by: ClientId,
}

/// The session that a client names. The name must be 22 to 64 letters, digits, `_` or `-`, so that
/// it has room for 128 random bits.
pub(super) fn session(text: &str) -> Result<Fingerprint, RequestError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (SESSION_CHARS_MIN..=SESSION_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(Fingerprint::of(&["session", text]));
    }
    let words = format!(
        "`session` must be {SESSION_CHARS_MIN} to {SESSION_CHARS_MAX} letters, digits, `_` or `-`, made at random"
    );
    Err(RequestError::bad_message(words))
}

impl<'a> Numbered<'a> {
    /// `request` is all that the client asks for; `None` if it gave no `id`.
    pub(super) fn new<const N: usize>(id: Option<&'a str>, request: [&str; N]) -> Option<Self> {
        id.map(|id| Self { id, content: Fingerprint::of(&request) })
    }
}
