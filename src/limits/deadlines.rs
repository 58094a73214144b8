//! How long a client may take. Each is the default of a setting, so that tests can use shorter ones.

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
