//! The thread that gives changes to a store.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::error;

use super::store::{Change, Store, StoreError};

/// The most bytes of changes that wait to be saved: some seconds of what the busiest chat says.
pub const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// How long a change may wait to be saved. A disk that takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Saves changes in batches: all that came while the store saved the last ones. Dropping it ends the
/// thread after the batch that it saves.
///
/// Nobody may learn of a change before it is saved, so the thread says when it is.
#[derive(Debug)]
pub struct Saver(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when something waits, and when the saver was dropped.
    more: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Change>,
    bytes: usize,
    /// How far the caller has come with what waits.
    position: u64,
    /// Since when something waits, and how far the caller had come then.
    since: Option<(Duration, u64)>,
    /// How far everything is saved.
    saved: u64,
    has_failed: bool,
    has_ended: bool,
}

impl Saver {
    /// Saves into `store`. After each batch, `saved` is called with the position of its last change.
    pub fn start(store: impl Store, saved: impl FnMut(u64) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let saving = shared.clone();
        let thread = thread::Builder::new().name("history".to_owned());
        // If the thread cannot start, the first change waits for too long.
        drop(thread.spawn(move || saving.run(store, saved)));
        Self(shared)
    }

    /// Puts changes into the queue. Never waits. `position` is how far the caller has come with them, and
    /// `now` the time.
    pub fn save(&self, changes: Vec<Change>, position: u64, now: Duration) {
        let mut queue = self.0.queue();
        queue.bytes += changes.iter().map(Change::bytes).sum::<usize>();
        queue.waiting.extend(changes);
        queue.position = position;
        queue.since.get_or_insert((now, position));
        drop(queue);
        self.0.more.notify_one();
    }

    /// Whether changes were not saved and never will be: the store failed, or is too slow.
    pub fn has_failed(&self, now: Duration) -> bool {
        let mut queue = self.0.queue();
        if queue.since.is_some_and(|(_, position)| position <= queue.saved) {
            // Changes that have come since then wait from now on.
            queue.since = (queue.saved < queue.position).then_some((now, queue.position));
        }
        let is_late = queue.since.is_some_and(|(since, _)| now.saturating_sub(since) > PATIENCE);
        let is_slow = is_late || queue.bytes > WAITING_BYTES;
        if is_slow && !queue.has_failed {
            queue.has_failed = true;
            drop(queue);
            tell(&StoreError::TooSlow);
            return true;
        }
        queue.has_failed
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.0.queue().has_ended = true;
        self.0.more.notify_one();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut store: impl Store, mut saved: impl FnMut(u64)) {
        while let Some((changes, position)) = self.next() {
            // Several events at once are one write.
            let outcome = if changes.is_empty() { Ok(()) } else { store.save(&changes) };
            let mut queue = self.queue();
            if let Err(error) = outcome
                && !std::mem::replace(&mut queue.has_failed, true)
            {
                tell(&error);
            }
            if queue.has_failed {
                drop(queue);
                return store.abandon();
            }
            queue.saved = position;
            drop(queue);
            saved(position);
        }
    }

    /// The changes that wait, once there are some; `None` at the end.
    fn next(&self) -> Option<(Vec<Change>, u64)> {
        let idle = |queue: &mut Queue| {
            queue.waiting.is_empty() && queue.saved == queue.position && !queue.has_ended
        };
        let queue = self.more.wait_while(self.queue(), idle);
        let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
        if queue.has_ended || queue.has_failed {
            return None;
        }
        queue.bytes = 0;
        Some((std::mem::take(&mut queue.waiting), queue.position))
    }
}

fn tell(error: &StoreError) {
    error!("{error}. The chat goes on, and forgets its history when it ends");
}
