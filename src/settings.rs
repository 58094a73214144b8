//! The options of a server, in one struct with defaults.
//!
//! [`Endpoint`](crate::endpoint::Endpoint), [`server`](crate::server) and
//! [`Chat`](crate::chat::Chat) read them. A field's documentation begins with the environment
//! variable that [`program::settings`](crate::program::settings) reads it from. Nothing here
//! reads the environment or changes the process.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::frontend::Frontend;
use crate::handshake::{Origins, Policy};
use crate::limits::{self, Allowance, Caps};

/// The choices of `root_dialect`, each with its older spelling; the first is the default.
pub const ROOT_DIALECTS: [(&str, &str); 2] = [("node_chat", "000"), ("broadcast_server", "001")];

/// The settings, with their defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HOST`: the address to listen on. 127.0.0.1, so that only this machine may connect.
    pub host: IpAddr,
    /// `PORT`: the port to listen on. 8080; 0 lets the system choose.
    pub port: u16,
    /// `PORT_PYTHON_CHAT`: the port at which `full_chat` speaks `python_chat`. 8765; 0 lets the
    /// system choose. `PORT_004` is accepted, too.
    pub port_python_chat: u16,
    /// `WS_ROOT_DIALECT`: the dialect that `full_chat` speaks at `/`: `node_chat` or
    /// `broadcast_server`. `000` and `001` are accepted, too.
    pub root_dialect: String,
    /// `WS_HEARTBEAT_MS`: between pings. 25 s; 0 sends none.
    pub heartbeat: Duration,
    /// `WS_PONG_TIMEOUT_MS`: for a pong, counted from the last byte that came after the ping. 10 s.
    pub pong_timeout: Duration,
    /// `WS_IDLE_MS`: without a byte from a peer. 60 s; 0 is for ever.
    pub idle: Duration,
    /// `WS_STATS_MS`: between `system` heartbeats with statistics. 30 s.
    pub stats: Duration,
    /// `WS_DRAIN_MS`: for everyone to leave at shutdown. 5 s.
    pub drain: Duration,
    /// `WS_HEAD_MS`: for a whole request head. 10 s.
    pub head: Duration,
    /// `WS_KEEP_ALIVE_MS`: between two requests on one HTTP connection. 30 s.
    pub keep_alive: Duration,
    /// `WS_HELLO_MS`: for a `hello`, in the protocol that begins with one. 10 s.
    pub hello: Duration,
    /// `WS_MESSAGE_MS`: for one message, from its first byte to its last. 30 s.
    pub message: Duration,
    /// `WS_WRITE_MS`: for a client to take something of what waits for it. 10 s.
    pub write: Duration,
    /// `WS_CLOSE_MS`: for a close frame to be taken and answered. 3 s.
    pub close: Duration,
    /// `WS_MAX_MESSAGE_BYTES`: the longest message accepted. 64 KiB.
    pub max_message_bytes: usize,
    /// `WS_MAX_QUEUE_BYTES`: unsent for one client before it is let go. 1 MiB.
    pub max_queue_bytes: usize,
    /// `WS_MAX_CONNECTIONS`: WebSockets at once. 2000.
    pub max_connections: usize,
    /// `WS_MAX_PER_ADDRESS`: of them, from one address other than this computer's. 128.
    pub max_per_address: usize,
    /// `WS_ARRIVALS`: new WebSockets a second from one such address; a burst may be four times that. 50; 0 is no limit.
    pub arrivals: u32,
    /// `WS_RATE`: messages a second from one client; a burst may be four times that. 5; 0 is no
    /// limit, for bytes neither.
    pub rate: u32,
    /// `WS_BYTES`: bytes of messages a second from one client; a burst may be four times that, or
    /// one message of `max_message_bytes`. From one address other than this computer's, eight
    /// times that. 32 KiB; 0 is no limit.
    pub bytes: u32,
    /// `WS_ROOM_BYTES`: bytes a second said to each member of a room; a burst may be a quarter of
    /// `max_queue_bytes`. 512 KiB, which a line of 10 Mbit/s carries twice; 0 is no limit.
    pub room_bytes: u32,
    /// `WS_ORIGINS`: origins allowed besides this host and loopback, parted by commas.
    /// `null` is what browsers send for a page opened from disk.
    pub origins: Vec<String>,
    /// `WS_HOSTS`: names this server goes by, besides its addresses and `localhost`, parted by
    /// commas. Empty is any.
    pub hosts: Vec<String>,
    /// `WS_FRONTEND`: a directory to serve the page from. Without it, the page is the one that
    /// was compiled into the program; a debug build inside its checkout serves `frontend/` from
    /// there.
    pub frontend: Frontend,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8080,
            port_python_chat: 8765,
            root_dialect: ROOT_DIALECTS[0].0.to_owned(),
            heartbeat: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stats: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            head: limits::HEAD_DEADLINE,
            keep_alive: limits::KEEP_ALIVE,
            hello: Duration::from_secs(10),
            message: limits::MESSAGE_DEADLINE,
            write: limits::WRITE_DEADLINE,
            close: limits::CLOSE_DEADLINE,
            max_message_bytes: 64 * 1024,
            max_queue_bytes: 1024 * 1024,
            max_connections: 2000,
            max_per_address: 128,
            arrivals: 50,
            rate: 5,
            bytes: 32 * 1024,
            room_bytes: 512 * 1024,
            origins: Vec::new(),
            hosts: Vec::new(),
            frontend: Frontend::Embedded,
        }
    }
}

impl Settings {
    /// Whom these settings let in: any path, by `hosts`, and pages of `origins`, this host and loopback.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            origins: Origins::allow(self.origins.clone()),
            hosts: self.hosts.iter().cloned().map(Into::into).collect(),
            ..Policy::default()
        }
    }

    /// How many connections these settings allow, and how much each may say.
    #[must_use]
    pub fn caps(&self) -> Caps {
        let allowance = Allowance {
            connections: self.max_connections,
            per_address: self.max_per_address,
            arrivals: self.arrivals,
            messages: self.rate,
        };
        let bytes = if self.rate == 0 { 0 } else { self.bytes };
        Caps::with_bytes(allowance, bytes, self.max_message_bytes)
    }

    /// Bytes a second that each member of a room may be told, for
    /// [`Hub::pace`](crate::broadcast::Hub::pace); 0, which is no limit, where `rate` is 0.
    #[must_use]
    pub fn pace(&self) -> u32 {
        if self.rate == 0 { 0 } else { self.room_bytes }
    }
}
