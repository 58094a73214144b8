//! How many at once, and how much they say: in all, from one client, and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{BURST, Bucket, lenient, network};

/// How many clients' rate of messages one address may use up: a class behind one router.
const CLASS: u32 = 30;

/// How many clients' rate of bytes one address may use up: a class types, and does not all paste
/// long texts at once.
const CLASS_BYTES: u32 = 8;

/// How many addresses may be remembered that nobody is connected from: some 130 kB. When there
/// are more, those whose rates are full again are forgotten; if that frees less than half, all are.
const MEMORY: usize = 1024;

/// How much there may be. Every rate allows four times as many at once; a rate of 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Connections at once.
    pub connections: usize,
    /// Of them, from one address.
    pub per_address: usize,
    /// New ones a second, from one address.
    pub arrivals: u32,
    /// Messages a second, from one client; from one address, thirty times that.
    pub messages: u32,
}

/// Counts connections, and what they say. Cheap to clone; all clones count together.
///
/// Connections from loopback are counted in all, but not by address: behind a proxy on this
/// computer the whole world comes from 127.0.0.1. So neither `per_address` nor `arrivals` nor
/// the address's share of messages limits them: behind a proxy, limit addresses in the proxy.
/// What counts as one address is said at [`network`].
#[derive(Clone, Debug)]
pub struct Caps(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    allowance: Allowance,
    /// Bytes a second, from one client; from one address, `CLASS_BYTES` times that.
    bytes: u32,
    /// The longest message, which is never too long for a full bucket.
    longest: u32,
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
    said: Said,
}

impl Address {
    /// Nobody is connected from it, and what was taken lately has filled again.
    fn is_idle(&self) -> bool {
        self.connections == 0 && self.arrivals.is_full() && self.said.is_full()
    }
}

/// What one client, or one address, may say.
#[derive(Debug)]
struct Said {
    messages: Bucket,
    bytes: Bucket,
}

impl Said {
    /// For so many clients' messages and so many clients' bytes.
    fn new(shared: &Shared, messages: u32, bytes: u32) -> Self {
        let rate = shared.bytes.saturating_mul(bytes);
        let burst = rate.saturating_mul(BURST).max(shared.longest);
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
    /// Forgets addresses that nobody is connected from, so that at most `most` are left: first
    /// those whose rates are full again. Looks at each twice, and not again before `MEMORY / 2`
    /// new ones have come.
    fn forget(&mut self, most: usize) {
        self.addresses.retain(|_, address| !address.is_idle());
        if self.addresses.len() > most {
            self.addresses.retain(|_, address| address.connections > 0);
        }
    }
}

impl Caps {
    /// As much as `allowance` says.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self::with_bytes(allowance, 0, 0)
    }

    /// The same, for messages of at most `bytes` a second in all from one client, four times that
    /// at once; from one address, eight times that. A message of `longest` bytes is always short
    /// enough for a client that said nothing lately. A rate of 0 is no limit.
    #[must_use]
    pub fn with_bytes(allowance: Allowance, bytes: u32, longest: usize) -> Self {
        let longest = u32::try_from(longest).unwrap_or(u32::MAX);
        Self(Arc::new(Shared { allowance, bytes, longest, counts: Mutex::default() }))
    }

    /// A connection from `ip` for as long as the permit lasts; `None` if there are enough.
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
                counts.forget(allowance.connections.saturating_add(MEMORY / 2));
            }
            let address = counts.addresses.entry(home).or_insert_with(|| Address {
                connections: 0,
                arrivals: lenient(allowance.arrivals),
                said: Said::new(&self.0, CLASS, CLASS_BYTES),
            });
            if address.connections >= allowance.per_address || address.arrivals.take().is_err() {
                return None;
            }
            address.connections += 1;
        }
        counts.total += 1;
        drop(counts);
        Some(Permit { caps: self.clone(), home, said: Said::new(&self.0, 1, 1) })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted as one address; `None` is this computer.
fn home(ip: IpAddr) -> Option<IpAddr> {
    let canonical = ip.to_canonical();
    if canonical.is_loopback() || canonical.is_unspecified() {
        return None;
    }
    Some(network(ip))
}

/// One connection's share, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    caps: Caps,
    home: Option<IpAddr>,
    said: Said,
}

impl Permit {
    /// Counts one message, of this client and of its address, and not its bytes.
    ///
    /// # Errors
    ///
    /// It comes too soon: by how much.
    pub fn message(&mut self) -> Result<(), Duration> {
        self.message_of(0)
    }

    /// Counts one message of so many bytes, of this client and of its address.
    ///
    /// # Errors
    ///
    /// It comes too soon: by how much. Then nothing is counted.
    pub fn message_of(&mut self, bytes: usize) -> Result<(), Duration> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Some(home) = self.home else { return self.said.take(bytes) };
        let mut counts = self.caps.lock();
        let Some(address) = counts.addresses.get_mut(&home) else { return self.said.take(bytes) };
        let waits = [self.said.ready(bytes).err(), address.said.ready(bytes).err()];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        self.said.spend(bytes);
        address.said.spend(bytes);
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
