//! A relay between a tab and the server, whose WebSockets can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a browser may keep a connection that it has not used yet.
const UNUSED: Duration = Duration::from_secs(60);

/// A relay that can cut WebSockets. Pages always pass.
pub struct Relay {
    pub address: SocketAddr,
    /// Whether WebSockets pass, and how often they were cut.
    state: Arc<watch::Sender<(bool, usize)>>,
    _accepting: JoinSet<()>,
}

impl Relay {
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(watch::Sender::new((true, 0)));
        let mut accepting = JoinSet::new();
        let shared = state.clone();
        accepting.spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                passing.spawn(pass(tcp, server, shared.subscribe()));
            }
        });
        Ok(Self { address, state, _accepting: accepting })
    }

    /// Cuts all WebSockets, and lets none in until [`up`](Self::up).
    pub fn down(&self) {
        self.state.send_modify(|(passes, cuts)| (*passes, *cuts) = (false, *cuts + 1));
    }

    /// Lets WebSockets in again.
    pub fn up(&self) {
        self.state.send_modify(|(passes, _)| *passes = true);
    }
}

async fn pass(mut tcp: TcpStream, server: SocketAddr, mut state: watch::Receiver<(bool, usize)>) {
    // Chromium sends a request in one piece.
    let mut first = vec![0; 16 * 1024];
    let Ok(Ok(size)) = timeout(UNUSED, tcp.read(&mut first)).await else { return };
    let is_socket = String::from_utf8_lossy(&first[..size]).contains("Upgrade: websocket");
    let (passes, cuts) = *state.borrow_and_update();
    if is_socket && !passes {
        return;
    }
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    let relaying = async {
        upstream.write_all(&first[..size]).await?;
        copy_bidirectional(&mut tcp, &mut upstream).await
    };
    tokio::select! {
        _ = relaying => {}
        _ = state.wait_for(|(_, now)| is_socket && *now != cuts) => {}
    }
}
