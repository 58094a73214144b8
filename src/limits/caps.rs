//! Limits on connections, and on what they send: in all, for one client, and for one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{BURST, Bucket, MAX_MESSAGE_BYTES, lenient, network};

/// The rate of messages of one address, as a multiple of one client's: a class of 30 may share one
/// router.
const CLASS: u32 = 30;

/// The rate of bytes of one address, as a multiple of one client's. It is lower than [`CLASS`],
/// because a class types and does not paste 30 long texts at once.
const CLASS_BYTES: u32 = 8;

/// The most addresses without a connection that are remembered, about 130 kB. When there are more,
/// those whose buckets are full again are dropped; if more than half are left, all are dropped.
const MEMORY: usize = 1024;

/// Limits on connections and on what they send. Every rate allows four times as much at once; a rate of 0 is
/// no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub per_address: usize,
    /// New connections a second from one address.
    pub arrivals: u32,
    /// Messages a second from one client. One address may send thirty times that.
    pub messages: u32,
    /// Bytes of messages a second from one client. One address may send eight times that.
    pub bytes: u32,
    /// The bytes of the longest message. A client that sent nothing lately can always send one,
    /// however low `bytes` is.
    pub max_message_bytes: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            connections: 2000,
            per_address: 128,
            arrivals: 50,
            messages: 5,
            bytes: 32 * 1024,
            max_message_bytes: MAX_MESSAGE_BYTES,
        }
    }
}

/// Counts connections and what they send. Cheap to clone; all clones count together.
///
/// A connection from loopback has no limit by address, because behind a proxy on this computer
/// every client comes from 127.0.0.1. `per_address`, `arrivals` and the address's share of messages
/// do not apply to it: limit addresses in the proxy. [`network`] tells what counts as one address.
#[derive(Clone, Debug)]
pub struct Caps(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    allowance: Allowance,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    addresses: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Address {
    connections: usize,
    arrivals: Bucket,
    budget: Budget,
}

impl Address {
    /// Whether it has no connection and its buckets are full again.
    fn is_idle(&self) -> bool {
        self.connections == 0 && self.arrivals.is_full() && self.budget.is_full()
    }
}

/// The messages and bytes that one client or one address may still send.
#[derive(Debug)]
struct Budget {
    messages: Bucket,
    bytes: Bucket,
}

impl Budget {
    /// A budget of `messages` clients' messages and `bytes` clients' bytes.
    fn new(shared: &Shared, messages: u32, bytes: u32) -> Self {
        let Allowance { bytes: one, max_message_bytes, .. } = shared.allowance;
        let longest = u32::try_from(max_message_bytes).unwrap_or(u32::MAX);
        let rate = one.saturating_mul(bytes);
        let burst = rate.saturating_mul(BURST).max(longest);
        Self {
            messages: lenient(shared.allowance.messages.saturating_mul(messages)),
            bytes: Bucket::per_second(rate, burst),
        }
    }

    fn ready(&self, bytes: u32) -> Result<(), Duration> {
        let waits = [self.messages.ready(1).err(), self.bytes.ready(bytes).err()];
        waits.into_iter().flatten().max().map_or(Ok(()), Err)
    }

    fn take(&mut self, bytes: u32) -> Result<(), Duration> {
        self.ready(bytes)?;
        self.spend(bytes);
        Ok(())
    }

    fn spend(&mut self, bytes: u32) {
        self.messages.spend(1);
        self.bytes.spend(bytes);
    }

    fn is_full(&self) -> bool {
        self.messages.is_full() && self.bytes.is_full()
    }
}

impl Counts {
    /// Drops addresses without a connection: those whose buckets are full again, and if more than
    /// `most` are left, the others too. It looks at each address twice at most, and is called again
    /// only after `MEMORY / 2` new ones.
    fn drop_idle(&mut self, most: usize) {
        self.addresses.retain(|_, address| !address.is_idle());
        if self.addresses.len() > most {
            self.addresses.retain(|_, address| address.connections > 0);
        }
    }
}

impl Caps {
    /// Limits connections, and what they send, by `allowance`.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self(Arc::new(Shared { allowance, counts: Mutex::default() }))
    }

    /// Counts a connection from `ip` until the permit is dropped. `None` if a limit is reached.
    #[must_use]
    pub fn enter(&self, ip: IpAddr) -> Option<Permit> {
        let allowance = self.0.allowance;
        let home = home(ip);
        let mut counts = self.lock();
        if counts.total >= allowance.connections {
            return None;
        }
        if let Some(home) = home {
            if counts.addresses.len() >= allowance.connections.saturating_add(MEMORY) {
                counts.drop_idle(allowance.connections.saturating_add(MEMORY / 2));
            }
            let address = counts.addresses.entry(home).or_insert_with(|| Address {
                connections: 0,
                arrivals: lenient(allowance.arrivals),
                budget: Budget::new(&self.0, CLASS, CLASS_BYTES),
            });
            if address.connections >= allowance.per_address || address.arrivals.take().is_err() {
                return None;
            }
            address.connections += 1;
        }
        counts.total += 1;
        drop(counts);
        Some(Permit { caps: self.clone(), home, budget: Budget::new(&self.0, 1, 1) })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that `ip` counts as; `None` for this computer.
fn home(ip: IpAddr) -> Option<IpAddr> {
    let canonical = ip.to_canonical();
    if canonical.is_loopback() || canonical.is_unspecified() {
        return None;
    }
    Some(network(ip))
}

/// One counted connection. Dropping it ends the count.
#[derive(Debug)]
pub struct Permit {
    caps: Caps,
    home: Option<IpAddr>,
    budget: Budget,
}

impl Permit {
    /// Counts one message of this client and its address, without its bytes.
    ///
    /// # Errors
    ///
    /// The time to wait, if the message comes too soon. Then nothing is counted.
    pub fn message(&mut self) -> Result<(), Duration> {
        self.message_of(0)
    }

    /// Counts one message of `bytes` of this client and its address.
    ///
    /// # Errors
    ///
    /// The time to wait, if the message comes too soon. Then nothing is counted.
    pub fn message_of(&mut self, bytes: usize) -> Result<(), Duration> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Some(home) = self.home else { return self.budget.take(bytes) };
        let mut counts = self.caps.lock();
        let Some(address) = counts.addresses.get_mut(&home) else { return self.budget.take(bytes) };
        let waits = [self.budget.ready(bytes).err(), address.budget.ready(bytes).err()];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        self.budget.spend(bytes);
        address.budget.spend(bytes);
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.caps.lock();
        counts.total -= 1;
        let Some(home) = self.home else { return };
        if let Some(address) = counts.addresses.get_mut(&home) {
            address.connections -= 1;
            if address.is_idle() {
                counts.addresses.remove(&home);
            }
        }
    }
}
