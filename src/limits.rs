//! Limits for clients that a server does not know: connections, messages and bytes a second,
//! frames, and time.
//!
//! [`Bucket`] limits a rate. [`Caps`] limits connections and what they send, for each address and in
//! all. [`Limited`] is a stream that fails when a client sends too many or too slow frames.
//! [`WriteWithin`] is a stream that fails when the peer does not read. A client within the limits
//! is never delayed.

mod bucket;
mod caps;
mod deadlines;
mod limited;
#[cfg(feature = "server")]
mod shares;
mod write_within;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

pub use bucket::Bucket;
pub use caps::{Allowance, Caps, Permit};
pub use deadlines::{
    CLOSE_DEADLINE, HEAD_DEADLINE, IDLE_TIMEOUT, KEEP_ALIVE, MAX_MESSAGE_BYTES, MESSAGE_DEADLINE,
    PING_PERIOD, PONG_TIMEOUT, WRITE_DEADLINE,
};
pub use limited::{FrameLimits, LimitError, Limited, MAX_FRAGMENTS};
#[cfg(feature = "server")]
pub(crate) use shares::Shares;
pub use write_within::WriteWithin;

/// The most connections to one server that are not WebSockets yet: they sent nothing, or part of a
/// request head, or are reading a page. Each holds a descriptor, a task and at most 16 KiB of head.
pub const MAX_PENDING: usize = 512;

/// How long the server keeps such a connection before it may drop it in favour of a newer one. It
/// is shorter during a flood. On a slow phone the request arrives a second after the connection.
pub const PENDING_GRACE: Duration = Duration::from_secs(2);

/// How long to wait before accepting again when the system has no file descriptors left.
pub const BREATHER: Duration = Duration::from_millis(100);

/// Burst size, as a multiple of the rate.
const BURST: u32 = 4;

/// The address that limits by address count `ip` as: an IPv4 address, or the /64 of an IPv6
/// address, because one home has 2⁶⁴ of those.
///
/// A listener on `::` sees an IPv4 client as `::ffff:192.0.2.1`. That counts as its IPv4 address.
#[must_use]
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A bucket of `rate` a second, and [`BURST`] times that at once.
fn lenient(rate: u32) -> Bucket {
    Bucket::per_second(rate, rate.saturating_mul(BURST))
}
