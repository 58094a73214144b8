//! Ending a server on purpose: stop accepting, say goodbye, wait, leave.
//!
//! An upgraded connection is no longer HTTP, so an HTTP server's own graceful
//! shutdown has already forgotten it. [`Shutdown`] remembers: every connection
//! runs as a task it tracks, or holds a [`Hold`] on it.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A promise that somebody is still busy; dropping it is how they say "done".
pub type Hold = TaskTrackerToken;

/// One switch and one count, shared by all of a server's tasks. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Runs `task` as one that [`drain`](Self::drain) waits for.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Keeps [`drain`](Self::drain) waiting until the hold is dropped.
    ///
    /// Take it *before* answering 101: between the answer and the first frame
    /// nobody else knows that the connection exists.
    pub fn hold(&self) -> Hold {
        self.tasks.token()
    }

    /// Tells everyone that the end has begun. Calling it again changes nothing.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether [`begin`](Self::begin) was called.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for [`begin`](Self::begin). Cancel safe.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Waits at most `grace` for every task and hold; returns how many had not left.
    pub async fn drain(&self, grace: Duration) -> usize {
        self.tasks.close();
        // The count below says whether that was long enough.
        let _ = timeout(grace, self.tasks.wait()).await;
        self.tasks.len()
    }
}
