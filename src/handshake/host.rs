//! A server's names, as `Host` and `Origin` write them (RFC 9110 §7.2).

use std::net::IpAddr;

use http::uri::Authority;

/// The name in a Host header, without the port.
pub(super) fn name(host: &str) -> Option<&str> {
    split(host).map(|(name, _)| name)
}

/// Whether `host` is a valid Host header: a name or an address, with or without a port.
pub(super) fn is_valid(host: &str) -> bool {
    name(host).is_some_and(|name| !name.contains(['[', ']', ':']) || address(name).is_some())
}

/// Whether `name` is `localhost` or an address. Such a name is not looked up in DNS, so the owner
/// of a domain cannot point it at this computer.
pub(super) fn is_local_or_address(name: &str) -> bool {
    is_localhost(name) || address(name).is_some()
}

/// Whether `host`, a Host header, is a name that no site on the web can have: an address,
/// `localhost`, a name without a dot, or a name that ends in `.local` (RFC 6762 §3) or
/// `.localhost` (RFC 6761 §6.3).
///
/// The owner of any other name can point it at any computer, this one too.
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

pub(super) fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

/// `127.0.0.1` and `[::1]`, as URLs write them.
pub(super) fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    }
}

/// The host and the port of `host:port` or `host`; `None` for any other text, such as one with a
/// path or a user.
pub(super) fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~[]:".contains(&byte);
    if !authority.bytes().all(is_plain) {
        return None;
    }
    let parsed: Authority = authority.parse().ok()?;
    // No user stands before it, so the text begins with the host.
    let (host, rest) = authority.split_at(parsed.host().len());
    let port = parsed.port_u16();
    let is_whole =
        if rest.is_empty() { port.is_none() } else { rest.starts_with(':') && port.is_some() };
    (is_whole && !host.is_empty()).then_some((host, port))
}
