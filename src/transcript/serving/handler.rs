//! The handler of one connection: whether it waits for its client, panics and ends.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use super::panics::{LAST_PANIC, message};
use super::{BLOCKING_THREADS, Server};
use crate::tap::Direction;

/// The handler of one connection.
pub struct Handler {
    server: Arc<Server>,
    /// The future that `serve` returned is done.
    is_done: AtomicBool,
    /// The server's end of the pipe is dropped.
    is_dropped: AtomicBool,
    /// The server waits for its end of the pipe: to read, or to write.
    awaits: AtomicBool,
    /// Whether it waited for something else when the transcript last asked.
    was_elsewhere: AtomicBool,
    panic: Mutex<Option<String>>,
    /// Whether the transcript has its panic.
    is_panic_told: AtomicBool,
    /// Whether its client has received the panic, as an event.
    is_panic_received: AtomicBool,
    /// Another thread has woken it, and it has not run since.
    is_woken: AtomicBool,
    /// How often silence had been taken for granted when it last ran.
    ran_in: AtomicU64,
}

impl Handler {
    pub fn new(server: &Arc<Server>) -> Arc<Self> {
        Arc::new(Self {
            server: server.clone(),
            is_done: AtomicBool::new(false),
            is_dropped: AtomicBool::new(false),
            awaits: AtomicBool::new(false),
            was_elsewhere: AtomicBool::new(false),
            panic: Mutex::default(),
            is_panic_told: AtomicBool::new(false),
            is_panic_received: AtomicBool::new(false),
            is_woken: AtomicBool::new(false),
            ran_in: AtomicU64::new(0),
        })
    }

    /// Whether its future is done and its connection is dropped.
    pub fn has_ended(&self) -> bool {
        self.is_done.load(Relaxed) && self.is_dropped.load(Relaxed)
    }

    /// Whether it runs and waits neither for the client nor for room to write.
    pub fn waits_elsewhere(&self) -> bool {
        !self.has_ended() && !self.awaits.load(Relaxed)
    }

    /// The same, if it waited for the client or for room to write when this was last asked.
    pub fn stops_listening(&self) -> bool {
        let waits = self.waits_elsewhere();
        let was_elsewhere = self.was_elsewhere.swap(waits, Relaxed);
        waits && !was_elsewhere
    }

    /// The message of its panic, if it has panicked.
    pub fn panic(&self) -> Option<String> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, once: later it is `None`.
    pub fn untold_panic(&self) -> Option<String> {
        let panic = self.panic();
        panic.filter(|_| !self.is_panic_told.swap(true, Relaxed))
    }

    /// The same, once for its client, as an event of the connection.
    pub fn receive_panic(&self) -> Option<String> {
        let panic = self.panic();
        panic.filter(|_| !self.is_panic_received.swap(true, Relaxed))
    }

    fn panicked(&self, message: String) {
        let mut panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
        panic.get_or_insert(message);
        // The test tells of it.
        LAST_PANIC.take();
    }

    /// Notes that it runs.
    fn runs(&self) {
        let silences = self.server.silences.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_woken.store(false, Relaxed);
        self.ran_in.store(*silences, Relaxed);
    }

    /// Notes that another thread wakes it.
    fn woken(&self) {
        if self.is_done.load(Relaxed) {
            return;
        }
        let silences = self.server.silences.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_woken.store(true, Relaxed);
        if self.ran_in.load(Relaxed) < *silences {
            self.server.is_woken_late.store(true, Relaxed);
        }
    }

    /// Reads from the server's end of the pipe, or writes to it. A restless server gets no answer any more.
    pub fn operate<T>(&self, direction: Direction, operation: impl FnOnce() -> Poll<T>) -> Poll<T> {
        if !self.server.may_run() {
            return Poll::Pending;
        }
        let outcome = operation();
        match (direction, outcome.is_pending()) {
            (_, true) => self.awaits.store(true, Relaxed),
            // It has something to do now. A write that is done says nothing of the read beside it.
            (Direction::In, false) => self.awaits.store(false, Relaxed),
            (Direction::Out, false) => {}
        }
        outcome
    }

    /// The server's end of the pipe is dropped, perhaps because its task panicked.
    pub fn dropped(&self) {
        self.is_dropped.store(true, Relaxed);
        if thread::panicking()
            && let Some(message) = LAST_PANIC.take()
        {
            self.panicked(message);
        }
    }
}

/// Takes silence for granted; `false` if another thread has woken one of `handlers`, which has not run
/// since.
pub fn take_silence<'h>(server: &Server, handlers: impl Iterator<Item = &'h Handler>) -> bool {
    let mut silences = server.silences.lock().unwrap_or_else(PoisonError::into_inner);
    let is_silent = handlers.into_iter().all(|handler| !handler.is_woken.load(Relaxed));
    *silences += u64::from(is_silent);
    is_silent
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}

/// The future of a handler, watched.
pub struct Watched {
    handler: Arc<Handler>,
    serving: Pin<Box<dyn Future<Output = ()> + Send>>,
    waker: Option<(Waker, Waker)>,
}

impl Watched {
    pub fn new(handler: Arc<Handler>, serving: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { handler, serving: Box::pin(serving), waker: None }
    }
}

impl Future for Watched {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.handler.server.may_run() {
            return Poll::Pending;
        }
        let this = &mut *self;
        this.handler.runs();
        // It runs, so it waits for nothing.
        this.handler.awaits.store(false, Relaxed);
        let waker = match &this.waker {
            Some((task, waker)) if task.will_wake(cx.waker()) => waker.clone(),
            _ => {
                let task = cx.waker().clone();
                let handler = this.handler.clone();
                let waker = Waker::from(Arc::new(Woken { task: task.clone(), handler }));
                this.waker = Some((task, waker.clone()));
                waker
            }
        };
        let mut cx = Context::from_waker(&waker);
        let serving = &mut this.serving;
        let untold = LAST_PANIC.take();
        let polled = catch_unwind(AssertUnwindSafe(|| serving.as_mut().poll(&mut cx)));
        let is_done = !matches!(polled, Ok(Poll::Pending));
        if let Err(panic) = polled {
            this.handler.panicked(message(&*panic));
        }
        // A panic that the handler caught is its own matter: it answers by a close code, or by 500.
        LAST_PANIC.set(untold);
        if !is_done {
            return Poll::Pending;
        }
        // Its values are dropped before it counts as done.
        this.serving = Box::pin(std::future::ready(()));
        this.handler.is_done.store(true, Relaxed);
        Poll::Ready(())
    }
}

/// Wakes a handler, and notes if another thread does it.
struct Woken {
    task: Waker,
    handler: Arc<Handler>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let thread = thread::current();
        let is_blocking = thread.name().is_some_and(|name| name.starts_with(BLOCKING_THREADS));
        let server = &self.handler.server;
        if thread.id() != server.thread && !is_blocking {
            self.handler.woken();
        }
        self.task.wake_by_ref();
    }
}
