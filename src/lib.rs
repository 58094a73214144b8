//! Learn WebSockets byte by byte, and snapshot-test the servers you build.

pub mod escape;
pub mod frame;
pub mod handshake;
pub mod tap;
