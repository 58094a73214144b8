//! Whether histories are saved: that of one room, and those of a server.

use std::fmt;

use crate::history::{SavedReceipt, Saver, Store};

/// How the history of a room is kept.
#[derive(Debug)]
pub(super) enum Keeping {
    /// In memory only.
    Memory,
    /// In a store, too: the results of requests that it does not have yet.
    Saved(Vec<SavedReceipt>),
    /// In memory only, because the store has failed.
    Lost,
}

/// The store of a server's rooms.
pub(super) enum Saving {
    /// There is none.
    Never,
    /// It was read, and the rooms have no clients yet.
    Ready(Box<dyn Store>),
    Running(Saver),
    Failed,
}

impl fmt::Debug for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Ready(_) => "Ready",
            Self::Running(_) => "Running",
            Self::Failed => "Failed",
        })
    }
}
