//! The deadlines of a request's head.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long a hyper server waits for a request's head.
#[derive(Clone, Copy, Debug)]
pub struct HeadDeadlines {
    /// Until its first byte, after the answer before.
    pub idle: Duration,
    /// From its first byte to its last.
    pub head: Duration,
}

/// Tells when one of the deadlines is over. A head may come any time after [`new`](Self::new) and each
/// [`restart`](Self::restart).
#[derive(Debug)]
pub(super) struct HeadTimer {
    deadlines: HeadDeadlines,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No timer runs yet.
    Stopped,
    /// The first byte of a head is awaited.
    Idle(Pin<Box<Sleep>>),
    /// The rest of a head is awaited.
    Head(Pin<Box<Sleep>>),
    /// A deadline is over, and was reported.
    Over,
}

/// A deadline that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// That of the first byte.
    Idle,
    /// That of the last byte.
    Head,
}

impl HeadTimer {
    pub(super) fn new(deadlines: HeadDeadlines) -> Self {
        Self { deadlines, state: State::Stopped }
    }

    /// Waits for the next head.
    pub(super) fn restart(&mut self) {
        self.state = State::Stopped;
    }

    /// Ready once, when a deadline is over. `has_begun` says whether a byte of the head has come.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, has_begun: bool) -> Poll<Overdue> {
        match self.state {
            State::Stopped if !has_begun => {
                self.state = State::Idle(Box::pin(sleep(self.deadlines.idle)));
            }
            State::Stopped | State::Idle(_) if has_begun => {
                self.state = State::Head(Box::pin(sleep(self.deadlines.head)));
            }
            _ => {}
        }
        let (timer, overdue) = match &mut self.state {
            State::Idle(timer) => (timer, Overdue::Idle),
            State::Head(timer) => (timer, Overdue::Head),
            State::Stopped | State::Over => return Poll::Pending,
        };
        ready!(timer.as_mut().poll(cx));
        self.state = State::Over;
        Poll::Ready(overdue)
    }
}
