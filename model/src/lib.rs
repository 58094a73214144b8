//! The source files of `ws101::broadcast`, run in every order in which threads can run.
//!
//! The models are in `tests/`.

use ws101::{frame, limits, stream};

pub mod broadcast;
pub mod pipe;
pub mod scheduler;
