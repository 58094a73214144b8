//! The locks, tasks and timers that the hub uses.
//!
//! They stand in one place so that `model/` can replace them with its own, which try every order
//! in which threads can run.

pub(super) use std::sync::{Mutex, MutexGuard};

pub(super) use tokio::spawn;
pub(super) use tokio::time::{Instant, sleep};
