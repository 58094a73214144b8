//! The teacher's key: whoever has it may break connections and stop the server.

use std::fmt;

use ws101::http::header::AUTHORIZATION;
use ws101::http::{HeaderMap, HeaderValue};
use ws101::id;

/// A random key. It stands in the part of an address behind `#`, which browsers send to nobody.
pub struct Key(String);

impl Key {
    pub fn random() -> Self {
        Self(id::random())
    }

    /// As the teacher's address has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request has it: `Authorization: Bearer KEY`.
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
        given.is_some_and(|given| self.is(given))
    }

    /// Compares in a time that does not tell how much is right.
    fn is(&self, given: &[u8]) -> bool {
        let differences =
            self.0.bytes().zip(given).fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
        given.len() == self.0.len() && differences == 0
    }
}

/// No log shows it.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use ws101::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    use super::Key;

    #[test]
    fn only_the_whole_key_opens() {
        let key = Key("abcd".to_owned());
        for (value, is_right) in [
            ("Bearer abcd", true),
            ("Bearer abc", false),
            ("Bearer abcde", false),
            ("Bearer abcx", false),
            ("Bearer ", false),
            ("abcd", false),
            ("Basic abcd", false),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(key.is_in(&headers), is_right, "{value}");
        }
        assert!(!key.is_in(&HeaderMap::new()));
        assert_eq!(format!("{key:?}"), "Key");
    }
}
