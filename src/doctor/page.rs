//! The page that opens the WebSocket.

use std::fmt;
use std::str::FromStr;

use crate::address::{Address, AddressError};

/// The last parts of names that no public registry gives out: Chromium does not try HTTPS for them.
const LOCAL_DOMAINS: [&str; 9] =
    ["corp", "example", "home", "internal", "invalid", "lan", "local", "localhost", "test"];

/// A page, by the address that a browser shows: `https://example.com/chat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its address; `tls` is of `https`.
    pub address: Address,
}

impl Page {
    /// The value of `Origin` in requests of the page (RFC 6454 §6.2).
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.address.authority())
    }

    fn scheme(&self) -> &'static str {
        if self.address.tls { "https" } else { "http" }
    }

    /// The page that a redirect of this one leads to, if it is of HTTP.
    pub(super) fn redirected(&self, to: &str) -> Option<Self> {
        if to.starts_with("//") {
            return format!("{}:{to}", self.scheme()).parse().ok();
        }
        if to.starts_with('/') {
            return Some(Self { address: self.address.at(to.split('#').next().unwrap_or(to)) });
        }
        to.parse().ok()
    }

    /// Whether Chromium opens it by HTTPS first: a public name without a port, typed with `http`.
    pub(super) fn is_tried_by_https(&self) -> bool {
        let Address { tls, host, port, .. } = &self.address;
        let is_public = host.rsplit_once('.').is_some_and(|(_, top)| {
            let is_local = LOCAL_DOMAINS.contains(&top);
            !is_local && top.starts_with(|first: char| first.is_ascii_alphabetic())
        });
        !tls && *port == 80 && is_public
    }
}

impl FromStr for Page {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(url.to_owned());
        let (scheme, rest) = url.split_once("://").ok_or_else(malformed)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "ws",
            "https" => "wss",
            _ => return Err(malformed()),
        };
        // Browsers send no fragment.
        let rest = rest.split('#').next().unwrap_or(rest);
        Ok(Self { address: format!("{scheme}://{rest}").parse()? })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.address.target)
    }
}
