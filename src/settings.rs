//! The options of a server, in one struct with defaults.
//!
//! [`Endpoint`](crate::endpoint::Endpoint), [`server`](crate::server) and
//! [`Chat`](crate::chat::Chat) read them. A field's documentation begins with the environment
//! variable that [`program::settings`](crate::program::settings) reads it from. Nothing here
//! reads the environment or changes the process.

mod key;

pub use key::{KEY_CHARS_MAX, KEY_CHARS_MIN, Key};

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::broadcast::{HubOptions, Overflow};
use crate::frontend::Frontend;
use crate::handshake::{Origins, Policy};
use crate::heartbeat::HeartbeatOptions;
use crate::limits::{self, Allowance, Caps, FrameLimits, MAX_FRAGMENTS};
use crate::log::Format;

/// The values of `root_dialect`, each with its older spelling. The first is the default.
pub const ROOT_DIALECTS: [(&str, &str); 2] = [("node_chat", "000"), ("broadcast_server", "001")];

/// The settings of a server. Each field's documentation ends with its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HOST`: the address to listen on. 127.0.0.1, to which only this machine can connect.
    pub host: IpAddr,
    /// `PORT`: the port to listen on. With 0 the system chooses one. 8080.
    pub port: u16,
    /// `PORT_PYTHON_CHAT`: the port at which `full_chat` speaks `python_chat`. With 0 the system
    /// chooses one. `PORT_004` is accepted, too. 8765.
    pub port_python_chat: u16,
    /// `WS_ROOT_DIALECT`: the dialect that `full_chat` speaks at `/`: `node_chat` or
    /// `broadcast_server`. `000` and `001` are accepted, too. `node_chat`.
    pub root_dialect: String,
    /// `WS_HEARTBEAT_MS`: the time between two pings. 0 sends none. 25 s.
    pub heartbeat: Duration,
    /// `WS_PONG_TIMEOUT_MS`: the time that a pong may take, counted from the last byte that came
    /// after the ping. 10 s.
    pub pong_timeout: Duration,
    /// `WS_IDLE_MS`: the time for which a client may send no byte. 0 is no limit. 60 s.
    pub idle: Duration,
    /// `WS_STATS_MS`: the time between two messages with statistics. 30 s.
    pub stats: Duration,
    /// `WS_DRAIN_MS`: the time that connections have to end at shutdown. 5 s.
    pub drain: Duration,
    /// `WS_HEAD_MS`: the time that a whole request head may take. 10 s.
    pub head: Duration,
    /// `WS_KEEP_ALIVE_MS`: the time that an HTTP connection may wait for its next request. 30 s.
    pub keep_alive: Duration,
    /// `WS_HELLO_MS`: the time that a client of the canonical protocol has to send `hello`. 10 s.
    pub hello: Duration,
    /// `WS_MESSAGE_MS`: the time that one message may take, from its first byte to its last. 30 s.
    pub message: Duration,
    /// `WS_WRITE_MS`: the time for which a client may read nothing while bytes wait for it. 10 s.
    pub write: Duration,
    /// `WS_CLOSE_MS`: the time that a client has to answer a close frame. 3 s.
    pub close: Duration,
    /// `WS_MAX_MESSAGE_BYTES`: the bytes of the longest message that is accepted. 64 KiB.
    pub max_message_bytes: usize,
    /// `WS_MAX_QUEUE_BYTES`: the bytes that may wait for one client. With more, the server closes
    /// its connection with 1013. 1 MiB.
    pub max_queue_bytes: usize,
    /// `WS_MAX_CONNECTIONS`: the most WebSockets at once. 2000.
    pub max_connections: usize,
    /// `WS_MAX_PER_ADDRESS`: the most WebSockets at once from one address other than this
    /// computer's. 128.
    pub max_per_address: usize,
    /// `WS_ARRIVALS`: new WebSockets a second from one address other than this computer's. A burst
    /// may be four times that. 0 is no limit. 50.
    pub arrivals: u32,
    /// `WS_RATE`: messages a second from one client. A burst may be four times that. 0 is no limit,
    /// and also lifts `bytes` and `room_bytes`. 5.
    pub rate: u32,
    /// `WS_BYTES`: bytes of messages a second from one client. A burst may be four times that, or
    /// one message of `max_message_bytes`. One address other than this computer's may send eight
    /// times that. 0 is no limit. 32 KiB.
    pub bytes: u32,
    /// `WS_ROOM_BYTES`: bytes a second that are sent to each member of a room. A burst may be a
    /// quarter of `max_queue_bytes`. 0 is no limit. 512 KiB, half of what a line of 10 Mbit/s
    /// carries.
    pub room_bytes: u32,
    /// `WS_ORIGINS`: origins of pages that may connect, besides this host and this computer, with
    /// commas between them. `null` is the origin of a page opened from disk. None.
    pub origins: Vec<String>,
    /// `WS_HOSTS`: names of this server, besides its addresses and `localhost`, with commas between
    /// them. With none, any name is accepted. None.
    pub hosts: Vec<String>,
    /// `WS_HISTORY`: the file in which `full_chat` keeps the histories of its rooms, if the program was
    /// built with the feature `sqlite`. None: they are in memory.
    pub history: Option<PathBuf>,
    /// `WS_TEACHER_KEY`: the key with which a client of `full_chat` becomes the teacher's. Without one
    /// there is no teacher. None.
    pub teacher_key: Option<Key>,
    /// `WS_LOG_FILE`: the file to which a program appends its log. SIGHUP reopens it, and no longer ends
    /// the program. None: the log is on standard output.
    pub log_file: Option<PathBuf>,
    /// `WS_LOG_FORMAT`: the form of the log's lines, `text` or `json`. `text`.
    pub log_format: Format,
    /// `WS_FRONTEND`: a directory to serve the page from. By default it is the page that was
    /// compiled into the program; a debug build inside its checkout serves `frontend/` from there.
    pub frontend: Frontend,
}

