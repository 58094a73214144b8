//! The upgrade as a warp filter.

use std::sync::Arc;

use http::{Request, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;
use warp::{Filter, Reply};

use super::{Accepted, Ends, Peer};
use crate::handshake::{Agreement, Policy, Rejection};
use crate::limits::{Caps, FrameLimits, Limited, Permit, WriteWithin};
use crate::stream::{Explained, Keeping, Lingering, Rewind};

/// A request and the connection that it came by, to be answered with a 101 or a refusal.
///
/// [`server::serve`](crate::server::serve) puts one into the extensions of every request; with
/// another server that stands on hyper, call [`Upgrade::of`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Upgrade {
    request: Arc<Request<()>>,
    on_upgrade: OnUpgrade,
}

/// A byte stream that was an HTTP connection: TCP, or the stream that hyper was given.
///
/// Reading fails when a message takes longer than
/// [`MESSAGE_DEADLINE`](crate::limits::MESSAGE_DEADLINE). A heartbeat does not notice such a
/// message, because every byte of it counts as a sign of life.
///
/// It keeps the [`Permit`] of its connection, which counts until the stream is dropped. Take it out
/// with [`Keeping::into_parts`] to count messages too.
pub type UpgradedIo = Keeping<Limited<HttpIo>, Permit>;

/// The connection itself, without limits.
pub type HttpIo = Rewind<Either<TcpStream, TokioIo<Upgraded>>>;

/// A warp filter that extracts every request to [`server::serve`](crate::server::serve) as an
/// [`Upgrade`], whether or not it asks for a WebSocket.
///
/// Answer it with [`Upgrade::answer`], which refuses requests that warp's own `ws()` accepts or
/// answers wrongly: a malformed key, another version, a missing host. Behind another server a
/// request is rejected, unless that server puts an [`Upgrade`] into its extensions.
pub fn upgrade() -> impl Filter<Extract = (Upgrade,), Error = warp::Rejection> + Copy {
    warp::ext::get()
}

impl Upgrade {
    /// The upgrade that `request`, as hyper gives it, may ask for. The request keeps its headers.
    pub fn of<B>(request: &Request<B>) -> Self {
        let on_upgrade = request.extensions().get::<OnUpgrade>().cloned();
        // hyper offers the connection only to requests with an `Upgrade` header. This one then
        // fails when it is awaited.
        let on_upgrade = on_upgrade.unwrap_or_else(|| hyper::upgrade::on(Request::new(())));
        let mut head = Request::new(());
        *head.method_mut() = request.method().clone();
        *head.version_mut() = request.version();
        *head.uri_mut() = request.uri().clone();
        *head.headers_mut() = request.headers().clone();
        if let Some(ends) = request.extensions().get::<Ends>() {
            head.extensions_mut().insert(*ends);
        }
        Self { request: Arc::new(head), on_upgrade }
    }

    /// The request; no policy has judged it.
    #[must_use]
    pub fn request(&self) -> &Request<()> {
        &self.request
    }

    /// Both ends of the connection it came by, if they are known.
    #[must_use]
    pub fn ends(&self) -> Option<Ends> {
        self.request.extensions().get().copied()
    }

    /// Judges the request by `policy`, and counts its connection in `caps`.
    ///
    /// Send [`PendingUpgrade::to_response`] first and await [`PendingUpgrade::granted`] after it.
    ///
    /// # Errors
    ///
    /// The request is refused: send [`Rejection::to_response`].
    pub fn answer(self, policy: &Policy, caps: &Caps) -> Result<PendingUpgrade, Rejection> {
        let agreement = policy.answer(&*self.request)?;
        let peer = Peer::new(&*self.request, &agreement);
        let permit = caps.enter(peer.ip()).ok_or(Rejection::Busy)?;
        Ok(PendingUpgrade { peer, agreement, permit, on_upgrade: self.on_upgrade })
    }
}

/// The refusal as a warp route sends it.
impl Reply for Rejection {
    fn into_response(self) -> warp::reply::Response {
        self.to_response().into_response()
    }
}

/// An accepted upgrade whose 101 has not been sent yet.
#[derive(Debug)]
pub struct PendingUpgrade {
    peer: Peer,
    agreement: Agreement,
    permit: Permit,
    on_upgrade: OnUpgrade,
}

impl PendingUpgrade {
    /// The 101, to be sent before [`granted`](Self::granted) can finish.
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        self.agreement.to_response()
    }

    /// Waits until the 101 is sent, and gives the client and the stream. Not cancel safe: dropped,
    /// it ends the connection.
    ///
    /// # Errors
    ///
    /// The client hung up before the 101 was sent.
    pub async fn granted(self) -> Result<Accepted<UpgradedIo>, hyper::Error> {
        let upgraded = self.on_upgrade.await?;
        let io = Limited::new(unwrapped(upgraded), FrameLimits::default());
        Ok(Accepted { peer: self.peer, io: Keeping::new(io, self.permit) })
    }
}

/// The TCP stream that hyper was given by [`server::serve`](crate::server::serve), taken out of
/// hyper's wrapping, which costs memory and a virtual call; any other stream stays wrapped.
fn unwrapped(upgraded: Upgraded) -> HttpIo {
    match upgraded.downcast::<TokioIo<Explained<Lingering<WriteWithin<Rewind<TcpStream>>>>>>() {
        Ok(parts) => {
            let (front, tcp) =
                parts.io.into_inner().into_inner().into_inner().into_inner().into_parts();
            let front = [front, parts.read_buf].concat();
            Rewind::new(&front, Either::Left(tcp))
        }
        Err(upgraded) => Rewind::new(&[], Either::Right(TokioIo::new(upgraded))),
    }
}
