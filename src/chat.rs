//! The chat room: names, messages, typing, arrivals and departures, in six dialects.
//!
//! The canonical protocol, version 1, is the subprotocol [`SUBPROTOCOL`]: text frames, one JSON
//! object each, with a `type`. A client sends `hello` and gets `welcome`, then all events in one
//! order. Lasting events (messages, arrivals, departures, renamings) carry a `seq` that counts up
//! by one. Clients of other chats join the same room, each in its own [`Dialect`], and are told
//! the same events in the same order.
//!
//! Many clients cannot make the room work for the square of their number. The first changes of a
//! second (arrivals, departures, renamings) are events of their own; the others are told together
//! at the next tick ([`crowd`](crate::crowd)), in one event of each dialect. A list names at most
//! [`LISTED`](crate::crowd::LISTED) members and adds how many there are.

mod dialect;
mod dialects;
mod event;
mod numbered;
mod repeated;
mod request;
mod room;

pub use dialect::{Dialect, Entry};
pub use dialects::{Canonical, DIALECTS, GENERAL, SUBPROTOCOL};
pub use event::{ClientLimits, Event, Member};
pub use request::{
    CONTENT_BYTES, CONTENT_CHARS, ErrorCode, Request, RequestError, checked_content, checked_name,
};
pub use room::{Chat, Clock};

pub use crate::name::{NAME_BYTES, NAME_CHARS};
