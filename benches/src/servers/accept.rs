//! The least that speaks WebSocket with tokio-tungstenite: what a connection costs, and an echo.

use std::net::TcpListener;

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::accept_async;

/// Accepts and echoes for ever.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut socket = accept_async(tcp).await?;
            while let Some(message) = socket.next().await.transpose()? {
                if message.is_text() {
                    socket.send(message).await?;
                }
            }
            anyhow::Ok(())
        });
    }
}
