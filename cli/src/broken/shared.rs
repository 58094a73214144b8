//! The parts that the connections of a room share.

use std::sync::Mutex;
use std::time::Duration;

use ws101::broadcast::Hub;
use ws101::handshake::Policy;
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::stats::Stats;

/// Longer than anyone waits.
pub const FOREVER: Duration = Duration::from_secs(600);

/// One room, and what its connections share.
pub struct Shared<R> {
    pub room: Mutex<R>,
    pub hub: Hub,
    pub settings: Settings,
    pub stats: Stats,
    pub policy: Policy,
    pub shutdown: Shutdown,
}
