//! The checks of a request before a server switches protocols (RFC 6455 §4.2).

use std::borrow::Cow;

use http::header::{
    CONNECTION, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};

use super::framing::has_body;
use super::header::{has_token, only, text, tokens};
use super::{Agreement, Fault, HeadError, Origins, Rejection, VERSION, host, host_of};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The requests that a server accepts. By default: any path, no subprotocol, and pages as
/// [`Origins`] permits them.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The subprotocols that the server speaks, the preferred first.
    ///
    /// A client that offers none is accepted without one. A client that offers only others is
    /// refused, because neither side would understand the other's messages.
    pub subprotocols: Vec<Cow<'static, str>>,
    /// The sites whose pages may connect.
    pub origins: Origins,
    /// The server's names. Its addresses and `localhost` are accepted too. Empty means any name.
    ///
    /// List the names (`WS_HOSTS`) to stop DNS rebinding: a site can point its own domain at this
    /// computer, and then its pages have the same host in `Origin` as in `Host`. It cannot do so
    /// with an address.
    pub hosts: Vec<Cow<'static, str>>,
    /// The paths that have a WebSocket, byte for byte and without the query. Empty means any path.
    pub paths: Vec<Cow<'static, str>>,
}

impl Policy {
    /// Judges `request`: what is agreed on if it may upgrade, or why it is refused
    /// (RFC 6455 §4.2.2).
    ///
    /// # Errors
    ///
    /// The first fault of the request. The path is checked last: a malformed handshake gets 400
    /// at every path, a valid one to another path gets 404.
    pub fn answer<B>(&self, request: &Request<B>) -> Result<Agreement, Rejection> {
        let headers = request.headers();
        if request.version() != Version::HTTP_11 {
            // A request for a page is told of WebSockets, not of versions of HTTP.
            let asks = asks(headers);
            return Err(if asks { HeadError::HttpVersion.into() } else { Rejection::NotAsked });
        }
        let host = host_of(request)?;
        if request.method() != Method::GET {
            return Err(Rejection::method(request.method()));
        }
        asks_properly(headers)?;
        if has_body(headers) {
            return Err(Rejection::Body);
        }
        let version = only(headers, SEC_WEBSOCKET_VERSION).map_err(Rejection::Version)?;
        if version != VERSION {
            return Err(Rejection::other_version(version));
        }
        let key = only(headers, SEC_WEBSOCKET_KEY).and_then(text);
        let key = key.and_then(well_formed).map_err(Rejection::Key)?;
        self.permit_host(host)?;
        self.permit_page(headers, host)?;
        let subprotocol = self.choose(headers)?;
        let path = request.uri().path();
        if !self.paths.is_empty() && !self.paths.iter().any(|served| served == path) {
            return Err(Rejection::path(path, &self.paths));
        }
        let subprotocol = subprotocol.map(str::to_owned);
        // No extension is known here. Each one that is offered is declined by leaving it out of
        // the answer (RFC 6455 §9.1).
        Ok(Agreement { subprotocol, ..Agreement::new(key) })
    }

    /// Judges any HTTP request: its target and its Host and, if its method is not safe
    /// (RFC 9110 §9.2.1), the site of the page that sends it. Gives the host that it is for.
    ///
    /// # Errors
    ///
    /// Those of [`host_of`], [`permit_host`](Self::permit_host) and
    /// [`permit_page`](Self::permit_page).
    pub fn permit<'r, B>(&self, request: &'r Request<B>) -> Result<Option<&'r str>, Rejection> {
        let host = host_of(request)?;
        self.permit_host(host)?;
        let headers = request.headers();
        if !request.method().is_safe() {
            self.permit_page(headers, host)?;
            // A browser that leaves Origin out still sends Sec-Fetch-Site (Fetch Metadata).
            let from = headers.get(SEC_FETCH_SITE).filter(|_| !headers.contains_key(ORIGIN));
            if let Some(from) = from.filter(|from| *from != "same-origin" && *from != "none") {
                return Err(Rejection::origin(from.as_bytes()));
            }
        }
        Ok(host)
    }

    /// Judges the host that a request is for, as [`host_of`] gives it (RFC 9110 §7.4).
    ///
    /// # Errors
    ///
    /// The name is not among `hosts`, or the request names no host and `hosts` is not empty.
    pub fn permit_host(&self, host: Option<&str>) -> Result<(), Rejection> {
        if self.hosts.is_empty() {
            return Ok(());
        }
        let host = host.ok_or(Rejection::Host(Fault::Missing))?;
        let name = host::name(host).unwrap_or(host);
        let is_listed = || self.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(name));
        if host::is_local_or_address(name) || is_listed() {
            return Ok(());
        }
        Err(Rejection::misdirected(host))
    }

    /// Judges the site of the page that sends a request, if `Origin` names one (RFC 6455 §4.2.2,
    /// §10.2). Several `Origin` headers match no allowed origin.
    ///
    /// # Errors
    ///
    /// `origins` does not permit the site.
    pub fn permit_page(&self, headers: &HeaderMap, host: Option<&str>) -> Result<(), Rejection> {
        let origins: Vec<_> = headers.get_all(ORIGIN).iter().map(HeaderValue::as_bytes).collect();
        if origins.is_empty() {
            return Ok(());
        }
        let origin = origins.join(&b", "[..]);
        match str::from_utf8(&origin) {
            Ok(page) if self.origins.permit(page, host.unwrap_or_default()) => Ok(()),
            _ => Err(Rejection::origin(&origin)),
        }
    }

    /// The first of `subprotocols` that the client offers (RFC 6455 §4.2.2).
    fn choose<'h>(&self, headers: &'h HeaderMap) -> Result<Option<&'h str>, Rejection> {
        let offered = || tokens(headers, SEC_WEBSOCKET_PROTOCOL);
        let chosen = self.subprotocols.iter().find_map(|ours| offered().find(|name| name == ours));
        if chosen.is_none() && !self.subprotocols.is_empty() && offered().next().is_some() {
            return Err(Rejection::Subprotocol { spoken: self.subprotocols.join(", ") });
        }
        Ok(chosen)
    }
}

/// Whether a request asks for a WebSocket, with or without mistakes: it has a header that only a
/// handshake has.
///
/// A server answers such a request with 101 or a [`Rejection`], and any other with a page.
#[must_use]
pub fn asks(headers: &HeaderMap) -> bool {
    has_token(headers, UPGRADE, "websocket")
        || headers.contains_key(SEC_WEBSOCKET_KEY)
        || headers.contains_key(SEC_WEBSOCKET_VERSION)
}

/// Checks `Upgrade` and `Connection` (RFC 6455 §4.2.1).
fn asks_properly(headers: &HeaderMap) -> Result<(), Rejection> {
    if !asks(headers) {
        // A user typed the address into a browser.
        return Err(Rejection::NotAsked);
    }
    if !has_token(headers, UPGRADE, "websocket") {
        return Err(Rejection::Upgrade);
    }
    if !has_token(headers, CONNECTION, "upgrade") {
        return Err(Rejection::Connection);
    }
    Ok(())
}

/// 16 bytes in base64 are 22 symbols and two `=` (RFC 4648 §4).
///
/// The last symbol carries two bits more than 16 bytes need. They may have any value: the key is
/// not decoded, and clients exist that choose each symbol at random.
fn well_formed(key: &str) -> Result<&str, Fault> {
    let symbol = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    match key.strip_suffix("==") {
        Some(symbols) if symbols.len() == 22 && symbols.bytes().all(symbol) => Ok(key),
        _ => Err(Fault::Malformed),
    }
}
