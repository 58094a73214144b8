//! The detail in which an event of the right kind differs from the expected one.

use crate::client::ResponseFault;
use crate::wst::{ResponsePart, quoted};

/// The detail in which an event of the right kind differs: what was found, then what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Detail {
    /// An answer with another status.
    #[error("the status is {0}")]
    Status(u16),
    /// An answer without this header.
    #[error("the header {0} is missing")]
    NoHeader(String),
    /// A header with another value.
    #[error("the header {name} is {found}, not {wanted}", found = quoted(found))]
    Header {
        /// Its name.
        name: String,
        /// Its value.
        found: String,
        /// The expected value, as the scenario writes it.
        wanted: String,
    },
    /// A 101 whose header lacks a word.
    #[error("the header {name} is {found}, and must say {word} (RFC 6455 §4.1)", found = quoted(found))]
    Word {
        /// The header.
        name: &'static str,
        /// Its value, empty if it is missing.
        found: String,
        /// The word.
        word: &'static str,
    },
    /// A 101 whose `Sec-WebSocket-Accept` does not follow from the key.
    #[error("Sec-WebSocket-Accept is {found}, and must be \"{wanted}\" (RFC 6455 §4.2.2)", found = quoted(found))]
    Accept {
        /// Its value, empty if it is missing.
        found: String,
        /// The value that follows from the key.
        wanted: String,
    },
    /// A 101 with this header, which the request did not ask for.
    #[error("the header {0} is there, and nobody asked for it (RFC 6455 §4.1)")]
    Unasked(&'static str),
    /// A 101 with another fault that browsers refuse it for.
    #[error("{0}: browsers refuse it (RFC 6455 §4.1)")]
    Response(ResponseFault),
    /// A 101 without a fault of this part, which the scenario names.
    #[error("the 101 has no fault that is {0}")]
    Sound(ResponsePart),
    /// Other reserved bits.
    #[error("the reserved bits are {found}, not {wanted} (RFC 6455 §5.2)")]
    Reserved {
        /// As a number: 4 is RSV1.
        found: u8,
        /// As a number.
        wanted: u8,
    },
    /// FIN is set where more should follow, or the reverse; the received FIN.
    #[error("FIN is {}, not {} (RFC 6455 §5.4)", u8::from(*.0), u8::from(!*.0))]
    Fin(bool),
    /// A masked frame.
    #[error("the frame is masked: a server never masks (RFC 6455 §5.1)")]
    Masked,
    /// A header of this many bytes, although fewer would do.
    #[error("the header has {0} bytes, more than it needs (RFC 6455 §5.2)")]
    LongHeader(usize),
    /// Another length, in bytes.
    #[error("it has {found} bytes, not {wanted}")]
    Length {
        /// The length.
        found: u64,
        /// The expected one.
        wanted: u64,
    },
    /// Another byte, the first that differs.
    #[error("byte {at} is {found:02x}, not {wanted:02x}")]
    Byte {
        /// Its index, from 0.
        at: usize,
        /// The byte.
        found: u8,
        /// The expected one.
        wanted: u8,
    },
    /// The right length and other bytes, behind the part that was kept.
    #[error("it has the right length, and other bytes")]
    Bytes,
    /// Another text than this pattern.
    #[error("the text is not {0}")]
    Pattern(String),
    /// Other bytes than this pattern.
    #[error("the bytes are not {0}")]
    OpenBytes(String),
    /// Another text: the next characters of both, from the first that differs.
    #[error("{}it is {}, not {}", from(*at), quoted(found), quoted(wanted))]
    Text {
        /// The number of the character, from 1.
        at: usize,
        /// The next few characters.
        found: String,
        /// The expected ones.
        wanted: String,
    },
    /// The text is not UTF-8 from this byte on.
    #[error("byte {0} is no UTF-8 (RFC 6455 §8.1)")]
    NoText(usize),
    /// The text is not JSON; the error of the parser.
    #[error("it is no JSON: {0}")]
    NoJson(String),
    /// Another value in JSON.
    #[error("{at} is {found}, not {wanted}")]
    Value {
        /// The place: `$.users[0]`.
        at: String,
        /// The first characters of it.
        found: String,
        /// The expected value, as the scenario writes it.
        wanted: String,
    },
    /// A value that is not the same as where its name stood before.
    #[error("{at} is {found}, but <{name}> was {known}")]
    Name {
        /// The place.
        at: String,
        /// The first characters of it.
        found: String,
        /// The name.
        name: String,
        /// The first characters of its value.
        known: String,
    },
    /// More or fewer items in a list of JSON.
    #[error("{at} has {found} items, not {wanted}")]
    Items {
        /// The place.
        at: String,
        /// The number of items.
        found: usize,
        /// The expected number.
        wanted: usize,
    },
    /// JSON without this field.
    #[error("{0} is missing")]
    NoField(String),
    /// JSON with this field, too.
    #[error("{0} is one field too many")]
    Field(String),
    /// A close without a code.
    #[error("it carries no code")]
    NoCode,
    /// A close with another code.
    #[error("the code is {0}")]
    Code(u16),
    /// A close with another reason.
    #[error("the reason is {}", quoted(.0))]
    Reason(String),
    /// A frame that broke off in another place.
    #[error("it is torn {0}")]
    Torn(String),
    /// The right event at another time.
    #[error("it came at {0}")]
    Moment(String),
    /// The right event in other bytes than those behind `|`.
    #[error("its bytes are others")]
    Wire,
}

impl Detail {
    /// The difference for a fault of a 101.
    pub(super) fn of(fault: &ResponseFault) -> Self {
        match fault.clone() {
            ResponseFault::Lacks { header, wanted, found } => {
                Self::Word { name: header, found: found.unwrap_or_default(), word: wanted }
            }
            ResponseFault::Accept { found, wanted } => {
                Self::Accept { found: found.unwrap_or_default(), wanted }
            }
            ResponseFault::SubprotocolUnasked(_) => Self::Unasked("Sec-WebSocket-Protocol"),
            ResponseFault::ExtensionUnasked(_) => Self::Unasked("Sec-WebSocket-Extensions"),
            other => Self::Response(other),
        }
    }
}

fn from(character: usize) -> String {
    if character == 1 { String::new() } else { format!("from character {character} on ") }
}
