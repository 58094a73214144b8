//! How long a stranger may take. Each is the default of a setting, so that tests may be quick.

use std::time::Duration;

/// For a whole request head: people wait no longer for a page.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// Between two requests on one HTTP connection: a page and its scripts come in one go.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// For a message, from its first frame to its last: 64 KiB over a very bad line.
pub const MESSAGE_DEADLINE: Duration = Duration::from_secs(30);

/// For a peer to take something of what waits for it: as long as for a pong.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// For a close frame to be taken and answered: once around the world is 0.3 s.
pub const CLOSE_DEADLINE: Duration = Duration::from_secs(3);
