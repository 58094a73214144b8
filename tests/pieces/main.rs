//! The pieces, each alone.

mod address;
mod blocking;
mod broadcast;
mod echo;
mod endpoint;
mod goodbye;
mod heartbeat;
mod limits;
mod log;
mod page;
mod server;
mod settings;
mod shutdown;
mod stats;
mod stream;
mod survival;
mod upgrade;
