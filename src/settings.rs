//! What a program may be told by its environment.
//!
//! Every example reads the same names, so that any of them, and any server in
//! any language, can be run and graded the same way. Nonsense is refused with a
//! line that names the setting and what it may be.

use std::fmt::{self, Display};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tracing::warn;

use crate::frontend::{self, Frontend};
use crate::handshake::{Origins, Policy};
use crate::limits::{self, Allowance, Caps};

/// How many connections may wait to be accepted: a class that returns all at once.
const BACKLOG: i32 = 4096;

/// The longest time a setting may name: a week, in milliseconds.
const MAX_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// The settings, with their defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HOST`: the address to listen on. 127.0.0.1, so that only this machine may connect.
    pub host: IpAddr,
    /// `PORT`: the port to listen on. 8080; 0 lets the system choose.
    pub port: u16,
    /// `PORT_004`: where `full_chat` speaks with clients of source 004. 8765; 0 lets the system choose.
    pub port_004: u16,
    /// `WS_ROOT_DIALECT`: whose clients `full_chat` expects at `/`: 000, or 001.
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
            port_004: 8765,
            root_dialect: "000".to_owned(),
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

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is not {wanted}")]
pub struct SettingError {
    name: &'static str,
    value: String,
    wanted: String,
}

/// Why a port could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program has it.
    #[error(
        "port {0} is busy: another program is listening there. Stop it, or choose another port: PORT={1}"
    )]
    Busy(u16, u16),
    /// The system allows it to administrators only.
    #[error("port {0} is reserved for administrators. Choose one above 1023: PORT=8080")]
    Reserved(u16),
    /// This machine has no such address.
    #[error("{0} is no address of this machine. Use HOST=127.0.0.1, or HOST=0.0.0.0 for all")]
    NoSuchAddress(IpAddr),
    /// Anything else.
    #[error("cannot listen on {0}: {1}")]
    Io(SocketAddr, io::Error),
}

/// What ends a program that cannot go on: `fn main() -> Result<(), StartError>`.
///
/// Any error becomes one, and is printed as one line, whatever `RUST_BACKTRACE`
/// says: whoever finds a port busy wants the fix, not the stack.
pub struct StartError(String);

