//! A minimal echo server with tokio-tungstenite, which shows what a connection costs.

use std::net::TcpListener;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::accept_async;
use ws101::tap::{Limits, Tap};

/// Accepts and echoes forever. With `tapped`, a task receives everything that crosses the wire.
pub async fn serve(listener: TcpListener, tapped: bool) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        if tapped {
            let (tap, mut seen) = Tap::new(tcp, Limits::default());
            tokio::spawn(async move { while seen.recv().await.is_some() {} });
            tokio::spawn(echo(tap));
        } else {
            tokio::spawn(echo(tcp));
        }
    }
}

async fn echo(io: impl AsyncRead + AsyncWrite + Unpin) -> anyhow::Result<()> {
    let mut socket = accept_async(io).await?;
    while let Some(message) = socket.next().await.transpose()? {
        if message.is_text() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
