//! The opening handshake: an HTTP request, and the answer after which no more HTTP follows
//! (RFC 6455 §4).
//!
//! Everything here is a function over bytes and [`http`] types, so servers on raw sockets and
//! HTTP servers judge requests by the same code. [`parse_request`] reads a head.
//! [`Policy::answer`] gives an [`Agreement`] or a [`Rejection`]; [`response`] makes the answer of
//! either, and [`encode`] writes it.
//!
//! ```
//! use ws101::handshake::{self, Policy};
//!
//! let head = b"GET /chat HTTP/1.1\r\n\
//!     Host: example.com\r\n\
//!     Upgrade: websocket\r\n\
//!     Connection: Upgrade\r\n\
//!     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Sec-WebSocket-Version: 13\r\n\r\n";
//! let (request, size) = handshake::parse_request(head)?.expect("it ends in a blank line");
//! assert_eq!(size, head.len());
//! let verdict = Policy::default().answer(&request);
//! let answer = handshake::encode(&handshake::response(&verdict));
//! assert!(answer.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
//! // The accept value of RFC 6455 §1.3.
//! assert_eq!(verdict?.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
//! # Ok::<(), handshake::Rejection>(())
//! ```

mod accept_key;
mod agreement;
mod encode;
mod explain;
mod extension;
mod framing;
mod guard;
mod head;
mod head_error;
mod header;
mod host;
mod origins;
#[cfg(feature = "testing")]
mod plain;
mod policy;
mod rejection;
mod request;
mod target;

pub use accept_key::{AcceptKey, GUID};
pub use agreement::{Agreement, response};
pub use encode::encode;
pub use explain::explain;
pub use extension::Extension;
pub use framing::{has_body, is_last, judge_body_length};
pub use guard::guard;
pub use head::{parse_request, parse_response};
pub use head_error::{HEAD_LIMIT, HEADER_LIMIT, HeadError};
pub use host::is_private;
pub use origins::Origins;
#[cfg(feature = "testing")]
pub(crate) use plain::plain_answer;
pub use policy::{Policy, asks};
pub use rejection::{Fault, Rejection};
pub use request::read_request;
pub use target::{host_of, to_origin_form};

/// The protocol version of RFC 6455, the only one that is spoken here (RFC 6455 §4.1).
pub const VERSION: &str = "13";