impl<E: std::error::Error> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Settings {
    /// The defaults, changed by the environment.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn from_env() -> Result<Self, SettingError> {
        Self::default().with_env()
    }

    /// These settings, changed by the environment: for programs with defaults of their own.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn with_env(mut self) -> Result<Self, SettingError> {
        if let Some(directory) = frontend::checkout() {
            self.frontend = Frontend::Directory(directory);
        }
        self.with(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// These settings, changed by what `lookup` knows; an empty value changes nothing.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn with(
        mut self,
        lookup: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, SettingError> {
        let read = Reader { lookup };
        read.host("HOST", &mut self.host)?;
        read.number("PORT", 0..=u16::MAX, &mut self.port)?;
        read.number("PORT_004", 0..=u16::MAX, &mut self.port_004)?;
        read.one_of("WS_ROOT_DIALECT", &["000", "001"], &mut self.root_dialect)?;
        read.time("WS_HEARTBEAT_MS", 0, &mut self.heartbeat)?;
        read.time("WS_PONG_TIMEOUT_MS", 1, &mut self.pong_timeout)?;
        read.time("WS_IDLE_MS", 0, &mut self.idle)?;
        read.time("WS_STATS_MS", 1, &mut self.stats)?;
        read.time("WS_DRAIN_MS", 0, &mut self.drain)?;
        read.time("WS_HEAD_MS", 1, &mut self.head)?;
        read.time("WS_KEEP_ALIVE_MS", 1, &mut self.keep_alive)?;
        read.time("WS_HELLO_MS", 1, &mut self.hello)?;
        read.time("WS_MESSAGE_MS", 1, &mut self.message)?;
        read.time("WS_WRITE_MS", 1, &mut self.write)?;
        read.time("WS_CLOSE_MS", 1, &mut self.close)?;
        read.number("WS_MAX_MESSAGE_BYTES", 125..=1 << 30, &mut self.max_message_bytes)?;
        read.number("WS_MAX_QUEUE_BYTES", 1024..=1 << 30, &mut self.max_queue_bytes)?;
        read.number("WS_MAX_CONNECTIONS", 1..=1 << 20, &mut self.max_connections)?;
        read.number("WS_MAX_PER_ADDRESS", 1..=1 << 20, &mut self.max_per_address)?;
        read.number("WS_ARRIVALS", 0..=1_000_000, &mut self.arrivals)?;
        read.number("WS_RATE", 0..=1_000_000, &mut self.rate)?;
        read.number("WS_BYTES", 0..=1 << 30, &mut self.bytes)?;
        read.number("WS_ROOM_BYTES", 0..=1 << 30, &mut self.room_bytes)?;
        read.list("WS_ORIGINS", &mut self.origins);
        read.list("WS_HOSTS", &mut self.hosts);
        read.frontend("WS_FRONTEND", &mut self.frontend)?;
        Ok(self)
    }

    /// Whom these settings let in: any path, by `hosts`, and pages of `origins`, this host and loopback.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            origins: Origins::allow(self.origins.clone()),
            hosts: self.hosts.iter().cloned().map(Into::into).collect(),
            ..Policy::default()
        }
    }

    /// How many connections these settings and the system allow, and how much each may say.
    #[must_use]
    pub fn caps(&self) -> Caps {
        let (wanted, possible) = (self.max_connections, limits::descriptors());
        if wanted > possible {
            warn!(
                "WS_MAX_CONNECTIONS={wanted}, but there are file descriptors for {possible} only"
            );
        }
        let allowance = Allowance {
            connections: wanted.min(possible),
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

    /// Listens on `host` and `port`, for a program with threads.
    ///
    /// # Errors
    ///
    /// A line that names the port and the fix.
    pub fn bind(&self) -> Result<std::net::TcpListener, ListenError> {
        let address = SocketAddr::new(self.host, self.port);
        let bind = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            // A server that was just stopped leaves connections in TIME_WAIT.
            // On Windows the same flag would let two servers share a port.
            #[cfg(not(windows))]
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            io::Result::Ok(socket.into())
        };
        bind().map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                ListenError::Busy(self.port, self.port.checked_add(1).unwrap_or(8080))
            }
            // Windows says the same of ports that it keeps for itself, of any number.
            io::ErrorKind::PermissionDenied if self.port < 1024 => ListenError::Reserved(self.port),
            io::ErrorKind::AddrNotAvailable => ListenError::NoSuchAddress(self.host),
            _ => ListenError::Io(address, error),
        })
    }

    /// Listens on `host` and `port`, for a program with tasks.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind). Panics outside a tokio runtime.
    pub fn listen(&self) -> Result<TcpListener, ListenError> {
        let listener = self.bind()?;
        let address = SocketAddr::new(self.host, self.port);
        let ready = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
        ready.map_err(|error| ListenError::Io(address, error))
    }
}

struct Reader<F> {
    lookup: F,
}

impl<F: Fn(&'static str) -> Option<String>> Reader<F> {
    fn value(&self, name: &'static str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn number<N>(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<N>,
        to: &mut N,
    ) -> Result<(), SettingError>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(value) = self.value(name) else { return Ok(()) };
        *to = value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            SettingError { name, value, wanted }
        })?;
        Ok(())
    }

    fn time(&self, name: &'static str, least: u64, to: &mut Duration) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let parsed = value.parse().ok().filter(|ms| (least..=MAX_MS).contains(ms));
        let wanted = || format!("a number of milliseconds from {least} to {MAX_MS}");
        *to = parsed.map(Duration::from_millis).ok_or_else(|| SettingError {
            name,
            value,
            wanted: wanted(),
        })?;
        Ok(())
    }

    fn list(&self, name: &'static str, to: &mut Vec<String>) {
        let Some(value) = self.value(name) else { return };
        let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
        *to = items.map(str::to_owned).collect();
    }

    fn one_of(
        &self,
        name: &'static str,
        choice: &[&str],
        to: &mut String,
    ) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        if !choice.contains(&value.as_str()) {
            return Err(SettingError { name, value, wanted: choice.join(" or ") });
        }
        *to = value;
        Ok(())
    }

    fn frontend(&self, name: &'static str, to: &mut Frontend) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let path = PathBuf::from(&value);
        if !path.join("index.html").is_file() {
            let wanted = "a directory with an index.html".to_owned();
            return Err(SettingError { name, value, wanted });
        }
        *to = Frontend::Directory(path);
        Ok(())
    }

    fn host(&self, name: &'static str, to: &mut IpAddr) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let parsed = match value.as_str() {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            other => other.parse().ok(),
        };
        let wanted = || "an address such as 127.0.0.1, 0.0.0.0 or ::1".to_owned();
        *to = parsed.ok_or_else(|| SettingError { name, value, wanted: wanted() })?;
        Ok(())
    }
}
