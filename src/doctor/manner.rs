//! The requests of browsers: what a server is asked in practice (RFC 6455 §4.1).

use std::fmt;

use super::target::Target;
use crate::client::Request;

/// The client that a request imitates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manner {
    /// Chromium's, as of version 140.
    Chromium,
    /// Firefox's, as of version 140: its `Connection` lists two values.
    Firefox,
    /// The headers that RFC 6455 demands, and no others.
    Plain,
}

/// The headers that Chromium adds to those of RFC 6455 and of the target.
const CHROMIUM: [(&str, &str); 7] = [
    ("Connection", "Upgrade"),
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-US,en;q=0.9"),
    ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
];

/// The same for Firefox.
const FIREFOX: [(&str, &str); 11] = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept", "*/*"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
    TWO_VALUES,
    ("Sec-Fetch-Dest", "empty"),
    ("Sec-Fetch-Mode", "websocket"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
];

/// Firefox sends this, and a server that compares the whole value refuses it.
const TWO_VALUES: (&str, &str) = ("Connection", "keep-alive, Upgrade");

/// All browsers offer this.
const OFFER: (&str, &str) = ("Sec-WebSocket-Extensions", "permessage-deflate");

/// The headers of browsers that servers are known to mind: a plain request with one of them is tried.
pub(super) const MINDED: [(&str, &str); 2] = [TWO_VALUES, OFFER];

impl Manner {
    /// The request for the target in this manner, with a new random key.
    pub(super) fn request(self, target: &Target) -> Request {
        let headers = match self {
            Self::Chromium => &CHROMIUM[..],
            Self::Firefox => &FIREFOX,
            Self::Plain => &[],
        };
        let given = |name: &str| target.headers.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
        headers
            .iter()
            .filter(|(name, _)| !given(name))
            .fold(target.request(), |request, (name, value)| request.header(name, value))
    }

    /// Its name in Russian.
    pub(super) fn in_russian(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::Plain => "простой запрос",
        }
    }
}

impl fmt::Display for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::Plain => "a plain request",
        })
    }
}
