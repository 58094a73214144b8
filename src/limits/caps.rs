//! How many at once, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Bucket, lenient, network};

/// How many clients' rate one address may use up: a class behind one router.
const CLASS: u32 = 30;

/// How many addresses may be remembered that nobody is connected from; then all of them are forgotten.
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
    messages: Bucket,
}

impl Address {
    /// Nobody is connected from it, and what was taken lately has filled again.
    fn is_idle(&self) -> bool {
        self.connections == 0 && self.arrivals.is_full() && self.messages.is_full()
    }
}

impl Caps {
    /// As much as `allowance` says.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self(Arc::new(Shared { allowance, counts: Mutex::default() }))
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
                counts.addresses.retain(|_, address| address.connections > 0);
            }
            let address = counts.addresses.entry(home).or_insert_with(|| Address {
                connections: 0,
                arrivals: lenient(allowance.arrivals),
                messages: lenient(allowance.messages.saturating_mul(CLASS)),
            });
            if address.connections >= allowance.per_address || address.arrivals.take().is_err() {
                return None;
            }
            address.connections += 1;
        }
        counts.total += 1;
        drop(counts);
        Some(Permit { caps: self.clone(), home, messages: lenient(allowance.messages) })
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
    messages: Bucket,
}

impl Permit {
    /// Counts one message, of this client and of its address.
    ///
    /// # Errors
    ///
    /// It comes too soon: by how much.
    pub fn message(&mut self) -> Result<(), Duration> {
        self.messages.take()?;
        let Some(home) = self.home else { return Ok(()) };
        self.caps.lock().addresses.get_mut(&home).map_or(Ok(()), |address| address.messages.take())
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
