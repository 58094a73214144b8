//! The fan-out's own source files, run in every order that threads can run in.
//!
//! The models are in `tests/`.

use ws101::{frame, limits, stream};

pub mod broadcast;
pub mod pipe;
pub mod scheduler;
