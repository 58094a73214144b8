//! Properties that hold for any bytes: one function for each kind of input that ws101 parses.
//!
//! A function panics if its property does not hold. Three programs call the same functions:
//!
//! - the property tests of this package, with inputs that `proptest` makes: `just properties 10`;
//! - `tests/corpus.rs`, with the inputs kept in `fuzz/corpus/`, on stable Rust;
//! - the fuzz targets of `fuzz/`, with inputs that libFuzzer finds by their coverage: `just fuzz frames`.

pub mod addresses;
pub mod close_frames;
pub mod dialects;
pub mod frames;
pub mod handshakes;
pub mod scenarios;

/// A fuzz target: a function that takes any bytes, and panics if its property does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name. A target's corpus is `fuzz/corpus/NAME`, and `fuzz/fuzz_targets/NAME.rs`
/// gives it to libFuzzer.
pub const TARGETS: [(&str, Target); 7] = [
    ("addresses", addresses::any),
    ("answers", handshakes::any_answer),
    ("close_frames", close_frames::any),
    ("dialects", dialects::any),
    ("frames", frames::any),
    ("request_heads", handshakes::any_request_head),
    ("scenarios", scenarios::any),
];
