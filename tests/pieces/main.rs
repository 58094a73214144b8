//! The pieces, each alone.

mod broadcast;
mod echo;
mod goodbye;
mod heartbeat;
mod page;
mod server;
mod settings;
mod shutdown;
mod stats;
mod stream;
mod upgrade;
