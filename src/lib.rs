//! Learn WebSockets byte by byte, and snapshot-test the servers you build.

pub mod frame;
