//! The slots for connections that have a thread, shared between networks.

use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{BREATHER, PENDING_GRACE, Shares};

/// The most connections that [`incoming`](super::incoming) gives out at once. Each has a thread with
/// a stack of its own.
pub const MAX_THREADS: usize = 2000;

/// The slots of one listener.
#[derive(Debug, Default)]
pub(super) struct Slots {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Slots taken, including those of connections that were cut and have not been dropped yet.
    taken: usize,
    /// The number of the next connection.
    next: u64,
    /// Connections that were not cut, the oldest of a network first.
    cuttable: Shares<u64, Weak<TcpStream>>,
    /// How long connections may still wait for a slot, together.
    patience: Duration,
}

impl Default for State {
    fn default() -> Self {
        Self { taken: 0, next: 0, cuttable: Shares::default(), patience: PENDING_GRACE }
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.taken >= MAX_THREADS
    }

    /// Cuts the oldest connection of the network that has most. Its slot is free when it is dropped.
    /// False if `network`, with one more, would have as many.
    fn cut_for(&mut self, network: IpAddr) -> bool {
        let Some((largest, oldest, tcp)) = self.cuttable.next() else { return true };
        if self.cuttable.of(network) + 1 >= self.cuttable.of(largest) {
            return false;
        }
        if let Some(tcp) = tcp.upgrade() {
            // An error is a connection that has ended already.
            let _ = tcp.shutdown(Shutdown::Both);
        }
        self.cuttable.remove(largest, oldest);
        true
    }
}

/// The slot of one connection. Dropping it frees the slot.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    network: IpAddr,
    number: u64,
}

impl Slot {
    /// Waits until a slot is free, and takes it. `None` if the network has its share already.
    pub(super) fn take(slots: &Arc<Slots>, tcp: &Arc<TcpStream>, network: IpAddr) -> Option<Self> {
        let mut state = slots.lock();
        if state.is_full() {
            let began = Instant::now();
            let patience = state.patience;
            state = slots.wait(state, patience);
            state.patience = patience.saturating_sub(began.elapsed());
        }
        while state.is_full() {
            if !state.cut_for(network) {
                return None;
            }
            state = slots.wait(state, BREATHER);
        }
        let number = state.next;
        state.next += 1;
        state.taken += 1;
        state.cuttable.insert(network, number, Arc::downgrade(tcp));
        Some(Self { slots: slots.clone(), network, number })
    }
}

impl Slots {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a slot is free, for at most `limit`.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        let waited = self.freed.wait_timeout_while(state, limit, |state| state.is_full());
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.cuttable.remove(self.network, self.number);
        state.taken -= 1;
        if state.taken <= MAX_THREADS / 2 {
            state.patience = PENDING_GRACE;
        }
        drop(state);
        self.slots.freed.notify_one();
    }
}
