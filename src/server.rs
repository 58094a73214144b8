//! An HTTP server for warp routes and WebSockets, with an accept loop of its own.
//!
//! hyper answers a malformed head with an empty 400, has one timer for the head and for idleness,
//! and never answers 408. warp's own server has no deadlines. So this server reads each
//! connection's first head itself: it refuses a head that is malformed or late, and replays any
//! other to hyper. It judges every request before warp sees it, the first and those after it,
//! because warp panics at a target without a path.
//!
//! Every refusal is a [`Rejection`], made into an answer by [`Rejection::to_response`]. hyper refuses
//! a malformed head that comes after the first of a connection; an
//! [`Explained`](crate::stream::Explained) stream writes a rejection in place of hyper's answer.

mod pending;
mod site;

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::{FutureExt, TryFutureExt};
use http::Version;
use http::header::HOST;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::{debug, warn};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

pub use self::pending::{PendingConnections, Place};
use self::site::Site;
use crate::handshake::{self, Policy, Rejection};
pub use crate::limits::KEEP_ALIVE;
use crate::limits::{BREATHER, Caps};
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::upgrade::{Accepted, Upgrade, UpgradedIo, upgrade};

/// Serves `routes`, tried in their order, to every connection to `listener` until `shutdown` begins.
///
/// Every request is judged before the routes, the first of a connection and those after it. One
/// that breaks RFC 9112 §3.2 gets 400; one for a host that is not among `settings.hosts` gets 421
/// (RFC 9110 §7.4); one of an unsafe method, from a page that `settings.origins` does not list,
/// gets 403. `HEAD` is served as `GET` without the body. A request that no route takes gets 426.
/// Answers carry the headers of [`handshake::guard`]. Requests carry the
/// [`Ends`](crate::upgrade::Ends) of their connection and an [`Upgrade`] as extensions.
///
/// At most [`MAX_PENDING`](crate::limits::MAX_PENDING) connections are not WebSockets yet. One more
/// waits, and all after it wait in the listener's backlog, until one of those ends or is
/// [`PENDING_GRACE`](crate::limits::PENDING_GRACE) old; then one of the network that holds most of
/// them is cut. A flood shortens the grace. A connection has `settings.head` for each head,
/// `settings.keep_alive` until the next one begins, and `settings.write` to take some bytes of an
/// answer. A head that takes longer is refused with 408.
///
/// The listener is closed when this returns; connections end by themselves, tracked by
/// `shutdown`. Cancel safe: connections that were accepted go on.
pub fn serve<I>(
    settings: &Settings,
    listener: TcpListener,
    routes: I,
    shutdown: Shutdown,
) -> impl Future<Output = ()> + Send + use<I>
where
    I: IntoIterator<Item = BoxedFilter<(Response,)>>,
{
    serve_beside(PendingConnections::default(), settings, listener, routes, shutdown)
}

/// As [`serve`], for one of several listeners that share the places of `pending`.
pub(crate) fn serve_beside<I>(
    pending: PendingConnections,
    settings: &Settings,
    listener: TcpListener,
    routes: I,
    shutdown: Shutdown,
) -> impl Future<Output = ()> + Send + use<I>
where
    I: IntoIterator<Item = BoxedFilter<(Response,)>>,
{
    let nothing = warp::any().map(|| Rejection::NotAsked.into_response());
    let before = |rest: BoxedFilter<_>, first: BoxedFilter<_>| first.or(rest).unify().boxed();
    let routes = Vec::from_iter(routes).into_iter().rev().fold(nothing.boxed(), before);
    let site = Arc::new(Site::new(settings, routes));
    async move {
        loop {
            let next = async {
                let (tcp, peer) = accept(&listener).await;
                (tcp, pending.place(peer.ip()).await)
            };
            let (tcp, place) = tokio::select! {
                next = next => next,
                () = shutdown.begun() => return,
            };
            let site = site.clone();
            let ending = shutdown.clone();
            shutdown.spawn(async move {
                if let Err(error) = site.connection(tcp, place, ending).await {
                    debug!(%error, "connection");
                }
            });
        }
    }
}

