//! The page: the files of `frontend/`, served from disk, so that an edit shows at the next reload.
//!
//! One page serves all examples. It requests `/dialect.json` to learn which messages its server
//! speaks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use warp::filters::BoxedFilter;
use warp::reject::{MethodNotAllowed, Rejection};
use warp::reply::{Response as Answer, json};
use warp::{Filter, Reply};

use crate::handshake::guard;

const FRONTEND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend");

const MISSING: &str = "There is nothing here: the page is at /, its WebSocket at /ws.\n";

/// Serves `frontend/` and tells it to speak `dialect`: `v1`, the number of a source as in `001`,
/// or `connections` to list the connections.
///
/// It must be the last route, because it answers every request: 404 if there is no such file.
pub fn page(dialect: &'static str) -> BoxedFilter<(Answer,)> {
    site(FRONTEND, dialect)
}

/// One file of `frontend/` as a complete answer, for a server without warp: 200, or 404.
///
/// `host` is the request's Host, which the content security policy permits to connect to. Cancel
/// safe.
pub async fn file(name: &str, host: Option<&str>) -> Response<Vec<u8>> {
    let plain = |name: &&str| {
        !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    let read = match Some(name).filter(plain) {
        Some(name) => tokio::fs::read(Path::new(FRONTEND).join(name)).await.ok(),
        None => None,
    };
    let found = read.is_some();
    let mut response = Response::new(read.unwrap_or_else(|| MISSING.into()));
    if !found {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    let kind = match name.rsplit('.').next() {
        Some("html") if found => "text/html; charset=utf-8",
        Some("css") if found => "text/css; charset=utf-8",
        Some("js") if found => "text/javascript; charset=utf-8",
        Some("svg") if found => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    strict(response.headers_mut(), host);
    response
}

/// Serves the files under `directory`, and tells the page to speak `dialect`.
///
/// Every answer forbids scripts, styles and connections of other origins.
pub fn site(directory: impl AsRef<Path>, dialect: &'static str) -> BoxedFilter<(Answer,)> {
    let spoken = warp::path!("dialect.json").and(warp::get());
    let spoken = spoken.map(move || json(&BTreeMap::from([("dialect", dialect)])).into_response());
    let files = warp::fs::dir(directory.as_ref().to_owned()).map(Reply::into_response);
    spoken
        .or(files)
        .unify()
        .recover(missing)
        .unify()
        .and(warp::header::optional::<String>("host"))
        .map(|mut response: Answer, host: Option<String>| {
            strict(response.headers_mut(), host.as_deref());
            response
        })
        .boxed()
}

async fn missing(rejection: Rejection) -> Result<Answer, Infallible> {
    let (status, words) = match rejection.find::<MethodNotAllowed>() {
        Some(_) => (StatusCode::METHOD_NOT_ALLOWED, "This page is read with GET.\n"),
        None => (StatusCode::NOT_FOUND, MISSING),
    };
    Ok(warp::reply::with_status(words, status).into_response())
}

fn strict(headers: &mut HeaderMap, host: Option<&str>) {
    headers.insert(CONTENT_SECURITY_POLICY, policy(host));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    guard(headers);
}

/// The content security policy of the page: it may load from and connect to this server only.
fn policy(host: Option<&str>) -> HeaderValue {
    // Older versions of Safari do not count ws: as 'self', so the host is named. It came from the
    // request and goes into a header, so other text than a host is left out.
    let plain =
        |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    let host = host.filter(plain);
    let sockets = host.map_or(String::new(), |host| format!(" ws://{host} wss://{host}"));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{sockets}; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
