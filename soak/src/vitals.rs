//! The server's memory and descriptors over time.

use std::fmt;

use anyhow::Result;

use ws101_soak::server::Server;

/// Memory and descriptors at one moment; `None` if the system does not report them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vitals {
    pub memory: Option<u64>,
    pub descriptors: Option<usize>,
    pub connections: u64,
}

impl Vitals {
    pub async fn take(server: &Server) -> Result<Self> {
        // Descriptors first, because the request for the report is a connection itself.
        let descriptors = server.descriptors();
        let stats = server.stats().await?;
        Ok(Self { memory: stats.rss_bytes, descriptors, connections: stats.connections })
    }

    /// The larger of each value.
    pub fn max(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            descriptors: self.descriptors.max(other.descriptors),
            connections: self.connections.max(other.connections),
        }
    }
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = || "unknown".to_owned();
        let memory = self.memory.map_or_else(unknown, |bytes| {
            let tenths = bytes * 10 / (1024 * 1024);
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        });
        let descriptors = self.descriptors.map_or_else(unknown, |count| count.to_string());
        write!(f, "{memory:>10}, {descriptors:>4} descriptors, {:>4} connections", self.connections)
    }
}
