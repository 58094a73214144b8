//! Learn WebSockets byte by byte, and snapshot-test the servers you build.

pub mod broadcast;
pub mod chat;
pub mod echo;
pub mod endpoint;
pub mod escape;
pub mod frame;
pub mod goodbye;
pub mod handshake;
pub mod heartbeat;
pub mod page;
pub mod room;
pub mod server;
pub mod session;
pub mod settings;
pub mod shutdown;
pub mod stats;
pub mod stream;
pub mod upgrade;
