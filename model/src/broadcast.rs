//! `src/broadcast/`, file for file, with locks and tasks of `scheduler`.

#[path = "../../src/broadcast/guarded.rs"]
mod guarded;
#[path = "../../src/broadcast/hub.rs"]
mod hub;
#[path = "../../src/broadcast/log.rs"]
mod log;
#[path = "../../src/broadcast/mailbox.rs"]
mod mailbox;
#[path = "../../src/broadcast/outlet.rs"]
mod outlet;
#[path = "../../src/broadcast/pace.rs"]
mod pace;
#[path = "../../src/broadcast/roster.rs"]
mod roster;
#[path = "../../src/broadcast/writer.rs"]
mod writer;

use crate::scheduler;

pub use hub::{Audience, ClientId, Delivery, Hub, Overflow};
pub use mailbox::Mailbox;
pub use outlet::Outlet;
