//! A stream given by the caller, which may panic.
//!
//! The task that writes a round writes to many members, and a task that sends a message runs for
//! another member. A panic in one member's stream must not end these tasks, so it becomes an error
//! that the member's own session gets.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use crate::stream::Io;

/// A stream whose panics become errors.
pub(super) struct Guarded<S: ?Sized> {
    /// The stream has panicked. Its state is unknown, so it is not called again.
    broken: bool,
    io: S,
}

impl<S> Guarded<S> {
    pub(super) fn new(io: S) -> Self {
        Self { broken: false, io }
    }
}

impl Guarded<dyn Io> {
    /// Calls one of the stream's methods: read, write, flush or shut down.
    pub(super) fn poll<T>(
        &mut self,
        call: impl FnOnce(Pin<&mut dyn Io>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if !self.broken {
            let io = Pin::new(&mut self.io);
            match catch_unwind(AssertUnwindSafe(|| call(io))) {
                Ok(answer) => return answer,
                Err(_) => self.broken = true,
            }
        }
        Poll::Ready(Err(io::Error::other("the stream panicked")))
    }
}
