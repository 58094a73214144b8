//! Serves the requests of one connection: each is judged, and then answered by the routes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::pending::Place;
use crate::handshake::{HEAD_LIMIT, HEADER_LIMIT, Policy, Rejection, asks, guard, to_origin_form};
use crate::limits::WriteWithin;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::stream::{Explained, HeadDeadlines, LINGER, Lingering, Rewind, linger};
use crate::upgrade::{AcceptError, Ends, Upgrade, read_head};

/// The settings and the routes that all connections to a listener share.
pub(super) struct Site {
    settings: Settings,
    policy: Policy,
    routes: BoxedFilter<(Response,)>,
}

impl Site {
    pub(super) fn new(settings: &Settings, routes: BoxedFilter<(Response,)>) -> Self {
        Self { settings: settings.clone(), policy: settings.policy(), routes }
    }

    /// Serves a connection until it ends, becomes a WebSocket, or loses its place. Cancelled, it
    /// closes the connection.
    pub(super) async fn connection(
        self: Arc<Self>,
        tcp: TcpStream,
        mut place: Place,
        shutdown: Shutdown,
    ) -> anyhow::Result<()> {
        // Without this a chat line waits for the acknowledgement of the one before.
        tcp.set_nodelay(true)?;
        let ends = Ends { peer: tcp.peer_addr()?, local: tcp.local_addr()? };
        let head = tokio::select! {
            head = place.during(read_head(tcp, self.settings.head)) => head,
            () = shutdown.begun() => return Ok(()),
        };
        let head = match head {
            // The connection was cut, or a browser opened it and did not use it.
            None | Some(Err(AcceptError::Ended)) => return Ok(()),
            Some(head) => head?,
        };
        place.has_asked();
        // A handshake needs keep-alive to be upgraded; its connection frees its place soon.
        let keep_alive = asks(head.request.headers()) || !place.are_scarce();
        let io = WriteWithin::new(Rewind::new(&head.bytes, head.io), self.settings.write);
        // hyper closes over a body that nobody read, and the reset would destroy its answer.
        let io = Lingering::new(io, LINGER);
        // hyper answers a malformed head with an empty 400, and a late one not at all.
        let deadlines = HeadDeadlines { idle: self.settings.keep_alive, head: self.settings.head };
        let io = Explained::new(io, deadlines);
        let mut builder = http1::Builder::new();
        builder
            .header_read_timeout(None)
            .keep_alive(keep_alive)
            // A client that has sent all its requests may end its half and wait for the answers.
            .half_close(true)
            .max_buf_size(HEAD_LIMIT)
            .max_headers(HEADER_LIMIT);
        let routes = TowerToHyperService::new(warp::service(self.routes.clone()));
        let refused = Arc::new(Mutex::new(None));
        let refusing = refused.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let on_upgrade = request.extensions().get::<OnUpgrade>().cloned();
            let refusing = refusing.clone();
            let judged = self.judge(&mut request, ends);
            let answer = judged.map(|()| routes.call(request));
            async move {
                let answer = match answer {
                    Ok(answer) => answer.await?,
                    Err(rejection) => rejection.into_response(),
                };
                if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                    *refusing.lock().unwrap_or_else(PoisonError::into_inner) = on_upgrade;
                }
                Ok::<_, Infallible>(guarded(answer))
            }
        });
        let http = builder.serve_connection(TokioIo::new(io), service).with_upgrades();
        tokio::pin!(http);
        let served = place.during(async {
            let served = tokio::select! {
                served = &mut http => served,
                () = shutdown.begun() => {
                    http.as_mut().graceful_shutdown();
                    http.await
                }
            };
            // hyper does not end a stream that it offered for an upgrade, granted or not.
            let refused = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(refused) = refused
                && let Ok(stream) = refused.await
            {
                linger(&mut TokioIo::new(stream), LINGER).await;
            }
            served
        });
        Ok(served.await.unwrap_or(Ok(()))?)
    }

    /// Judges a request by the rules that hold for all routes, and puts it into the form that they
    /// expect: an origin-form target, and `GET` for `HEAD`. Its extensions get the [`Ends`] of the
    /// connection, and the [`Upgrade`] that a route for WebSockets answers.
    fn judge(&self, request: &mut Request<Incoming>, ends: Ends) -> Result<(), Rejection> {
        to_origin_form(request)?;
        self.policy.permit(request)?;
        // hyper remembers that the method was HEAD, and sends no body.
        if request.method() == Method::HEAD && !asks(request.headers()) {
            *request.method_mut() = Method::GET;
        }
        request.extensions_mut().insert(ends);
        let upgrade = Upgrade::of(request);
        request.extensions_mut().insert(upgrade);
        Ok(())
    }
}

/// Adds the default security headers to every answer but a 101: a browser may show such an answer.
fn guarded(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        guard(response.headers_mut());
    }
    response
}
