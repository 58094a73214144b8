//! HTTP in front of the WebSockets: an accept loop of our own under warp's routes.
//!
//! hyper answers a malformed head with an empty 400, has one timer for the head
//! and for idleness, and never says 408 or 505; warp's own server has no
//! deadlines at all. So each connection's first head is read and judged here,
//! answered with a sentence if it cannot be served, and replayed to hyper if it
//! can.

use std::collections::VecDeque;
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use futures::{FutureExt, TryFutureExt};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::{debug, warn};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::handshake::{self, HEAD_LIMIT, HEADER_LIMIT, Policy, Rejection};
pub use crate::limits::KEEP_ALIVE;
use crate::limits::{BREATHER, Caps, MAX_STRANGERS, Permit, WriteWithin};
use crate::page::guard;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::stream::Rewind;
use crate::upgrade::{AcceptError, Accepted, Ends, Upgrade, UpgradedIo, read_head, upgrade};

/// Serves `routes`, tried in their order, to every connection to `listener` until `shutdown` begins.
///
/// A request that no route takes is told that there are WebSockets here (426).
/// Requests carry their connection's [`Ends`] as an extension. At most
/// [`MAX_STRANGERS`] connections are not WebSockets yet; one more, and the oldest
/// is cut. Each has ten seconds for its first head, half a minute for each after
/// that, and ten seconds to take something of its answers. Answers carry the headers
/// of [`guard`]. The listener is closed when this returns; connections end by
/// themselves, tracked by `shutdown`.
pub async fn serve(
    listener: TcpListener,
    routes: impl IntoIterator<Item = BoxedFilter<(Response,)>>,
    shutdown: Shutdown,
) {
    serve_with(&Settings::default(), listener, routes, shutdown).await;
}

/// The same, with the deadlines of `settings`: `head`, `keep_alive` and `write`.
pub async fn serve_with(
    settings: &Settings,
    listener: TcpListener,
    routes: impl IntoIterator<Item = BoxedFilter<(Response,)>>,
    shutdown: Shutdown,
) {
    let settings = Arc::new(settings.clone());
    let nothing = warp::any().map(|| Rejection::NotAsked.to_response().into_response());
    let before = |rest: BoxedFilter<_>, first: BoxedFilter<_>| first.or(rest).unify().boxed();
    let routes = Vec::from_iter(routes).into_iter().rev().fold(nothing.boxed(), before);
    let routes = routes.map(guarded).boxed();
    let mut strangers = Strangers::default();
    loop {
        let (tcp, _) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = shutdown.begun() => return,
        };
        let (settings, routes, ending) = (settings.clone(), routes.clone(), shutdown.clone());
        let stranger = shutdown.spawn(async move {
            if let Err(error) = connection(&settings, tcp, routes, ending).await {
                debug!(%error, "connection");
            }
        });
        strangers.admit(stranger.abort_handle());
    }
}

/// The connections that are not WebSockets yet, in the order in which they came.
#[derive(Debug, Default)]
struct Strangers(VecDeque<AbortHandle>);

impl Strangers {
    /// Lets one more in; if there are [`MAX_STRANGERS`], the one that came first is cut.
    ///
    /// Who floods a server with connections that say nothing then cuts their own:
    /// a client that asks at once has its answer long before its turn.
    fn admit(&mut self, stranger: AbortHandle) {
        // A task's memory is kept until nobody holds its handle.
        while self.0.front().is_some_and(AbortHandle::is_finished) {
            self.0.pop_front();
        }
        if self.0.len() == MAX_STRANGERS {
            self.0.retain(|stranger| !stranger.is_finished());
        }
        if self.0.len() == MAX_STRANGERS
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back(stranger);
    }
}

