//! Routes for the people and programs that run a server.

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::filters::BoxedFilter;
use warp::reply::{Response, with_header, with_status};
use warp::{Filter, Reply};

use super::Endpoint;
use crate::room::Room;
use crate::stats::Report;

impl<R: Room> Endpoint<R> {
    /// A warp route that answers `GET /stats` with the statistics as JSON, and `GET /metrics` with
    /// them [as Prometheus reads them](Report::prometheus).
    pub fn stats(&self) -> BoxedFilter<(Response,)> {
        let endpoint = self.clone();
        let stats = warp::path!("stats").and(warp::get());
        let stats = stats.map(move || warp::reply::json(&endpoint.report()).into_response());
        let endpoint = self.clone();
        let metrics = warp::path!("metrics").and(warp::get());
        let metrics = metrics.map(move || {
            let text = endpoint.report().prometheus();
            with_header(text, CONTENT_TYPE, Report::PROMETHEUS).into_response()
        });
        stats.or(metrics).unify().boxed()
    }

    /// A warp route for whoever watches the server. `GET /healthz` is answered with 200 as long as
    /// the room works, and `GET /readyz` until the shutdown begins; from then on with 503. `/readyz` also
    /// tells of a [trouble](Room::trouble) of the room, which takes connections all the same.
    ///
    /// A room that keeps its lock delays the answer, so a watcher needs a deadline of its own.
    pub fn health(&self) -> BoxedFilter<(Response,)> {
        let endpoint = self.clone();
        let healthy = warp::path!("healthz").and(warp::get()).map(move || {
            drop(endpoint.room());
            answer(StatusCode::OK, "ok\n")
        });
        let endpoint = self.clone();
        let ready = warp::path!("readyz").and(warp::get()).map(move || {
            if endpoint.shutdown().has_begun() {
                answer(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
            } else if let Some(trouble) = endpoint.room().trouble() {
                answer(StatusCode::OK, format!("ready, but {trouble}\n"))
            } else {
                answer(StatusCode::OK, "ready\n")
            }
        });
        healthy.or(ready).unify().boxed()
    }
}

fn answer(status: StatusCode, words: impl Reply) -> Response {
    with_header(with_status(words, status), CACHE_CONTROL, "no-store").into_response()
}
