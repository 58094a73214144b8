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
mod changes;
mod dialect;
mod dialects;
mod event;
mod guesses;
mod handling;
mod history;
mod keeping;
mod messages;
mod moderation;
mod names;
mod newcomer;
mod numbered;
mod people;
mod posts;
mod presence;
mod private;
mod repeated;
mod request;
mod room;
mod rooms;
mod rules;
mod saving;
mod teacher;

pub use dialect::{Dialect, Entry};
pub use dialects::{Canonical, DIALECTS, GENERAL, SUBPROTOCOL};
pub use event::{Departure, Event, Member, Reaction, Ruling};
pub use guesses::{GUESSES, PERIOD};
pub use history::PAGE_BYTES;
pub use request::{
    ADDRESSEES_MAX, Action, CONTENT_BYTES, CONTENT_CHARS, EDIT_WITHIN, EVENTS_MAX, ErrorCode,
    Hello, REACTIONS, REACTIONS_MAX, Request, RequestError, Resume, Side, Token, checked_content,
    checked_name,
};
pub use room::{Chat, Clock, KEPT_BYTES};
pub use rooms::{EMPTY_KEPT, ROOM_CHARS, ROOMS_MAX, Rooms};

pub use crate::name::{NAME_BYTES, NAME_CHARS};
