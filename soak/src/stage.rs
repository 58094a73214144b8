//! The state that all clients of one run share: the server's address, the phase of the run, and the findings.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::ledger::Ledger;

/// The phases of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Witnesses send lines, and other clients misbehave.
    Talking,
    /// Witnesses send no new lines. The misbehaving clients have left.
    Quiet,
    /// The number of accepted lines is known. Every witness must receive them all.
    Settled,
}

/// The shared state of one run. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Stage {
    pub address: SocketAddr,
    pub ledger: Arc<Ledger>,
    pub phase: watch::Receiver<Phase>,
}

impl Stage {
    pub fn talking(&self) -> bool {
        *self.phase.borrow() == Phase::Talking
    }

    /// Waits until witnesses are to send no new lines. Cancel safe.
    pub async fn quiet(&self) {
        // If the sender is gone, the run is over too.
        let _ = self.phase.clone().wait_for(|phase| *phase != Phase::Talking).await;
    }
}
