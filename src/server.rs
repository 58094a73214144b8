//! HTTP in front of the WebSockets: an accept loop of our own under warp's routes.
//!
//! hyper answers a malformed head with an empty 400, has one timer for the head
//! and for idleness, and never says 408 or 505; warp's own server has no
//! deadlines at all. So each connection's first head is read and judged here,
//! answered with a sentence if it cannot be served, and replayed to hyper if it
//! can.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::{debug, warn};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::handshake::{HEAD_LIMIT, HEADER_LIMIT};
use crate::shutdown::Shutdown;
use crate::stream::Rewind;
use crate::upgrade::{AcceptError, Ends, HEAD_DEADLINE, read_head};

/// How long an HTTP connection may stay open between two requests.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long to wait when the system has no file descriptors left: some will close.
const BREATHER: Duration = Duration::from_millis(100);

/// Serves `routes` to every connection to `listener` until `shutdown` begins.
///
/// Requests carry their connection's [`Ends`] as an extension. The listener is
/// closed when this returns; connections end by themselves, tracked by `shutdown`.
pub async fn serve(listener: TcpListener, routes: BoxedFilter<(Response,)>, shutdown: Shutdown) {
    loop {
        let (tcp, _) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = shutdown.begun() => return,
        };
        let (routes, ending) = (routes.clone(), shutdown.clone());
        shutdown.spawn(async move {
            if let Err(error) = connection(tcp, routes, ending).await {
                debug!(%error, "connection");
            }
        });
    }
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
    tcp: TcpStream,
    routes: BoxedFilter<(Response,)>,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    // A chat line must not wait for the acknowledgement of the one before.
    tcp.set_nodelay(true)?;
    let ends = Ends { peer: tcp.peer_addr()?, local: tcp.local_addr()? };
    let head = tokio::select! {
        head = read_head(tcp, HEAD_DEADLINE) => head,
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
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADER_LIMIT)
        .serve_connection(TokioIo::new(Rewind::new(&head.bytes, head.io)), service)
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
