//! Transcripts of HTTP services, served by hyper on a pipe.

use std::error::Error;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;

use super::{Pipe, Transcript};

/// An error of a service or of a body, as hyper takes it.
type BoxError = Box<dyn Error + Send + Sync>;

impl Transcript {
    /// A conversation with a tower service in this process, such as a router of axum: `make` gives one for
    /// each connection, and hyper serves it on a pipe. It needs the feature `http`.
    ///
    /// Everything else is as with [`new`](Self::new).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::convert::Infallible;
    /// use std::future::{Ready, ready};
    /// use std::task::{Context, Poll};
    ///
    /// use hyper::body::Incoming;
    /// use hyper::{Request, Response};
    /// use ws101::transcript::Transcript;
    ///
    /// /// In a project of yours: a `Router` of axum.
    /// #[derive(Clone)]
    /// struct App;
    ///
    /// impl tower_service::Service<Request<Incoming>> for App {
    ///     type Response = Response<String>;
    ///     type Error = Infallible;
    ///     type Future = Ready<Result<Response<String>, Infallible>>;
    ///
    ///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
    ///         Poll::Ready(Ok(()))
    ///     }
    ///
    ///     fn call(&mut self, request: Request<Incoming>) -> Self::Future {
    ///         ready(Ok(Response::new(format!("you asked for {}", request.uri()))))
    ///     }
    /// }
    ///
    /// // In a test: #[tokio::test(start_paused = true)]
    /// let app = App;
    /// let mut t = Transcript::http(move || app.clone());
    /// t.connect("bob", "/news").await;
    /// assert_eq!(t.to_string(), "bob -> GET /news\nbob <- 200 \"you asked for /news\"\n");
    /// t.finish().await;
    /// # }
    /// ```
    pub fn http<Make, S, B>(mut make: Make) -> Self
    where
        Make: FnMut() -> S + Send + 'static,
        S: tower_service::Service<Request<Incoming>, Response = Response<B>>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        Self::new(move |pipe| serve(pipe, TowerToHyperService::new(make())))
    }

    /// The same with a service of hyper, such as one of `hyper::service::service_fn`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::convert::Infallible;
    ///
    /// use hyper::Response;
    /// use hyper::service::service_fn;
    /// use ws101::transcript::Transcript;
    ///
    /// // In a test: #[tokio::test(start_paused = true)]
    /// let mut t = Transcript::hyper(|| {
    ///     service_fn(|_| async { Ok::<_, Infallible>(Response::new("hello".to_owned())) })
    /// });
    /// t.connect("bob", "/").await;
    /// assert_eq!(t.to_string(), "bob -> GET /\nbob <- 200 \"hello\"\n");
    /// # }
    /// ```
    pub fn hyper<Make, S, B>(mut make: Make) -> Self
    where
        Make: FnMut() -> S + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        Self::new(move |pipe| serve(pipe, make()))
    }
}

/// Serves one connection. An error is one of the client's, which the transcript shows.
async fn serve<S, B>(pipe: Pipe, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    S: Send + 'static,
    S::Future: Send,
{
    let connection = http1::Builder::new().serve_connection(TokioIo::new(pipe), service);
    let _ = connection.with_upgrades().await;
}
