//! A numbered log that several servers share, so that they are one chat.
//!
//! A [`Broker`] has topics. Each topic is a log: [`publish`](Broker::publish) gives an entry the next
//! number in one step with all that belongs to it, so two servers never give one number twice, and a request
//! that comes again, to this server or another one, is known by its id. The broker then sends a *notice* to
//! every server that subscribed.
//!
//! Notices may be lost, doubled and late, and a subscription breaks with its connection. So a server takes
//! entries from a [`Follower`] alone, its own entries among them, and never delivers what it publishes at
//! the moment of publishing. The follower gives every entry once and in order: a notice with the
//! next number is delivered, an older one is dropped, and what lies between is read from the log.
//!
//! [`Memory`] serves one process and tests. `Redis`, with the feature `redis`, serves several. [`Faulty`]
//! loses, doubles and delays the notices of another broker, for tests.
//!
//! Numbers are valid in one *epoch* only. A store that was restarted may have lost its last entries, and would
//! give their numbers to others. So the epoch turns with the first call after a restart, and followers learn
//! it as [`Delivery::Begin`]: numbers of before say nothing any more, and entries may be missing.

mod entry;
mod error;
mod faulty;
mod follower;
mod memory;
mod notices;
#[cfg(feature = "redis")]
mod redis;
mod topic;

pub use entry::{
    Draft, ENTRY_BYTES, Entry, LOG_ENTRIES, PRESENT, Position, Presence, Published, RANGE_ENTRIES,
    Range,
};
pub use error::BrokerError;
pub use faulty::{Fault, Faulty};
pub use follower::{Delivery, Follower, QUIET, RETRY};
pub use memory::Memory;
pub use notices::{NOTICES, Notice, Notices};
#[cfg(feature = "redis")]
pub use redis::{CALL_DEADLINE, REQUESTS_KEPT, Redis, TOPIC_KEPT};
pub use topic::Broker;
