//! The upgrade as a warp filter.

use std::convert::Infallible;

use http::{Request, Response, Uri, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;
use warp::Filter;

use super::{Accepted, Ends, Peer};
use crate::handshake::{Policy, Rejection};
use crate::limits::{Limited, WriteWithin};
use crate::stream::{Lingering, Rewind};

/// What [`upgrade`] extracts: a request that asked for something, and the means
/// to give it a WebSocket.
#[derive(Debug)]
pub struct Upgrade {
    request: Request<()>,
    on_upgrade: Option<OnUpgrade>,
}

/// A byte stream that was an HTTP connection: TCP itself, or whatever hyper was given.
///
/// Reading fails when a message takes longer than [`MESSAGE_DEADLINE`](crate::limits::MESSAGE_DEADLINE):
/// a heartbeat takes every byte for a sign of life, and so does not end a message without an end.
pub type UpgradedIo = Limited<Rewind<Either<TcpStream, TokioIo<Upgraded>>>>;

/// A warp filter that takes every request on its path, whatever it asks for.
///
/// A server puts the [`Version`] and the [`Ends`] of a request into its extensions; without,
/// it is of HTTP/1.1. Pair it with [`Upgrade::answer`]. It refuses what warp's own `ws()` lets by
/// or answers wrongly: a bad key, another version, a missing host.
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
    // hyper has parsed this target once already.
    whole.parse().unwrap_or_default()
}

impl Upgrade {
    /// The request, not judged yet.
    #[must_use]
    pub fn request(&self) -> &Request<()> {
        &self.request
    }

    /// Both ends of the connection it came by, if they are known.
    #[must_use]
    pub fn ends(&self) -> Option<Ends> {
        self.request.extensions().get().copied()
    }

    /// Judges the request: the answer to send and, if it is 101, the upgrade to await *after* sending it.
    #[must_use]
    pub fn answer(self, policy: &Policy) -> (Response<String>, Option<PendingUpgrade>) {
        match (policy.answer(&self.request), self.on_upgrade) {
            (Ok(response), Some(on_upgrade)) => {
                let peer = Peer::new(&self.request, &response);
                let pending = PendingUpgrade { peer, on_upgrade };
                (response.map(|()| String::new()), Some(pending))
            }
            // hyper offers an upgrade with every request that asks for one.
            (Ok(_), None) => (Rejection::NotAsked.to_response(), None),
            (Err(rejection), _) => (rejection.to_response(), None),
        }
    }
}

/// An upgrade whose 101 is on its way.
#[derive(Debug)]
pub struct PendingUpgrade {
    peer: Peer,
    on_upgrade: OnUpgrade,
}

impl PendingUpgrade {
    /// Waits until the 101 is out and the stream is ours.
    ///
    /// # Errors
    ///
    /// If the client left first.
    pub async fn granted(self) -> Result<Accepted<UpgradedIo>, hyper::Error> {
        let upgraded = self.on_upgrade.await?;
        Ok(Accepted { peer: self.peer, io: unwrapped(upgraded) })
    }
}

/// The stream hyper was given, if it is one we know: the wrapping costs memory and a vtable.
fn unwrapped(upgraded: Upgraded) -> UpgradedIo {
    match upgraded.downcast::<TokioIo<Lingering<WriteWithin<Rewind<TcpStream>>>>>() {
        Ok(parts) => {
            let (front, tcp) = parts.io.into_inner().into_inner().into_inner().into_parts();
            let front = [front, parts.read_buf].concat();
            Limited::in_time(Rewind::new(&front, Either::Left(tcp)))
        }
        Err(upgraded) => Limited::in_time(Rewind::new(&[], Either::Right(TokioIo::new(upgraded)))),
    }
}
