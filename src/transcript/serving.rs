//! The server in this process: whether its handlers panic, end and fall silent, and whether they wait
//! for something that a paused clock does not wait for.

mod handler;
mod panics;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::time::Instant;

use super::real;
pub(super) use handler::{Handler, Watched, take_silence};
use panics::remember_panics;
pub(super) use panics::untold_panic;

/// How often handlers may run while the clock stands still. A server that needs more never falls silent.
pub(super) const RUNS_LIMIT: u64 = 200_000;

/// After how many runs it is looked whether the clock has moved.
const LOOK: u64 = 1024;

/// How long, in real time, a transcript waits for the tasks of a server to fall silent.
pub const REAL_LIMIT: Duration = Duration::from_secs(10);

/// How often the watchdog looks.
const TICK: Duration = Duration::from_millis(100);

/// How many ticks [`REAL_LIMIT`] has.
const REAL_TICKS: u64 = REAL_LIMIT.as_secs() * 1000 / 100;

/// The names of threads on which tokio runs `spawn_blocking`: a paused clock waits for those.
const BLOCKING_THREADS: &str = "tokio-";

/// The state that all handlers of one transcript share.
pub(crate) struct Server {
    /// The thread of the test, on which all tasks run.
    thread: ThreadId,
    /// How often handlers ran since the clock last moved, and in all.
    runs: AtomicU64,
    all_runs: AtomicU64,
    /// When the clock was last looked at.
    looked: Mutex<Option<Instant>>,
    /// Whether the server never falls silent; then its handlers are not run any more.
    is_restless: AtomicBool,
    /// How often silence was taken for granted.
    silences: Mutex<u64>,
    /// Whether another thread has woken a handler that silence was taken for granted of.
    is_woken_late: AtomicBool,
    /// How many ticks the watchdog still waits; 0 if nobody waits.
    ticks: AtomicU64,
    waiting: Mutex<Option<Waker>>,
    /// The sockets and threads of this process before the first client.
    before: OnceLock<real::Evidence>,
    /// The sockets that the reactor of the test's runtime watches.
    watched: OnceLock<real::Reactor>,
}

/// A wait during which the watchdog counts; it stops when this is dropped.
struct RealTime<'s>(&'s AtomicU64);

impl<'s> RealTime<'s> {
    fn watched(ticks: &'s AtomicU64) -> Self {
        ticks.store(REAL_TICKS, Relaxed);
        Self(ticks)
    }
}

impl Drop for RealTime<'_> {
    fn drop(&mut self) {
        self.0.store(0, Relaxed);
    }
}

impl Server {
    pub(super) fn new() -> Arc<Self> {
        remember_panics();
        // An earlier panic is of no task of this server.
        untold_panic();
        Arc::new(Self {
            thread: thread::current().id(),
            runs: AtomicU64::new(0),
            all_runs: AtomicU64::new(0),
            looked: Mutex::default(),
            is_restless: AtomicBool::new(false),
            silences: Mutex::default(),
            is_woken_late: AtomicBool::new(false),
            ticks: AtomicU64::new(0),
            waiting: Mutex::default(),
            before: OnceLock::new(),
            watched: OnceLock::new(),
        })
    }

    /// Takes down what is real in this process before the first client connects, and starts to watch.
    pub(super) fn begin(self: &Arc<Self>) {
        self.watch();
        self.before.get_or_init(real::Evidence::now);
        self.watched.get_or_init(real::Reactor::now);
        // If the runtime has no reactor.
        untold_panic();
    }

    /// Starts the thread that sees that real time passes while the clock stands still. Without one, a
    /// task that never waits goes on for ever.
    fn watch(self: &Arc<Self>) {
        let server = Arc::downgrade(self);
        let watching = move || {
            while let Some(server) = server.upgrade() {
                if server.ticks.load(Relaxed) > 0 && server.ticks.fetch_sub(1, Relaxed) == 1 {
                    server.stop();
                }
                drop(server);
                thread::sleep(TICK);
            }
        };
        // Where no thread can be started, runs are counted all the same.
        let _ = thread::Builder::new().name("ws101-watchdog".to_owned()).spawn(watching);
    }

    fn stop(&self) {
        self.is_restless.store(true, Relaxed);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Whether the server never falls silent.
    pub(super) fn is_restless(&self) -> bool {
        self.is_restless.load(Relaxed)
    }

    /// Whether another thread has woken a handler, and the transcript had not waited for it.
    pub(super) fn is_woken_late(&self) -> bool {
        self.is_woken_late.load(Relaxed)
    }

    /// Waits for `done`, or until the server proves to be restless. Cancel safe if `done` is.
    pub(super) async fn unless_restless<T>(&self, done: impl Future<Output = T>) -> Option<T> {
        let _watched = RealTime::watched(&self.ticks);
        self.while_restful(done).await
    }

    /// The same, without a watch on the real time: for a wait that consists of others.
    pub(super) async fn while_restful<T>(&self, done: impl Future<Output = T>) -> Option<T> {
        let mut done = std::pin::pin!(done);
        let outcome = std::future::poll_fn(|cx| {
            if self.is_restless() {
                return Poll::Ready(None);
            }
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            done.as_mut().poll(cx).map(Some)
        });
        outcome.await
    }

    /// Counts one run of a handler; tells whether it may run.
    fn may_run(&self) -> bool {
        if self.is_restless() {
            return false;
        }
        self.all_runs.fetch_add(1, Relaxed);
        let runs = self.runs.fetch_add(1, Relaxed) + 1;
        if runs.is_multiple_of(LOOK) {
            let now = Instant::now();
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.replace(now) != Some(now) {
                self.runs.store(0, Relaxed);
            } else if runs >= RUNS_LIMIT {
                drop(looked);
                self.stop();
                return false;
            }
        }
        true
    }

    /// Holds the clock, and waits in real time until no handler has run for `quiet`; [`REAL_LIMIT`] at
    /// most. Not cancel safe: the clock may stand still for so long.
    pub(super) async fn hold(self: &Arc<Self>, quiet: Duration) {
        let server = self.clone();
        // The clock does not move while this runs, and the tasks of the server do.
        let holding = tokio::task::spawn_blocking(move || {
            const STEP: Duration = Duration::from_millis(5);
            let (mut still, mut all) = (Duration::ZERO, Duration::ZERO);
            let mut runs = server.all_runs.load(Relaxed);
            while still < quiet && all < REAL_LIMIT && !server.is_restless() {
                thread::sleep(STEP);
                all += STEP;
                let now = server.all_runs.load(Relaxed);
                still = if now == runs { still + STEP } else { Duration::ZERO };
                runs = now;
            }
        });
        // An error means that the runtime shuts down.
        let _ = holding.await;
    }

    /// Whether the tasks of this runtime may wait for sockets.
    pub(super) fn watches_sockets(&self) -> bool {
        self.watched.get().is_some_and(real::Reactor::has_sockets)
    }

    /// Whether this process has sockets, or threads of this server, that it had not before.
    pub(super) fn has_something_real(&self) -> bool {
        self.before.get().is_some_and(|before| real::Evidence::now().is_more_than(before))
    }
}
