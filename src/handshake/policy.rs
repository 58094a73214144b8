//! What a server asks of a request before it switches protocols (RFC 6455 §4.2).

use std::borrow::Cow;

use http::header::{
    CONNECTION, CONTENT_LENGTH, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};

use super::{AcceptKey, Fault, HeadError, Origins, Rejection, VERSION, host, host_of};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What an endpoint is willing to accept. By default: any path, no subprotocol,
/// and pages as [`Origins`] says.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Subprotocols spoken here, the preferred first.
    ///
    /// A client that offers none is let in without one; a client that offers
    /// only others is refused, since each would misunderstand the other.
    pub subprotocols: Vec<Cow<'static, str>>,
    /// Whose pages are let in.
    pub origins: Origins,
    /// Names this server goes by; besides them, its addresses and `localhost`.
    ///
    /// A page may point a name of its own at this computer, and is then of the
    /// same host as far as `Origin` can tell: DNS rebinding. It cannot do so with an
    /// address. Empty means any name, for pages too: list the names where that matters
    /// (`WS_HOSTS`).
    pub hosts: Vec<Cow<'static, str>>,
    /// Paths with a WebSocket, exactly as written and without the query; empty means any.
    pub paths: Vec<Cow<'static, str>>,
}

impl Policy {
    /// The same, at one path only.
    #[must_use]
    pub fn at(mut self, path: &'static str) -> Self {
        self.paths = vec![path.into()];
        self
    }

    /// Judges `request` and, if it may upgrade, gives the 101 (RFC 6455 §4.2.2).
    ///
    /// Extensions are never agreed to, so permessage-deflate is declined by silence.
    ///
    /// # Errors
    ///
    /// The first thing wrong with the request. The path comes last: a broken
    /// handshake is 400 wherever it goes, only a sound one is worth a 404.
    pub fn answer<B>(&self, request: &Request<B>) -> Result<Response<()>, Rejection> {
        let headers = request.headers();
        if request.version() != Version::HTTP_11 {
            return Err(HeadError::HttpVersion.into());
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
        Ok(switch(key, subprotocol))
    }

    /// Judges any HTTP request: how it is addressed and, if its method may change something
    /// (RFC 9110 §9.2.1), whose page sends it. Gives the host that it is for.
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
            // A browser that leaves Origin out still says where the page is from (Fetch Metadata).
            let from = headers.get(SEC_FETCH_SITE).filter(|_| !headers.contains_key(ORIGIN));
            if let Some(from) = from.filter(|from| *from != "same-origin" && *from != "none") {
                return Err(Rejection::origin(from.as_bytes()));
            }
        }
        Ok(host)
    }

    /// Judges the name by which the client came, as [`host_of`] gives it (RFC 9110 §7.4).
    ///
    /// # Errors
    ///
    /// It is not among `hosts`, or a request names no host where only some are served.
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

    /// Judges the page that asks, if `Origin` names one, for a WebSocket or for any request that
    /// changes something (RFC 6455 §4.2.2, §10.2). Several `Origin` headers match no allowed origin.
    ///
    /// # Errors
    ///
    /// `origins` does not permit it.
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

    /// The first of ours that the client offers (RFC 6455 §4.2.2).
    fn choose<'h>(&self, headers: &'h HeaderMap) -> Result<Option<&'h str>, Rejection> {
        let offered = || tokens(headers, SEC_WEBSOCKET_PROTOCOL);
        let chosen = self.subprotocols.iter().find_map(|ours| offered().find(|name| name == ours));
        if chosen.is_none() && !self.subprotocols.is_empty() && offered().next().is_some() {
            return Err(Rejection::Subprotocol { spoken: self.subprotocols.join(", ") });
        }
        Ok(chosen)
    }
}

/// The 101 (RFC 6455 §4.2.2).
fn switch(key: &str, subprotocol: Option<&str>) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    let accept = AcceptKey::derive(key).accept;
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.try_into().expect("base64 is ASCII"));
    if let Some(name) = subprotocol {
        let name = name.try_into().expect("it came out of a header");
        headers.insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
    response
}

/// Whether a request wants a WebSocket, however clumsily it says so.
///
/// One that does deserves a 101 or a reason; one that does not is for a page.
#[must_use]
pub fn asks(headers: &HeaderMap) -> bool {
    has_token(headers, UPGRADE, "websocket")
        || headers.contains_key(SEC_WEBSOCKET_KEY)
        || headers.contains_key(SEC_WEBSOCKET_VERSION)
}

/// Whether the request says as it must that it wants a WebSocket (RFC 6455 §4.2.1).
fn asks_properly(headers: &HeaderMap) -> Result<(), Rejection> {
    if !asks(headers) {
        // Someone typed the address into a browser: they are told what is here.
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

/// Whether a request says that a body follows its head (RFC 9112 §6).
#[must_use]
pub fn has_body(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length != "0")
}

/// Whether the client expects the connection to end with the answer (RFC 9112 §9.3).
#[must_use]
pub fn is_last(request: &Request<()>) -> bool {
    request.version() < Version::HTTP_11 || has_token(request.headers(), CONNECTION, "close")
}

/// The value of a header that must come exactly once.
pub(super) fn only(headers: &HeaderMap, name: HeaderName) -> Result<&HeaderValue, Fault> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Fault::Missing),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(Fault::Repeated),
    }
}

pub(super) fn text(value: &HeaderValue) -> Result<&str, Fault> {
    value.to_str().map_err(|_| Fault::Malformed)
}

/// 16 bytes in base64 are 22 symbols and two `=` (RFC 4648 §4).
///
/// The two bits that the last symbol has to spare may be anything: a key is
/// never decoded, and clients that roll dice for letters are let in everywhere.
fn well_formed(key: &str) -> Result<&str, Fault> {
    let symbol = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    match key.strip_suffix("==") {
        Some(symbols) if symbols.len() == 22 && symbols.bytes().all(symbol) => Ok(key),
        _ => Err(Fault::Malformed),
    }
}

/// The members of a comma-separated list over all lines of that name (RFC 9110 §5.6.1).
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}
