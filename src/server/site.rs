//! One connection's requests: judged, then answered by the routes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::pending::Place;
use crate::handshake::{HEAD_LIMIT, HEADER_LIMIT, Policy, Rejection, asks, to_origin_form};
use crate::limits::WriteWithin;
use crate::page::guard;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::stream::{LINGER, Lingering, Rewind, linger};
use crate::upgrade::{AcceptError, Ends, read_head};

/// What all connections to a listener are served, and how.
pub(super) struct Site {
    settings: Settings,
    policy: Policy,
    routes: BoxedFilter<(Response,)>,
}

impl Site {
    pub(super) fn new(settings: &Settings, routes: BoxedFilter<(Response,)>) -> Self {
        Self { settings: settings.clone(), policy: settings.policy(), routes }
    }

    /// Serves a connection until it ends, becomes a WebSocket, or loses its place.
    pub(super) async fn connection(
        self: Arc<Self>,
        tcp: TcpStream,
        mut place: Place,
        shutdown: Shutdown,
    ) -> anyhow::Result<()> {
        // A chat line must not wait for the acknowledgement of the one before.
        tcp.set_nodelay(true)?;
        let ends = Ends { peer: tcp.peer_addr()?, local: tcp.local_addr()? };
        let head = tokio::select! {
            head = place.during(read_head(tcp, self.settings.head)) => head,
            () = shutdown.begun() => return Ok(()),
        };
        let head = match head {
            // It was cut, or is a browser's that opened more connections than it needs.
            None | Some(Err(AcceptError::Ended)) => return Ok(()),
            Some(head) => head?,
        };
        place.has_asked();
        // A WebSocket's connection leaves its place by becoming one.
        let keep_alive = asks(head.request.headers()) || !place.are_scarce();
        let io = WriteWithin::new(Rewind::new(&head.bytes, head.io), self.settings.write);
        // hyper closes over a body that nobody read, and the reset would destroy its answer.
        let io = Lingering::new(io, LINGER);
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.keep_alive)
            .keep_alive(keep_alive)
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
                    Err(rejection) => rejection.to_response().into_response(),
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

    /// Judges what all routes ask of a request, and puts it into the form that they know.
    fn judge(&self, request: &mut Request<Incoming>, ends: Ends) -> Result<(), Rejection> {
        to_origin_form(request)?;
        self.policy.permit(request)?;
        // hyper knows that it was HEAD, and sends no body.
        if request.method() == Method::HEAD && !asks(request.headers()) {
            *request.method_mut() = Method::GET;
        }
        let version = request.version();
        request.extensions_mut().insert(version);
        request.extensions_mut().insert(ends);
        Ok(())
    }
}

/// Every answer but a 101 is something that a browser may show.
fn guarded(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        guard(response.headers_mut());
    }
    response
}
