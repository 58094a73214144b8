//! A stream of somebody's own, which may panic.
//!
//! Who writes a round writes to others as well, and who sends speaks for
//! somebody else: the panic of a stream is for its own session to meet.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use crate::stream::Io;

/// A stream whose panics are errors.
pub(super) struct Guarded<S: ?Sized> {
    /// It has panicked, who knows where: it is asked nothing more.
    broken: bool,
    io: S,
}

impl<S> Guarded<S> {
    pub(super) fn new(io: S) -> Self {
        Self { broken: false, io }
    }
}

impl Guarded<dyn Io> {
    /// Asks the stream to read, write, flush or shut down.
    pub(super) fn ask<T>(
        &mut self,
        question: impl FnOnce(Pin<&mut dyn Io>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if !self.broken {
            let io = Pin::new(&mut self.io);
            match catch_unwind(AssertUnwindSafe(|| question(io))) {
                Ok(answer) => return answer,
                Err(_) => self.broken = true,
            }
        }
        Poll::Ready(Err(io::Error::other("the stream panicked")))
    }
}
