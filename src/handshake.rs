//! The opening handshake: one HTTP request, one answer, then never HTTP again (RFC 6455 §4).
//!
//! Functions over bytes and [`http`] types: a raw socket and an HTTP server ask
//! the same questions here. [`parse_request`] reads a head, [`Policy::answer`]
//! makes the 101 or a [`Rejection`], [`encode`] writes either.
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
//! let response = Policy::default().answer(&request)?;
//! // The accept value of RFC 6455 §1.3.
//! assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
//! # Ok::<(), handshake::Rejection>(())
//! ```

mod accept_key;
mod encode;
mod explain;
mod head;
mod host;
mod origins;
mod policy;
mod rejection;
mod target;

pub use accept_key::{AcceptKey, GUID};
pub use encode::encode;
pub use explain::explain;
pub use head::{HEAD_LIMIT, HEADER_LIMIT, HeadError, parse_request, parse_response};
pub use host::is_private;
pub use origins::Origins;
pub use policy::{Policy, asks, has_body, is_last};
pub use rejection::{Fault, Rejection};
pub use target::{host_of, to_origin_form};

/// The only version there is (RFC 6455 §4.1).
pub const VERSION: &str = "13";
