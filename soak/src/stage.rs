//! What all clients of one run share: where the server is, how far the play has come, what was found.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::ledger::Ledger;

/// How far the run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Everyone speaks, some misbehave.
    Talking,
    /// Nobody says anything new; who misbehaved is gone.
    Quiet,
    /// All that was accepted is known: now everyone must have heard it.
    Settled,
}

/// Cheap to clone; all clones are the same.
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

    /// Waits until nobody says anything new. Cancel safe.
    pub async fn quiet(&self) {
        // A director that is gone has nothing more to say either.
        let _ = self.phase.clone().wait_for(|phase| *phase != Phase::Talking).await;
    }
}
