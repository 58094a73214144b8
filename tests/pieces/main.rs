//! The pieces, each alone.

mod address;
mod blocking;
mod broadcast;
mod close_code;
mod crowd;
mod echo;
mod endpoint;
mod escapes;
mod frames;
mod goodbye;
mod heartbeat;
mod limits;
mod log;
mod name;
mod pace;
mod page;
mod receipts;
mod refusals;
mod server;
mod settings;
mod shutdown;
mod stats;
mod stream;
mod survival;
mod tap;
mod upgrade;
