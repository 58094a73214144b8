//! Parts for a program that tests this project's servers as many clients: a server as a child
//! process, the dialect of each kind of client, and a client that can write any bytes.
//!
//! Two programs use it: `ws101-soak`, in this package, and `ws101-siege`.

pub mod dialect;
pub mod raw;
pub mod server;
