//! Whether the `Content-Security-Policy` of a page lets it connect to a WebSocket (CSP Level 3 §6.7.2).

use data_encoding::HEXUPPER_PERMISSIVE;

use super::page::Page;
use crate::address::Address;

/// The directives that are asked, the first that is there decides (CSP Level 3 §6.1.2).
const DIRECTIVES: [&str; 2] = ["connect-src", "default-src"];

/// One policy of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentPolicy {
    /// Each directive with its values. Of several with one name, the first counts.
    directives: Vec<(String, Vec<String>)>,
}

impl ContentPolicy {
    /// The policy of a `<meta>` element.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut directives: Vec<(String, Vec<String>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            if !directives.iter().any(|(known, _)| *known == name) {
                directives.push((name, words.map(str::to_owned).collect()));
            }
        }
        Self { directives }
    }

    /// The policies of a header: several are separated by commas.
    pub fn parse_header(value: &str) -> impl Iterator<Item = Self> {
        value.split(',').map(Self::parse)
    }

    /// Whether browsers open `wss://` where the page asks for `ws://` (Upgrade Insecure Requests §3.2).
    #[must_use]
    pub fn upgrades(&self) -> bool {
        self.directives.iter().any(|(name, _)| name == "upgrade-insecure-requests")
    }

    /// The directive that forbids `page` to connect to `target`, as text; `None` if the policy permits it.
    #[must_use]
    pub fn forbids(&self, page: &Page, target: &Address) -> Option<String> {
        let find = |wanted| self.directives.iter().find(|(name, _)| name == wanted);
        let (name, sources) = DIRECTIVES.into_iter().find_map(find)?;
        let is_permitted = sources.iter().any(|source| permits(source, page, target));
        (!is_permitted).then(|| [&[name.clone()][..], sources].concat().join(" "))
    }
}

/// Whether one source matches `target` (CSP Level 3 §6.7.2.8). Chromium lets `*` match WebSockets.
fn permits(source: &str, page: &Page, target: &Address) -> bool {
    if source == "*" {
        return true;
    }
    if source.eq_ignore_ascii_case("'self'") {
        return is_self(page, target);
    }
    match source.split_once("://") {
        Some((scheme, place)) => {
            let scheme = scheme.to_ascii_lowercase();
            fits_scheme(&scheme, target) && fits_place(&scheme, place, target)
        }
        // A host without a scheme has that of the page, and no page is of `ws`.
        None => source
            .strip_suffix(':')
            .is_some_and(|scheme| fits_scheme(&scheme.to_ascii_lowercase(), target)),
    }
}

/// `'self'`: the page's host and port, where a page of HTTPS may open `wss` only.
fn is_self(page: &Page, target: &Address) -> bool {
    let Page { address: own } = page;
    let usual = |address: &Address| address.port == if address.tls { 443 } else { 80 };
    let is_port = own.port == target.port || (usual(own) && usual(target));
    own.host.eq_ignore_ascii_case(&target.host) && is_port && (target.tls || !own.tls)
}

/// `ws` permits `wss`, too.
fn fits_scheme(scheme: &str, target: &Address) -> bool {
    match scheme {
        "ws" => true,
        "wss" => target.tls,
        _ => false,
    }
}

/// Whether the host, the port and the path of a source match.
fn fits_place(scheme: &str, place: &str, target: &Address) -> bool {
    let (authority, path) = match place.find('/') {
        Some(at) => place.split_at(at),
        None => (place, ""),
    };
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match authority.rfind(':').filter(|&at| !authority[at..].contains(']')) {
        Some(at) => (&authority[..at], Some(&authority[at + 1..])),
        None => (authority, None),
    };
    fits_host(host, &target.host) && fits_port(scheme, port, target) && fits_path(path, target)
}

fn fits_host(host: &str, target: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    match host.strip_prefix('*') {
        Some("") => true,
        Some(domain) => {
            let front = target.len().checked_sub(domain.len()).filter(|&front| front > 0);
            let end = front.and_then(|front| target.get(front..));
            domain.starts_with('.') && end.is_some_and(|end| end.eq_ignore_ascii_case(domain))
        }
        None => bare.eq_ignore_ascii_case(target),
    }
}

/// No port is the usual one of the scheme that is connected by. Where `ws` permits `wss`, 80 permits 443, and
/// no other number permits anything.
fn fits_port(scheme: &str, port: Option<&str>, target: &Address) -> bool {
    let is_upgraded = scheme == "ws" && target.tls;
    match port {
        None => target.port == if target.tls { 443 } else { 80 },
        Some("*") => true,
        Some(port) if is_upgraded => port == "80" && target.port == 443,
        Some(port) => port.parse() == Ok(target.port),
    }
}

/// A path that ends in `/` permits what is below it, any other itself alone (CSP Level 3 §6.7.2.12).
fn fits_path(path: &str, target: &Address) -> bool {
    let cut = |text: &str, at: &[char]| text.split(at).next().map(decoded).unwrap_or_default();
    // A source counts only up to its `?` or `#`.
    let (path, target) = (cut(path, &['?', '#']), cut(&target.target, &['?']));
    path.is_empty() || if path.ends_with(b"/") { target.starts_with(&path) } else { path == target }
}

/// The bytes of a path, `%41` as `A`.
fn decoded(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).and_then(|two| HEXUPPER_PERMISSIVE.decode(two).ok());
        let (byte, size) = match hex.as_deref() {
            Some([byte]) if *first == b'%' => (*byte, 3),
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[size..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of HTTP are at `http://a.test:8000/`, those of HTTPS at `https://a.test/`. Chromium 156
    /// opens and refuses the same: see `tests/browser/page_rules.rs`, which tries the sources below.
    #[test]
    fn sources_permit_what_they_permit_in_a_browser() {
        let http = Page { address: "ws://a.test:8000/".parse().unwrap() };
        let https = Page { address: "wss://a.test/".parse().unwrap() };
        for (page, policy, target, is_permitted) in [
            (&http, "connect-src ws://a.test:8000/%41?b", "ws://a.test:8000/A", true),
            (&http, "connect-src ws://a.test:8000/a/", "ws://a.test:8000/a/b", true),
            (&http, "connect-src ws://a.test:8000/a/", "ws://a.test:8000/a", false),
            (&http, "connect-src ws://[::1]:9", "ws://[::1]:9/", true),
            (&http, "connect-src ws://*.test:*", "ws://a.test:8000/", true),
            (&http, "connect-src ws://*.a.test:*", "ws://a.test:8000/", false),
            (&http, "connect-src ws://a.test:99999", "ws://a.test/", false),
            (&http, "connect-src 'nonce-a' a.test:8000", "ws://a.test:8000/", false),
            (&http, "img-src *; default-src *", "ws://a.test:8000/", true),
            (&https, "connect-src 'self'", "wss://a.test/", true),
            (&https, "connect-src 'self'", "ws://a.test/", false),
            (&https, "connect-src ws://a.test:80", "wss://a.test/", true),
            (&https, "connect-src ws://a.test:81", "wss://a.test:81/", false),
            (&https, "connect-src a.test https:", "wss://a.test/", false),
        ] {
            let target: Address = target.parse().unwrap();
            let forbidden = ContentPolicy::parse(policy).forbids(page, &target);
            assert_eq!(forbidden.is_none(), is_permitted, "{page} {policy} {target}");
        }
    }
}
