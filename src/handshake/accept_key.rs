//! The value by which a server proves that it read the request (RFC 6455 §1.3, §4.2.2).

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

/// The text that a server appends to the key before it hashes both (RFC 6455 §1.3).
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The steps from `Sec-WebSocket-Key` to `Sec-WebSocket-Accept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptKey {
    /// The key that the client sent, as text: it is not decoded.
    pub key: String,
    /// The key followed by the [`GUID`].
    pub joined: String,
    /// The SHA-1 of `joined`.
    pub sha1: [u8; 20],
    /// The base64 of `sha1`, which the server sends back.
    pub accept: String,
}

impl AcceptKey {
    /// All the steps for `key`, whether or not it is well formed.
    #[must_use]
    pub fn derive(key: &str) -> Self {
        let joined = format!("{key}{GUID}");
        let sha1 = Sha1::digest(&joined).into();
        Self { key: key.to_owned(), joined, sha1, accept: BASE64.encode(&sha1) }
    }
}
