//! The names of headers and of parameters whose values are secrets.

/// This stands in the place of a secret.
pub const HIDDEN: &str = "<secret>";

/// Parts of the names of secrets.
const PARTS: [&str; 8] = ["auth", "cookie", "token", "secret", "password", "key", "session", "jwt"];

/// Names with such a part that carry no secret: the handshake of a WebSocket, and the ways to log in that a
/// server offers (RFC 9110 §11.6.1).
const OPEN: [&str; 3] = ["sec-websocket-", "www-authenticate", "proxy-authenticate"];

/// Whether the value of a header or parameter with this name is a secret: `Authorization`, `X-Api-Key`,
/// `access_token`.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_open = OPEN.iter().any(|open| name.starts_with(open));
    !is_open && PARTS.iter().any(|part| name.contains(part))
}

/// The text with [`HIDDEN`] for the values of parameters that are secrets: those behind a `?` or a `#`, as
/// in a `Location`.
#[must_use]
pub fn without_secret_parameters(text: &str) -> String {
    let Some(begin) = text.find(['?', '#']) else { return text.to_owned() };
    let (front, query) = text.split_at(begin);
    let hide = |part: &str| match part.split_once('=') {
        Some((name, value)) if is_secret(name) => {
            // The separator in front of the next parameter stays.
            let end = value.strip_prefix(value.trim_end_matches(SEPARATORS)).unwrap_or_default();
            format!("{name}={HIDDEN}{end}")
        }
        _ => part.to_owned(),
    };
    let hidden: Vec<_> = query.split_inclusive(SEPARATORS).map(hide).collect();
    front.to_owned() + &hidden.concat()
}

/// The characters between parameters.
const SEPARATORS: [char; 5] = ['?', '#', '&', '\r', '\n'];

#[cfg(test)]
mod tests {
    use super::{is_secret, without_secret_parameters};

    #[test]
    fn names_tell_secrets() {
        for name in ["Authorization", "Set-Cookie", "X-Auth-Token", "access_token", "X-API-KEY"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["Sec-WebSocket-Key", "WWW-Authenticate", "Proxy-Authenticate", "Location"] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_secret("Proxy-Authorization"));
    }

    #[test]
    fn parameters_are_told_without_secrets() {
        for (text, shown) in [
            ("/x?token=hush", "/x?token=<secret>"),
            ("/x?token=hush&room=5#a", "/x?token=<secret>&room=5#a"),
            ("/x?room=5#access_token=hush&state=1", "/x?room=5#access_token=<secret>&state=1"),
            ("/x?room=5&key=hush\r\n", "/x?room=5&key=<secret>\r\n"),
            ("token=5", "token=5"),
            ("/token=5?", "/token=5?"),
        ] {
            assert_eq!(without_secret_parameters(text), shown);
        }
    }
}
