//! Messages of the chat's clients, in each dialect.

use ws101::chat::{DIALECTS, Dialect, GENERAL};

/// The longest text of an error, in bytes: it is sent to a client, together with other fields.
const ERROR_BYTES: usize = 1_000;

/// Takes any bytes as a text message, in every dialect.
pub fn any(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for dialect in DIALECTS {
        is_read_or_refused(*dialect, &text);
    }
}

/// A text is read, or refused with words on one line of fewer than 1,000 bytes.
///
/// # Panics
///
/// The property does not hold.
pub fn is_read_or_refused(dialect: &dyn Dialect, text: &str) {
    if let Err(error) = dialect.read(text, GENERAL) {
        let words = &error.message;
        assert!(!words.is_empty() && words.len() < ERROR_BYTES, "{dialect:?}: {error:?}");
        assert!(!words.contains(char::is_control), "{dialect:?}: {error:?}");
    }
}