impl Default for Settings {
    fn default() -> Self {
        let allowance = Allowance::default();
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8080,
            port_python_chat: 8765,
            root_dialect: ROOT_DIALECTS[0].0.to_owned(),
            heartbeat: limits::PING_PERIOD,
            pong_timeout: limits::PONG_TIMEOUT,
            idle: limits::IDLE_TIMEOUT,
            stats: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            head: limits::HEAD_DEADLINE,
            keep_alive: limits::KEEP_ALIVE,
            hello: Duration::from_secs(10),
            message: limits::MESSAGE_DEADLINE,
            write: limits::WRITE_DEADLINE,
            close: limits::CLOSE_DEADLINE,
            max_message_bytes: allowance.max_message_bytes,
            max_queue_bytes: 1024 * 1024,
            max_connections: allowance.connections,
            max_per_address: allowance.per_address,
            arrivals: allowance.arrivals,
            rate: allowance.messages,
            bytes: allowance.bytes,
            room_bytes: 512 * 1024,
            origins: Vec::new(),
            hosts: Vec::new(),
            history: None,
            teacher_key: None,
            log_file: None,
            log_format: Format::Text,
            frontend: Frontend::Embedded,
        }
    }
}

impl Settings {
    /// The policy of these settings: any path, the names of `hosts`, and pages of `origins`, of this
    /// host and of this computer.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            origins: Origins::allow(self.origins.clone()),
            hosts: self.hosts.iter().cloned().map(Into::into).collect(),
            ..Policy::default()
        }
    }

    /// The limits on connections and on what each may send.
    #[must_use]
    pub fn caps(&self) -> Caps {
        Caps::new(Allowance {
            connections: self.max_connections,
            per_address: self.max_per_address,
            arrivals: self.arrivals,
            messages: self.rate,
            bytes: if self.rate == 0 { 0 } else { self.bytes },
            max_message_bytes: self.max_message_bytes,
        })
    }

    /// The options of a hub for a room with these settings. Its pace is 0, which is no limit, if
    /// `rate` is 0.
    #[must_use]
    pub fn hub_options(&self) -> HubOptions {
        HubOptions {
            capacity: self.max_queue_bytes,
            overflow: Overflow::Disconnect,
            write_deadline: self.write,
            pace: if self.rate == 0 { 0 } else { self.room_bytes },
        }
    }

    /// The times of each connection's heartbeat.
    #[must_use]
    pub fn heartbeat_options(&self) -> HeartbeatOptions {
        HeartbeatOptions {
            period: self.heartbeat,
            pong_timeout: self.pong_timeout,
            idle_timeout: self.idle,
        }
    }

    /// The limits of the frames of each client.
    #[must_use]
    pub fn frame_limits(&self) -> FrameLimits {
        FrameLimits { rate: self.rate, max_fragments: MAX_FRAGMENTS, deadline: self.message }
    }
}
