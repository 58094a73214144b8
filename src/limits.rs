//! What a stranger may take: connections, messages and bytes a second, frames, and time.
//!
//! A [`Bucket`] says how often, [`Caps`] say how many at once, and [`Limited`]
//! watches a stream of frames for what no well-meaning client does; [`WriteWithin`]
//! gives up on whoever does not read. Nothing here costs a good client anything.

mod bucket;
mod caps;
mod deadlines;
mod limited;
mod write_within;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

pub use bucket::Bucket;
pub use caps::{Allowance, Caps, Permit};
pub use deadlines::{CLOSE_DEADLINE, HEAD_DEADLINE, KEEP_ALIVE, MESSAGE_DEADLINE, WRITE_DEADLINE};
pub use limited::{Excess, Limited, MAX_FRAGMENTS};
pub use write_within::WriteWithin;

/// How many connections to one server may not be WebSockets yet: silent, in the middle of a
/// request head, or reading a page. Each holds a descriptor, a task and at most 16 KiB of head.
pub const MAX_PENDING: usize = 512;

/// How long such a connection is safe from being cut for another, unless a flood goes on: on a
/// slow phone the request comes a second after the connection.
pub const PENDING_GRACE: Duration = Duration::from_secs(2);

/// How long to wait when the system has no file descriptors left: some will close.
pub const BREATHER: Duration = Duration::from_millis(100);

/// How many at once, for each of a rate.
const BURST: u32 = 4;

/// What limits by address count as one address: an IPv4 address, or the /64 of an IPv6 one,
/// since every home has 2⁶⁴ of those.
///
/// An IPv4 client of a listener on `::`, which it sees as `::ffff:192.0.2.1`, is its IPv4 address.
#[must_use]
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// `rate` a second, and [`BURST`] times that at once.
fn lenient(rate: u32) -> Bucket {
    Bucket::per_second(rate, rate.saturating_mul(BURST))
}
