//! The files of the page and nothing else, as any server of files has them.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
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
        let serving = tokio::spawn(warp::serve(routes).incoming(listener).run());
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
