//! The address of a request: its target and its Host (RFC 9112 §3.2).

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Uri, Version};

use super::header::{only, text};
use super::{Fault, Rejection, host};

/// The host that `request` is for: the authority of an absolute target, or else its Host
/// (RFC 9112 §3.2.2). `None` for a request of HTTP/1.0 that names none.
///
/// # Errors
///
/// The target has no path (`CONNECT a:80` has none either), or its authority is malformed.
/// `Host` is missing in HTTP/1.1, empty, malformed, or repeated. `OPTIONS *`, which asks about the
/// server as a whole (RFC 9110 §9.3.7), is refused as a method.
pub fn host_of<B>(request: &Request<B>) -> Result<Option<&str>, Rejection> {
    let target = request.uri();
    if *request.method() == Method::OPTIONS && target.path() == "*" {
        return Err(Rejection::method(request.method()));
    }
    if *request.method() == Method::CONNECT || !target.path().starts_with('/') {
        return Err(Rejection::target(target));
    }
    let named = match only(request.headers(), HOST).and_then(text) {
        Err(Fault::Missing) if request.version() <= Version::HTTP_10 => None,
        Ok(name) if host::is_valid(name) => Some(name),
        Ok(_) => return Err(Rejection::Host(Fault::Malformed)),
        Err(fault) => return Err(Rejection::Host(fault)),
    };
    match target.authority() {
        None => Ok(named),
        Some(authority) if host::is_valid(authority.as_str()) => Ok(Some(authority.as_str())),
        Some(_) => Err(Rejection::target(target)),
    }
}

/// Replaces an absolute target by its path, and Host by the target's authority, as a server must
/// (RFC 9112 §3.2.2). Code that reads the request afterwards has to know only one form.
///
/// # Errors
///
/// As for [`host_of`].
pub fn to_origin_form<B>(request: &mut Request<B>) -> Result<(), Rejection> {
    let host = host_of(request)?;
    if request.uri().authority().is_none() {
        return Ok(());
    }
    let host = host.and_then(|host| HeaderValue::from_str(host).ok());
    let host = host.ok_or(Rejection::Host(Fault::Malformed))?;
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(HOST, host);
    Ok(())
}