/// A route for WebSockets.
///
/// It takes every request that asks for a WebSocket, and every request to one of `policy.paths`
/// except `/`, where requests that ask for none are left to the page. `policy` judges each. For
/// each that it accepts, `serve` runs as a task that `shutdown` waits for. All other requests go to
/// the routes after this one.
///
/// `caps` counts each connection until its stream is dropped. One more than it allows gets 503. To
/// limit messages too, take the [`Permit`](crate::limits::Permit) out of the stream, as
/// [`UpgradedIo`] tells.
pub fn sockets<F>(
    policy: Policy,
    caps: Caps,
    shutdown: &Shutdown,
    serve: impl Fn(Accepted<UpgradedIo>) -> F + Clone + Send + Sync + 'static,
) -> BoxedFilter<(Response,)>
where
    F: Future<Output: Send> + Send + 'static,
{
    let policy = Arc::new(policy);
    let shutdown = shutdown.clone();
    let judge = policy.clone();
    upgrade()
        .and_then(move |upgrade: Upgrade| {
            let request = upgrade.request();
            let ours = judge.paths.iter().any(|path| path != "/" && path == request.uri().path());
            let ours = ours || handshake::asks(request.headers());
            ready(if ours { Ok(upgrade) } else { Err(warp::reject()) })
        })
        .map(move |upgrade: Upgrade| {
            let pending = match upgrade.answer(&policy, &caps) {
                Ok(pending) => pending,
                Err(rejection) => return rejection.into_response(),
            };
            let response = pending.to_response();
            let serve = serve.clone();
            // Two futures one after the other: the second does not keep the memory of the first.
            let served = Box::pin(pending.granted())
                .inspect_err(|gone| debug!(%gone, "left before the upgrade"))
                .and_then(move |accepted| serve(accepted).map(Ok));
            // Spawned before the 101 is sent, so that a shutdown waits for it.
            shutdown.spawn(served.map(drop));
            response.into_response()
        })
        .boxed()
}

/// The headers by which proxies name the client, and which browsers do not send: RFC 7239,
/// RFC 9110 §7.6.3, and the names in use before them.
const FORWARDING: [&str; 12] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
];

/// A filter that passes only requests of programs on this computer; all others go to the routes
/// after it.
///
/// It is for routes that list the connections, which only the teacher may see. A request passes
/// if it comes from loopback, its Host is a name that no site on the web can have
/// ([`is_private`](handshake::is_private)), it is of HTTP/1.1, and it carries no header of a
/// proxy, such as `Forwarded`, `Via`, `X-Forwarded-For` or `X-Real-IP`: through a proxy on this
/// computer everyone comes from loopback.
///
/// A proxy that adds none of these headers and speaks HTTP/1.1 cannot be told from a program
/// here. Have it add one, or keep it from passing this route on.
pub fn loopback() -> impl Filter<Extract = (), Error = warp::Rejection> + Copy {
    let local = |asked: Upgrade| {
        let request = asked.request();
        let headers = request.headers();
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let ours = asked.ends().is_some_and(|ends| ends.peer.ip().to_canonical().is_loopback())
            && host.is_some_and(handshake::is_private)
            // Many proxies speak HTTP/1.0 to the server behind them by default.
            && request.version() > Version::HTTP_10
            && !FORWARDING.iter().any(|name| headers.contains_key(*name));
        ready(if ours { Ok(()) } else { Err(warp::reject()) })
    };
    upgrade().and_then(local).untuple_one()
}

/// Waits for the next connection. Cancel safe.
///
/// Accepting can fail: the client hung up, or the system has no descriptors. It logs the error,
/// waits for a moment and tries again, so that no client can end the server.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                warn!(%error, "cannot accept");
                sleep(BREATHER).await;
            }
        }
    }
}
