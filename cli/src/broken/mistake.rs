//! The one mistake of this server.

use std::sync::OnceLock;

/// The check that is to fail.
static FAULT: OnceLock<String> = OnceLock::new();

/// Makes the check of this number fail. The first choice stays.
pub fn choose(check: String) {
    FAULT.get_or_init(|| check);
}

/// Whether the check of that number is to fail.
pub fn broken(check: &str) -> bool {
    FAULT.get().is_some_and(|fault| fault == check)
}
