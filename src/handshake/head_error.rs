//! The limits of a head, and the faults of bytes that are not one (RFC 9112 §2).

/// The most bytes a head may have, its blank line included: 16 KiB.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// The most header lines a head may have.
pub const HEADER_LIMIT: usize = 100;

/// Why bytes are not a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The bytes are TLS: the client expects `wss://`.
    #[error("these bytes are TLS: this port speaks plain ws://, not wss:// (RFC 6455 §3)")]
    Tls,
    /// The bytes are not HTTP, or they break its grammar.
    #[error("this is not HTTP/1.1: {0} (RFC 9112 §2.1)")]
    Malformed(&'static str),
    /// The head does not end within [`HEAD_LIMIT`] bytes.
    #[error(
        "the head has more than {HEAD_LIMIT} bytes: send fewer headers, smaller cookies (RFC 6585 §5)"
    )]
    TooLarge,
    /// The head has more header lines than [`HEADER_LIMIT`].
    #[error("the head has more than {HEADER_LIMIT} headers: send fewer (RFC 6585 §5)")]
    TooManyHeaders,
    /// The request is in another version of HTTP.
    #[error("a WebSocket opens with HTTP/1.1: begin with `GET /path HTTP/1.1` (RFC 6455 §4.1)")]
    HttpVersion,
}
