//! Graceful shutdown of a server: stop accepting, close every connection, wait, exit.
//!
//! An HTTP server's own graceful shutdown does not wait for an upgraded connection, because the
//! connection is no longer HTTP. [`Shutdown`] does: every connection runs as a task that it tracks,
//! or has a [`Hold`].

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Keeps [`Shutdown::drain`] waiting until it is dropped.
pub type Hold = TaskTrackerToken;

/// A signal to shut down, and a count of the tasks that have not ended. Cheap to clone; all clones
/// are the same.
///
/// ```
/// use std::time::Duration;
///
/// use ws101::shutdown::Shutdown;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let shutdown = Shutdown::default();
/// let connection = shutdown.clone();
/// shutdown.spawn(async move {
///     // A connection waits for messages and for this.
///     connection.begun().await;
///     // Here it sends its close frame.
/// });
///
/// shutdown.begin();
/// assert_eq!(shutdown.drain(Duration::from_secs(5)).await, 0, "every task has ended");
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Spawns `task`. [`drain`](Self::drain) waits for it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Keeps [`drain`](Self::drain) waiting until the hold is dropped.
    ///
    /// Take it *before* answering 101. Between the answer and the first frame, no task of this
    /// `Shutdown` knows the connection.
    pub fn hold(&self) -> Hold {
        self.tasks.token()
    }

    /// Tells every clone that the shutdown has begun. A second call has no effect.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether [`begin`](Self::begin) was called.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until [`begin`](Self::begin) is called. Cancel safe.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Waits at most `grace` until every task has ended and every hold was dropped. Returns how many
    /// had not.
    ///
    /// Cancel safe: dropped, it ends no task, and it can be called again.
    pub async fn drain(&self, grace: Duration) -> usize {
        self.tasks.close();
        // A timeout is no error: the count below tells whether `grace` was long enough.
        let _ = timeout(grace, self.tasks.wait()).await;
        self.tasks.len()
    }
}
