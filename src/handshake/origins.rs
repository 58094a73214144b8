//! Which pages may connect (RFC 6455 §10.2).
//!
//! Any page on the web may open a WebSocket to any server, cookies included,
//! and the browser does not ask the server first. It only tells, in `Origin`,
//! whose page it is: whoever does not look lets every site speak for its visitors.

use std::borrow::Cow;
use std::net::IpAddr;

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

/// The name in a Host header, without the port.
pub(super) fn name(host: &str) -> Option<&str> {
    split(host).map(|(name, _)| name)
}

/// Whether nobody can point this name elsewhere: no name server is asked for it.
pub(super) fn is_local_or_address(name: &str) -> bool {
    is_localhost(name) || address(name).is_some()
}

/// Whether `host`, a Host header, names a computer by what no site on the web can be
/// called: its address, `localhost`, a name without a dot, or one that ends in `.local`
/// (RFC 6762 §3) or `.localhost` (RFC 6761 §6.3).
///
/// Whoever owns another name may have it point anywhere, at this computer too.
#[must_use]
pub fn is_private(host: &str) -> bool {
    let Some(name) = name(host) else { return false };
    let label = |label: &str| label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_local_or_address(name)
        || label(name)
        || name.rsplit_once('.').is_some_and(|(_, top)| {
            ["local", "localhost"].iter().any(|known| top.eq_ignore_ascii_case(known))
        })
}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

/// `127.0.0.1` and `[::1]`, as URLs write them.
fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    }
}

/// `host:port`, or only `host`, into its parts; `None` for anything else, such as a path behind it.
fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of `[::1]` are not the one before a port.
    let host_end = authority.find(']').map_or(0, |at| at + 1);
    let host_end = authority[host_end..].find(':').map_or(authority.len(), |at| host_end + at);
    let (host, rest) = authority.split_at(host_end);
    let port = match rest.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        Some(_) => return None,
        None => None,
    };
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~[]:".contains(&byte);
    (!host.is_empty() && host.bytes().all(fine)).then_some((host, port))
}
