//! The page: the files of `frontend/`, from the program itself or from disk, with strict headers.
//!
//! One page serves all examples. It requests `/dialect.json` to learn which messages its server
//! speaks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::ready;

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use warp::filters::BoxedFilter;
use warp::filters::path::FullPath;
use warp::reject::{MethodNotAllowed, Rejection};
use warp::reply::{Response as Answer, json};
use warp::{Filter, Reply};

use crate::frontend::{Frontend, embedded};
use crate::handshake::guard;

const MISSING: &str = "There is nothing here: the page is at /, its WebSocket at /ws.\n";

/// Serves the files of `frontend` and tells the page to speak `dialect`: the name of a dialect of
/// the chat, as in `canonical` or `node_chat`, or `connections` to list the connections. `/r/NAME`
/// is the page, too: a link to a room.
///
/// It must be the last route, because it answers every request: 404 if there is no such file, and
/// 405 to methods other than `GET`. Every answer forbids scripts, styles and connections of other
/// origins.
pub fn page(frontend: &Frontend, dialect: &'static str) -> BoxedFilter<(Answer,)> {
    let spoken = warp::path!("dialect.json").and(warp::get());
    let spoken = spoken.map(move || json(&BTreeMap::from([("dialect", dialect)])).into_response());
    let files = match frontend {
        Frontend::Embedded => built_in().boxed(),
        Frontend::Directory(path) => {
            let index = warp::path!("r" / String).map(drop).untuple_one();
            let index = index.and(warp::fs::file(path.join("index.html")));
            let files = warp::fs::dir(path.clone());
            index.or(files).unify().map(Reply::into_response).boxed()
        }
    };
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

/// The embedded file that the path names; `/` is `index.html`.
fn built_in() -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone {
    warp::get().and(warp::path::full()).and_then(|path: FullPath| {
        let name = match path.as_str() {
            "/" => "index.html",
            path if is_room(path) => "index.html",
            path => path.trim_start_matches('/'),
        };
        let found = embedded(name).map(|contents| {
            let mut response = contents.into_response();
            let kind = HeaderValue::from_static(content_type(name));
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        });
        ready(found.ok_or_else(warp::reject::not_found))
    })
}

/// Whether the path is the link to a room, `/r/NAME`. The page finds the name in its own address.
fn is_room(path: &str) -> bool {
    path.strip_prefix("/r/").is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// One file of `frontend` as a complete answer, for a server without warp: 200, or 404.
///
/// `host` is the request's Host, to which the content security policy permits connections. Cancel
/// safe: dropped, it has changed nothing.
pub async fn file(frontend: &Frontend, name: &str, host: Option<&str>) -> Response<Vec<u8>> {
    let plain = |name: &&str| {
        !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    let read = match (frontend, Some(name).filter(plain)) {
        (Frontend::Embedded, Some(name)) => embedded(name).map(Vec::from),
        (Frontend::Directory(path), Some(name)) => tokio::fs::read(path.join(name)).await.ok(),
        (_, None) => None,
    };
    let found = read.is_some();
    let mut response = Response::new(read.unwrap_or_else(|| MISSING.into()));
    let mut kind = content_type(name);
    if !found {
        *response.status_mut() = StatusCode::NOT_FOUND;
        kind = "text/plain; charset=utf-8";
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    strict(response.headers_mut(), host);
    response
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
    // Older versions of Safari do not count ws: as 'self', so the policy names the host. The client
    // wrote it, so any text that is not a host is left out.
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
