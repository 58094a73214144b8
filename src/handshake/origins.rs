//! The check of the site whose page connects (RFC 6455 §10.2).
//!
//! Any page on the web may open a WebSocket to any server. The browser sends the server's cookies
//! with the request and does not ask the server first. It names the page's site in `Origin`. A
//! server that does not check `Origin` lets every site act in the name of its visitors.

use std::borrow::Cow;

use super::host::{address, is_localhost, split};

/// The sites whose pages may connect.
///
/// By default: pages of the host that they connect to, and pages of this computer (`localhost`,
/// 127.0.0.0/8, `[::1]`, any port). Programs other than browsers send no Origin and may connect.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    any: bool,
    listed: Vec<Cow<'static, str>>,
}

impl Origins {
    /// Permits these origins too, such as `https://class.example`: scheme, host and port as the
    /// browser writes them. `null` is the origin of a page opened from disk, but also of a page
    /// in a sandboxed frame of any site.
    pub fn allow<T: Into<Cow<'static, str>>>(origins: impl IntoIterator<Item = T>) -> Self {
        Self { any: false, listed: origins.into_iter().map(Into::into).collect() }
    }

    /// Permits every page of every site. Use it only where an answer does not depend on the user.
    #[must_use]
    pub fn any() -> Self {
        Self { any: true, listed: Vec::new() }
    }

    /// Whether a page from `origin` may connect to `host`, both as in the headers of that name.
    #[must_use]
    pub fn permit(&self, origin: &str, host: &str) -> bool {
        self.any
            || self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
            || PageOrigin::parse(origin).is_some_and(|page| page.is_loopback() || page.is_at(host))
    }
}

/// The parts of a web page's origin.
struct PageOrigin<'a> {
    host: &'a str,
    port: u16,
    default_port: u16,
}

impl<'a> PageOrigin<'a> {
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

    /// Whether `host`, a Host header, names the same host and port.
    fn is_at(&self, host: &str) -> bool {
        split(host).is_some_and(|(host, port)| {
            // A Host without a port means the default port of the scheme.
            self.host.eq_ignore_ascii_case(host) && self.port == port.unwrap_or(self.default_port)
        })
    }
}
