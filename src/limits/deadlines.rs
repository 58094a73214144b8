//! How long a client may take, and how long its messages may be. Each is the default of a setting,
//! so that tests can use shorter ones.

use std::time::Duration;

/// For a whole request head, 10 s: people do not wait longer for a page.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// Between two requests on one HTTP connection, 30 s: a browser asks for a page and its scripts at
/// once.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// For a message, from its first frame to its last, 30 s: enough for 64 KiB at 18 kbit/s.
pub const MESSAGE_DEADLINE: Duration = Duration::from_secs(30);

/// For a peer to read any of the bytes that wait for it, 10 s: as long as for a pong.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// For a peer to answer a close frame, 3 s: a round trip around the world takes 0.3 s.
pub const CLOSE_DEADLINE: Duration = Duration::from_secs(3);

/// Between two pings of the server, 25 s: many proxies end a connection that was silent for 60 s.
pub const PING_PERIOD: Duration = Duration::from_secs(25);

/// For the pong to a ping, 10 s.
pub const PONG_TIMEOUT: Duration = Duration::from_secs(10);

/// For any byte of a peer, 60 s: two pings and their pongs fit in.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest message accepted by default, in bytes, however it is fragmented: 64 KiB.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
