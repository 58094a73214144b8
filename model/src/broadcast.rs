//! The files of `src/broadcast/`, with the locks, tasks and timers of this package's `scheduler`.

#[path = "../../src/broadcast/encode.rs"]
mod encode;
#[path = "../../src/broadcast/guarded.rs"]
mod guarded;
#[path = "../../src/broadcast/held.rs"]
mod held;
#[path = "../../src/broadcast/hub.rs"]
mod hub;
#[path = "../../src/broadcast/input.rs"]
mod input;
#[path = "../../src/broadcast/log.rs"]
mod log;
#[path = "../../src/broadcast/mailbox.rs"]
mod mailbox;
#[path = "../../src/broadcast/member.rs"]
mod member;
#[path = "../../src/broadcast/outlet.rs"]
mod outlet;
#[path = "../../src/broadcast/pace.rs"]
mod pace;
#[path = "../../src/broadcast/roster.rs"]
mod roster;
#[path = "../../src/broadcast/shared.rs"]
mod shared;
#[path = "../../src/broadcast/writer.rs"]
mod writer;

use crate::scheduler;

pub use hub::{Delivery, Hub};
pub use mailbox::Mailbox;
pub use member::{Audience, ClientId};
pub use outlet::Outlet;
pub use shared::{HubOptions, Overflow};
