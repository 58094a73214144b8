//! The faults that the answer to an opening handshake can have.

use std::io::ErrorKind;

use http::StatusCode;

use crate::escape::Line;
use crate::handshake::HeadError;
use crate::wst::ResponsePart;

/// One fault of an answer to an opening handshake; [`in_russian`](Self::in_russian) says it in Russian.
///
/// Values that a server sent are kept as they came, and are escaped where the fault is displayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseFault {
    /// The connection gave no byte: `TimedOut`, `UnexpectedEof` or `ConnectionReset`.
    #[error("no answer to the handshake came: {0}")]
    NoAnswer(ErrorKind),
    /// The bytes are no HTTP response.
    #[error("{0}")]
    NotHttp(HeadError),
    /// The head has no blank line at its end.
    #[error("the head of the answer is not complete: the blank line at its end is missing")]
    Incomplete,
    /// The status is not 101. The headers are not judged then.
    #[error("the answer is {} instead of 101", status_named(*.0))]
    Status(StatusCode),
    /// The answer is of HTTP/1.0. Browsers open the WebSocket all the same.
    #[error("the answer is of HTTP/1.0, which knows no upgrade")]
    OldHttp,
    /// `Upgrade` is missing or is not `websocket`, or `Connection` does not list `Upgrade`.
    #[error("{}", lacks(header, wanted, found.as_deref()))]
    Lacks {
        /// `Upgrade` or `Connection`.
        header: &'static str,
        /// The value that it must have.
        wanted: &'static str,
        /// The value that it has; `None` if it is missing.
        found: Option<String>,
    },
    /// `Sec-WebSocket-Accept` is missing, or does not follow from the key.
    #[error("`Sec-WebSocket-Accept` is {}, and {} is what follows from the key", .found.as_deref().map_or("missing".to_owned(), quoted), quoted(wanted))]
    Accept {
        /// The value that it has; `None` if it is missing.
        found: Option<String>,
        /// The value that follows from the key; empty if the request has no key.
        wanted: String,
    },
    /// A header that may come once came several times.
    #[error("the 101 has `{0}` more than once")]
    Repeated(&'static str),
    /// Subprotocols were offered, and the server chose none.
    #[error("none of the subprotocols {} is confirmed", quoted(.0))]
    SubprotocolIgnored(String),
    /// The server chose a subprotocol that was not offered.
    #[error("the server chose subprotocol {}, which was not offered", quoted(.0))]
    SubprotocolUnasked(String),
    /// The server chose an extension that was not offered.
    #[error("the server chose extension {}, which was not offered", quoted(.0))]
    ExtensionUnasked(String),
    /// The server chose an extension twice.
    #[error("the server chose extension {} twice", quoted(.0))]
    ExtensionRepeated(String),
    /// `Sec-WebSocket-Extensions` does not keep the grammar of RFC 6455 §9.1.
    #[error("`Sec-WebSocket-Extensions` is {}, which is no list of extensions", quoted(.0))]
    ExtensionsMalformed(String),
    /// A parameter of `permessage-deflate` that does not exist, has a wrong value, or was not offered.
    #[error("the server's `permessage-deflate` has the parameter {}, which does not follow from the offer", quoted(.0))]
    ExtensionParameter(String),
    /// A parameter of `permessage-deflate` that the offer demands and the answer does not have.
    #[error("the server's `permessage-deflate` lacks the parameter `{0}`, which the offer demands")]
    ExtensionLacks(&'static str),
    /// A header has several values that contradict each other.
    #[error("the 101 has `{0}` with several values")]
    Contradictory(&'static str),
    /// The 101 announces a body. Browsers open the WebSocket all the same.
    #[error("the 101 has `{0}`, and a 101 has no body")]
    Body(&'static str),
    /// A header line is folded. Browsers open the WebSocket all the same.
    #[error("a header line of the 101 is folded")]
    Folded,
    /// A line ends in LF without CR. Browsers open the WebSocket all the same.
    #[error("a line of the 101 does not end in CR LF")]
    BareLineFeed,
    /// A line is not `Name: value`. Browsers skip it and open the WebSocket all the same.
    #[error("a header line of the 101 is not `Name: value`")]
    Garbled,
}

impl ResponseFault {
    /// Whether a client must fail the connection because of it, as browsers do (RFC 6455 §4.1).
    ///
    /// The others break a rule of HTTP, and browsers open the WebSocket all the same.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Self::OldHttp | Self::Body(_) | Self::Folded | Self::BareLineFeed | Self::Garbled
        )
    }

    /// The part of the 101 that is wrong; `None` if the fault is not fatal or the answer is no 101.
    #[must_use]
    pub fn part(&self) -> Option<ResponsePart> {
        Some(match self {
            Self::Accept { .. } | Self::Repeated("Sec-WebSocket-Accept") => ResponsePart::Accept,
            Self::Lacks { header: "Upgrade", .. } | Self::Repeated("Upgrade") => {
                ResponsePart::Upgrade
            }
            Self::Lacks { .. } => ResponsePart::Connection,
            Self::SubprotocolIgnored(_)
            | Self::SubprotocolUnasked(_)
            | Self::Repeated("Sec-WebSocket-Protocol") => ResponsePart::Subprotocol,
            Self::ExtensionUnasked(_)
            | Self::ExtensionRepeated(_)
            | Self::ExtensionsMalformed(_)
            | Self::ExtensionParameter(_)
            | Self::ExtensionLacks(_) => ResponsePart::Extensions,
            Self::Contradictory(_) | Self::Repeated(_) => ResponsePart::Headers,
            Self::NoAnswer(_)
            | Self::NotHttp(_)
            | Self::Incomplete
            | Self::Status(_)
            | Self::OldHttp
            | Self::Body(_)
            | Self::Folded
            | Self::BareLineFeed
            | Self::Garbled => return None,
        })
    }
}

/// `404 Not Found`; only the number of a status that HTTP does not name.
pub(crate) fn status_named(status: StatusCode) -> String {
    let name = status.canonical_reason();
    name.map_or_else(|| status.as_u16().to_string(), |name| format!("{} {name}", status.as_u16()))
}

/// A value that a server sent, in quotes and on one line.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", Line::of(value))
}

fn lacks(header: &str, wanted: &str, found: Option<&str>) -> String {
    match found {
        None => format!("the 101 lacks `{header}: {wanted}`"),
        Some(found) => {
            format!("`{header}` of the 101 is {}, and must say `{wanted}`", quoted(found))
        }
    }
}
