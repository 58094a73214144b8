//! How many pages of one address may watch the class at once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most viewers of one address, and its most votes on a question: a class behind one router has fewer phones.
pub const VIEWERS: usize = 100;

/// The viewers by their address: as many entries as there are connections, at most.
#[derive(Clone, Default)]
pub struct Seats(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// The place of a viewer. Dropped, it is free.
pub struct Seat {
    seats: Seats,
    address: IpAddr,
}

impl Seats {
    /// A place for a viewer of this address; `None` if it has all that it may have.
    pub fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        let mut all = self.all();
        let taken = all.entry(address).or_default();
        if *taken >= VIEWERS {
            return None;
        }
        *taken += 1;
        Some(Seat { seats: self.clone(), address })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.seats.all();
        if let Some(taken) = all.get_mut(&self.address) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.address);
            }
        }
    }
}
