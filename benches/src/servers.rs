//! The servers that are compared. Each runs in its own process, so that the system reports its cost.

mod accept;
mod chat;
mod floor;
mod naive;
mod relayed;

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::str::FromStr;

use anyhow::{Context, bail};
use tokio::runtime::Runtime;
use ws101::program;
use ws101::settings::Settings;

/// The kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sends prebuilt frames, one `send` for each delivery.
    Floor,
    /// Sends prebuilt frames, one `send` for each client and round of events.
    Batching,
    /// A bare `accept_async` loop that echoes.
    Accept,
    /// The same, with a tap on each connection.
    Tapped,
    /// The bare echo behind a relay that copies TCP.
    Relay,
    /// The bare echo behind the proxy of `ws101 tap`.
    Proxy,
    /// An unbounded channel and a task for each client.
    Naive,
    /// The room of `full_chat`.
    Chat,
    /// An echo server on a pipe, in the same process as its client.
    Pipe,
}

impl Kind {
    const NAMES: [(Self, &str); 9] = [
        (Self::Floor, "floor"),
        (Self::Batching, "floor, batching"),
        (Self::Accept, "accept_async"),
        (Self::Tapped, "tapped"),
        (Self::Relay, "TCP relay"),
        (Self::Proxy, "ws101 tap"),
        (Self::Naive, "naive"),
        (Self::Chat, "full_chat"),
        (Self::Pipe, "in process"),
    ];

    /// Serves until it is killed. The first line that it prints is its port.
    pub fn serve(self) -> anyhow::Result<()> {
        // For the chat: its caps and rates apply, but are too high to be reached.
        let settings = Settings {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            max_connections: 100_000,
            rate: 1_000_000,
            bytes: 0,
            room_bytes: 0,
            ..Settings::default()
        };
        program::raise_descriptor_limit();
        // All servers have a backlog of 4096, because connecting is not compared.
        let listener = program::bind(&settings)?;
        println!("{}", listener.local_addr()?.port());
        match self {
            Self::Floor => floor::serve(nonblocking(listener)?, false)?,
            Self::Batching => floor::serve(nonblocking(listener)?, true)?,
            Self::Accept | Self::Tapped => {
                let tapped = self == Self::Tapped;
                Runtime::new()?.block_on(accept::serve(nonblocking(listener)?, tapped))?;
            }
            Self::Relay | Self::Proxy => {
                let is_proxy = self == Self::Proxy;
                Runtime::new()?.block_on(relayed::serve(nonblocking(listener)?, is_proxy))?;
            }
            Self::Naive => Runtime::new()?.block_on(naive::serve(nonblocking(listener)?))?,
            Self::Pipe => bail!("{self} has no server"),
            Self::Chat => {
                Runtime::new()?.block_on(chat::serve(nonblocking(listener)?, &settings))?;
            }
        }
        Ok(())
    }
}

fn nonblocking(listener: TcpListener) -> std::io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(kind, _)| kind == self);
        f.pad(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let kind = Self::NAMES.iter().find(|(_, name)| *name == text);
        kind.map(|(kind, _)| *kind).with_context(|| format!("there is no server {text:?}"))
    }
}