/// A route for WebSockets: what asks for one, and every request to one of `policy.paths`.
///
/// At `/`, though, whoever does not ask for one is left to the page.
///
/// Each is answered as `policy` says; `serve` runs for each that is granted, as
/// a task that `shutdown` waits for. Everything else is for the routes after it.
///
/// As many are let in as [`Settings::default`] allows, whatever the environment says:
/// 2000 at once, 128 of them from one address, and 50 new ones a second. The next is
/// answered with 503. Limits of your own: [`limited_sockets`].
pub fn sockets<F>(
    policy: Policy,
    shutdown: &Shutdown,
    serve: impl Fn(Accepted<UpgradedIo>) -> F + Clone + Send + Sync + 'static,
) -> BoxedFilter<(Response,)>
where
    F: Future<Output: Send> + Send + 'static,
{
    let caps = Settings::default().caps();
    let serve = move |accepted, permit: Permit| {
        let served = serve(accepted);
        async move {
            let _until_it_ends = permit;
            served.await;
        }
    };
    limited_sockets(policy, caps, shutdown, serve)
}

/// The same, for as many connections as `caps` allow: the next is answered with 503.
pub fn limited_sockets<F>(
    policy: Policy,
    caps: Caps,
    shutdown: &Shutdown,
    serve: impl Fn(Accepted<UpgradedIo>, Permit) -> F + Clone + Send + Sync + 'static,
) -> BoxedFilter<(Response,)>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (policy, shutdown) = (Arc::new(policy), shutdown.clone());
    let judge = policy.clone();
    upgrade()
        .and_then(move |upgrade: Upgrade| {
            let request = upgrade.request();
            let ours = judge.paths.iter().any(|path| path != "/" && path == request.uri().path());
            let ours = ours || handshake::asks(request.headers());
            ready(if ours { Ok(upgrade) } else { Err(warp::reject()) })
        })
        .map(move |upgrade: Upgrade| {
            let ip = upgrade.ends().map_or(Ipv4Addr::UNSPECIFIED.into(), |ends| ends.peer.ip());
            let (response, pending) = upgrade.answer(&policy);
            if let Some(pending) = pending {
                let Some(permit) = caps.enter(ip) else {
                    return Rejection::Busy.to_response().into_response();
                };
                let serve = serve.clone();
                // One after the other, so that a connection does not carry its upgrade about.
                let served = Box::pin(pending.granted())
                    .inspect_err(|gone| debug!(%gone, "left before the upgrade"))
                    .and_then(move |accepted| serve(accepted, permit).map(Ok));
                // Spawned before the 101 is out, so that a shutdown waits for it.
                shutdown.spawn(served.map(drop));
            }
            response.into_response()
        })
        .boxed()
}

/// Every answer but a 101 is something that a browser may show.
fn guarded(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        guard(response.headers_mut());
    }
    response
}

/// Lets only this computer's own programs through; for others there is nothing here.
///
/// For routes that tell who is connected: that is the teacher's to know. A page of
/// anybody's in the teacher's own browser comes from here too, if its name was made to
/// point here; it is known by that name.
pub fn loopback() -> impl Filter<Extract = (), Error = warp::Rejection> + Copy {
    let local = |ends: Ends, host: String| {
        let ours = ends.peer.ip().to_canonical().is_loopback() && handshake::is_private(&host);
        ready(if ours { Ok(()) } else { Err(warp::reject()) })
    };
    warp::ext::get().and(warp::header("host")).and_then(local).untuple_one()
}

/// The next connection, however long it takes. Cancel safe.
///
/// Accepting can fail: a client left already, or the system has no descriptors.
/// A server that ends for that can be ended by any stranger.
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

async fn connection(
    settings: &Settings,
    tcp: TcpStream,
    routes: BoxedFilter<(Response,)>,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    // A chat line must not wait for the acknowledgement of the one before.
    tcp.set_nodelay(true)?;
    let ends = Ends { peer: tcp.peer_addr()?, local: tcp.local_addr()? };
    let head = tokio::select! {
        head = read_head(tcp, settings.head) => head,
        () = shutdown.begun() => return Ok(()),
    };
    let head = match head {
        // A browser opens connections it then does not need.
        Err(AcceptError::Ended) => return Ok(()),
        other => other?,
    };
    let service = TowerToHyperService::new(warp::service(routes));
    let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ends);
        service.call(request)
    });
    let io = WriteWithin::new(Rewind::new(&head.bytes, head.io), settings.write);
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.keep_alive)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADER_LIMIT)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    tokio::pin!(http);
    tokio::select! {
        served = &mut http => served?,
        () = shutdown.begun() => {
            http.as_mut().graceful_shutdown();
            http.await?;
        }
    }
    Ok(())
}
