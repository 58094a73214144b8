//! The address of a WebSocket: `ws://localhost:8080/chat` (RFC 6455 §3).

use std::fmt::{self, Write};
use std::net::Ipv6Addr;
use std::str::FromStr;

use http::Uri;

/// The parts of a `ws://` or `wss://` URL (RFC 6455 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether the connection uses TLS: `wss`.
    pub tls: bool,
    /// A name or an IP address; an IPv6 address stands here without its brackets.
    pub host: String,
    /// The port; without one in the URL, 80 for `ws` and 443 for `wss`.
    pub port: u16,
    /// The target of the request: the path, `/` if there is none, and the query if there is one.
    pub target: String,
}

/// Why a text is not the URL of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The URL is that of a page: `http` or `https`.
    #[error("{0}:// is for pages: a WebSocket is at {1}://")]
    Page(String, &'static str),
    /// The URL has a part after `#`, which is never sent to a server.
    #[error("a WebSocket's address has no #fragment (RFC 6455 §3)")]
    Fragment,
    /// The URL is malformed in another way.
    #[error("{0:?} is not of the form ws://host:port/path (RFC 6455 §3)")]
    Malformed(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        if url.contains('#') {
            return Err(AddressError::Fragment);
        }
        let malformed = || AddressError::Malformed(url.to_owned());
        // Only a target is encoded: a name of other letters has another form (IDN), which is not made here.
        let host = url.find("://").map_or(0, |at| at + "://".len());
        let path = url[host..].find(['/', '?']).map_or(url.len(), |at| host + at);
        let uri: Uri = format!("{}{}", &url[..path], encoded(&url[path..]))
            .parse()
            .map_err(|_| malformed())?;
        // A scheme is of any case (RFC 3986 §3.1).
        let scheme = uri.scheme_str().map(str::to_ascii_lowercase);
        let tls = match scheme.as_deref() {
            Some("ws") => false,
            Some("wss") => true,
            Some("http") => return Err(AddressError::Page("http".to_owned(), "ws")),
            Some("https") => return Err(AddressError::Page("https".to_owned(), "wss")),
            _ => return Err(malformed()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        // A user before an `@` is not supported.
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let odd_port = uri.port().is_none() && authority.len() != host.len();
        if odd_port || uri.port().is_some_and(|port| port.as_str().parse::<u16>().is_err()) {
            return Err(malformed());
        }
        // The `http` crate accepts any text in brackets; only an IPv6 address may stand there.
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(Some(ip)) if ip.parse::<Ipv6Addr>().is_ok() => ip,
            None if !host.contains(['[', ']']) => host,
            _ => return Err(malformed()),
        };
        // `to_string` puts a `/` before a query that has no path.
        let target = uri.path_and_query().map_or("/".to_owned(), ToString::to_string);
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            target,
        })
    }
}

/// A target as browsers send it: blanks, quotes, brackets other than `[]` and all that is not ASCII are
/// percent-encoded (the WHATWG's URL standard); the rest stays as it is.
#[must_use]
pub fn encoded(target: &str) -> String {
    let mut encoded = String::with_capacity(target.len());
    for byte in target.bytes() {
        match byte {
            b'!' | b'#'..=b';' | b'=' | b'?'..=b'_' | b'a'..=b'z' | b'~' => {
                encoded.push(byte.into());
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

impl Address {
    /// The value of the `Host` header: the host, and the port unless it is the default one.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// The same host and port with another target.
    #[must_use]
    pub fn at(&self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}
