//! The pieces, each alone.

#[path = "../brokers/mod.rs"]
mod brokers;

mod address;
mod blocking;
mod broadcast;
mod broker;
mod changes;
mod chat;
mod checks;
mod close;
mod close_code;
mod crowd;
mod echo;
mod endpoint;
mod escapes;
mod fault;
mod fault_steps;
mod faults_over_tcp;
mod frames;
mod heartbeat;
mod history;
mod limits;
mod log;
mod name;
mod pace;
mod page;
mod program;
mod proxy;
mod receipts;
mod refusals;
mod rooms;
mod server;
mod settings;
mod shutdown;
mod stats;
mod stream;
mod survival;
mod tap;
mod teacher;
mod timestamp;
mod upgrade;
