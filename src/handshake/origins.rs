//! Which pages may connect (RFC 6455 §10.2).
//!
//! Any page on the web may open a WebSocket to any server, cookies included,
//! and the browser does not ask the server first. It only tells, in `Origin`,
//! whose page it is: whoever does not look lets every site speak for its visitors.

use std::borrow::Cow;

use super::host::{address, is_localhost, split};

/// Whose pages are let in.
///
/// By default: pages from the host they connect to, pages from this computer
/// (`localhost`, 127.0.0.0/8, `[::1]`, any port), and programs, which send no Origin.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    any: bool,
    listed: Vec<Cow<'static, str>>,
}

impl Origins {
    /// Lets these in besides, such as `https://class.example`: scheme, host and
    /// port as the browser writes them. `null` is a page opened from disk, but
    /// also one in a sandboxed frame of any site.
    pub fn allow<T: Into<Cow<'static, str>>>(origins: impl IntoIterator<Item = T>) -> Self {
        Self { any: false, listed: origins.into_iter().map(Into::into).collect() }
    }

    /// Lets every page of every site in: right only where nothing depends on who is asking.
    #[must_use]
    pub fn any() -> Self {
        Self { any: true, listed: Vec::new() }
    }

    /// Whether a page from `origin` may connect to `host`, both as in the headers of that name.
    #[must_use]
    pub fn permit(&self, origin: &str, host: &str) -> bool {
        self.any
            || self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
            || Site::parse(origin).is_some_and(|site| site.is_loopback() || site.is_at(host))
    }
}

/// A web page's origin, taken apart.
struct Site<'a> {
    host: &'a str,
    port: u16,
    default_port: u16,
}

impl<'a> Site<'a> {
    fn parse(origin: &'a str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let default_port = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let (host, port) = split(authority)?;
        Some(Self { host, port: port.unwrap_or(default_port), default_port })
    }

    fn is_loopback(&self) -> bool {
        is_localhost(self.host) || address(self.host).is_some_and(|ip| ip.is_loopback())
    }

    /// Whether `host`, a Host header, means the same place.
    fn is_at(&self, host: &str) -> bool {
        split(host).is_some_and(|(host, port)| {
            // A Host without a port leaves out the default of the scheme it was reached by.
            self.host.eq_ignore_ascii_case(host) && self.port == port.unwrap_or(self.default_port)
        })
    }
}
