//! The time of day in the format of the messages.

use std::time::SystemTime;

/// Now: `2026-01-01T12:00:00.000Z` (RFC 3339, UTC, milliseconds).
///
/// It is the server's clock. It may be set back, so show it to people and measure nothing with it.
#[must_use]
pub fn now() -> String {
    of(SystemTime::now())
}

/// The same for any time since 1970; an earlier time becomes the start of 1970.
#[must_use]
pub fn of(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time.max(SystemTime::UNIX_EPOCH)).to_string()
}
