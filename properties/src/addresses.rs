//! Addresses of WebSockets, as people type them.

use ws101::address::Address;

/// Takes any bytes as an address.
pub fn any(bytes: &[u8]) {
    is_parsed_or_refused(&String::from_utf8_lossy(bytes));
}

/// An address is printed as text that parses into the same address, and its target is a path. Any
/// other text is refused in one line.
///
/// # Panics
///
/// The property does not hold.
pub fn is_parsed_or_refused(url: &str) {
    match url.parse::<Address>() {
        Ok(address) => {
            assert!(address.target.starts_with('/'), "{address:?}");
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
    }
}
