//! The time of day, as it goes over the wire.

use std::time::SystemTime;

/// Now: `2026-01-01T12:00:00.000Z` (RFC 3339, UTC, milliseconds).
///
/// The server's clock, never a client's. For people: it may be set back, so nothing is measured with it.
#[must_use]
pub fn now() -> String {
    of(SystemTime::now())
}

/// The same for any moment since 1970; an earlier one becomes that.
#[must_use]
pub fn of(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time.max(SystemTime::UNIX_EPOCH)).to_string()
}
