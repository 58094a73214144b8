//! The upgrade as a warp filter.

use std::convert::Infallible;

use http::{Request, Response, Uri, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;
use warp::{Filter, Reply};

use super::{Accepted, Ends, Peer};
use crate::handshake::{Agreement, Policy, Rejection};
use crate::limits::{Limited, WriteWithin};
use crate::stream::{Explained, Lingering, Rewind};

/// What [`upgrade`] extracts: a request, and hyper's promise of its connection.
#[derive(Debug)]
pub struct Upgrade {
    request: Request<()>,
    on_upgrade: Option<OnUpgrade>,
}

/// A byte stream that was an HTTP connection: TCP, or the stream that hyper was given.
///
/// Reading fails when a message takes longer than
/// [`MESSAGE_DEADLINE`](crate::limits::MESSAGE_DEADLINE). A heartbeat does not notice such a
/// message, because every byte of it counts as a sign of life.
pub type UpgradedIo = Limited<Rewind<Either<TcpStream, TokioIo<Upgraded>>>>;

/// A warp filter that extracts every request on its path as an [`Upgrade`], whatever it asks for.
///
/// Answer it with [`Upgrade::answer`], which refuses what warp's own `ws()` accepts or answers
/// wrongly: a malformed key, another version, a missing host. The server in front puts the
/// [`Version`] and the [`Ends`] of a request into its extensions, as
/// [`server::serve`](crate::server::serve) does; without them the request counts as HTTP/1.1 from
/// an unknown address.
pub fn upgrade() -> impl Filter<Extract = (Upgrade,), Error = Infallible> + Copy {
    warp::method()
        .and(warp::path::full())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Version>())
        .and(warp::ext::optional::<Ends>())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(
            |method,
             path: warp::path::FullPath,
             query: String,
             headers,
             version: Option<Version>,
             ends: Option<Ends>,
             on_upgrade| {
                let mut request = Request::new(());
                *request.method_mut() = method;
                *request.version_mut() = version.unwrap_or_default();
                *request.uri_mut() = target(path.as_str(), &query);
                *request.headers_mut() = headers;
                if let Some(ends) = ends {
                    request.extensions_mut().insert(ends);
                }
                Upgrade { request, on_upgrade }
            },
        )
}

fn target(path: &str, query: &str) -> Uri {
    let whole = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    // hyper has parsed this target, so it is a valid one.
    whole.parse().unwrap_or_default()
}

impl Upgrade {
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

    /// Judges the request by `policy`.
    ///
    /// Send [`PendingUpgrade::to_response`] first and await [`PendingUpgrade::granted`] after it.
    ///
    /// # Errors
    ///
    /// The request is refused: send [`Rejection::to_response`].
    pub fn answer(self, policy: &Policy) -> Result<PendingUpgrade, Rejection> {
        let agreement = policy.answer(&self.request)?;
        // hyper offers its connection for each request with an `Upgrade` header, so only a
        // request that some other server took comes without one.
        let on_upgrade = self.on_upgrade.ok_or(Rejection::NotAsked)?;
        let peer = Peer::new(&self.request, &agreement);
        Ok(PendingUpgrade { peer, agreement, on_upgrade })
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
    on_upgrade: OnUpgrade,
}

impl PendingUpgrade {
    /// The 101, to be sent before [`granted`](Self::granted) can finish.
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        self.agreement.to_response()
    }

    /// Waits until the 101 is sent; gives the client and the stream. Cancelled, it drops the
    /// connection.
    ///
    /// # Errors
    ///
    /// The client hung up before the 101 was sent.
    pub async fn granted(self) -> Result<Accepted<UpgradedIo>, hyper::Error> {
        let upgraded = self.on_upgrade.await?;
        Ok(Accepted { peer: self.peer, io: unwrapped(upgraded) })
    }
}

/// The TCP stream that hyper was given by [`server::serve`](crate::server::serve), taken out of
/// hyper's wrapping, which costs memory and a virtual call; any other stream stays wrapped.
fn unwrapped(upgraded: Upgraded) -> UpgradedIo {
    match upgraded.downcast::<TokioIo<Explained<Lingering<WriteWithin<Rewind<TcpStream>>>>>>() {
        Ok(parts) => {
            let (front, tcp) =
                parts.io.into_inner().into_inner().into_inner().into_inner().into_parts();
            let front = [front, parts.read_buf].concat();
            Limited::in_time(Rewind::new(&front, Either::Left(tcp)))
        }
        Err(upgraded) => Limited::in_time(Rewind::new(&[], Either::Right(TokioIo::new(upgraded)))),
    }
}
