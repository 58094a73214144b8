//! The chat room: names, messages, typing, arrivals and departures. Clients speak several dialects.
//!
//! The canonical protocol, version 1, is the subprotocol [`SUBPROTOCOL`]: text frames, one JSON
//! object each, with a `type`. A client sends `hello` and gets `welcome`, then all events in one
//! order. Lasting events (messages, arrivals, departures, renamings) carry a `seq` that counts up
//! by one. Clients of other chats join the same room, each in its own [`Dialect`], and are told
//! the same events in the same order. Clients of `note` are not in the room: the server answers each
//! of them alone.
//!
//! Many clients cannot make the room work for the square of their number. The first changes of a
//! second (arrivals, departures, renamings) are events of their own; the others are told together
//! at the next tick ([`crowd`](crate::crowd)), in one event of each dialect. A list names at most
//! [`LISTED`](crate::crowd::LISTED) members and adds how many there are.

mod arrival;
mod dialect;
mod dialects;
mod event;
mod history;
mod keeping;
mod newcomer;
mod numbered;
mod people;
mod presence;
mod private;
mod repeated;
mod request;
mod room;
mod rooms;
mod saving;

pub use dialect::{Dialect, Entry};
pub use dialects::{Canonical, DIALECTS, GENERAL, SUBPROTOCOL};
pub use event::{Event, Member};
pub use history::PAGE_BYTES;
pub use request::{
    ADDRESSEES_MAX, CONTENT_BYTES, CONTENT_CHARS, EVENTS_MAX, ErrorCode, Hello, Request,
    RequestError, Resume, Side, Token, checked_content, checked_name,
};
pub use room::{Chat, Clock, KEPT_BYTES};
pub use rooms::{EMPTY_KEPT, ROOM_CHARS, ROOMS_MAX, Rooms};

pub use crate::name::{NAME_BYTES, NAME_CHARS};
