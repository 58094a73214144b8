//! The program under test: a real example, started as people start it.

use std::net::SocketAddr;

#[path = "../program/mod.rs"]
pub mod program;

pub use program::{Ended, Port};
use program::{Program, addresses};

/// One run of the program; dropped, it is killed.
pub struct Server {
    pub address: SocketAddr,
    program: Program,
}

impl Server {
    /// Starts `full_chat` and waits until it listens.
    pub async fn start(port: &Port) -> Self {
        let port = port.number();
        // No rate: one client here speaks for a whole class.
        let settings = [("PORT", port.as_str()), ("WS_RATE", "0"), ("WS_STATS_MS", "500")];
        Self::example("full_chat", &settings).await
    }

    /// Starts any example, with these settings.
    pub async fn example(name: &str, settings: &[(&str, &str)]) -> Self {
        let program = Program::start(name, settings).await;
        Self { address: program.address, program }
    }

    /// The second address that the program prints.
    pub async fn other_address(&self) -> SocketAddr {
        self.program.said(|said| addresses(said).nth(1)).await
    }

    /// Asks the program to end (SIGTERM), and waits until it has.
    pub async fn stop(self) -> Ended {
        self.program.stop().await
    }
}
