//! The files of the page and nothing else, as any server of files has them.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use warp::Filter;

/// A server of files; dropped, it ends.
pub struct Site {
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl Site {
    /// Serves `frontend/class/` at `/class/`, and behind it the files that it shares with the chat.
    pub async fn start() -> Result<Self> {
        let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend");
        let own = warp::fs::dir(frontend.join("class"));
        let routes = warp::path("class").and(own.or(warp::fs::dir(frontend)));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let service = TowerToHyperService::new(warp::service(routes.clone()));
                let http = http1::Builder::new().serve_connection(TokioIo::new(tcp), service);
                // Errors are a browser's that has gone.
                tokio::spawn(async move { drop(http.await) });
            }
        });
        Ok(Self { address, serving })
    }

    /// The address of the classroom page in a language.
    pub fn page(&self, lang: &str) -> String {
        format!("http://{}/class/?lang={lang}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
