//! What a program needs that plays the clients of this project's servers: a server as a
//! child process, how each kind of client speaks, and a client that may write anything.
//!
//! Two programs stand on it: `ws101-soak`, in this package, and `ws101-siege`.

pub mod dialect;
pub mod raw;
pub mod server;
