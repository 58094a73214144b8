//! A server's names, as `Host` and `Origin` write them (RFC 9110 §7.2).

use std::net::IpAddr;

/// The name in a Host header, without the port.
pub(super) fn name(host: &str) -> Option<&str> {
    split(host).map(|(name, _)| name)
}

/// Whether `host` is what a Host header may be: a name or an address, perhaps with a port.
pub(super) fn is_valid(host: &str) -> bool {
    name(host).is_some_and(|name| !name.contains(['[', ']', ':']) || address(name).is_some())
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

/// `host:port`, or only `host`, into its parts; `None` for anything else, such as a path behind it.
pub(super) fn split(authority: &str) -> Option<(&str, Option<u16>)> {
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
