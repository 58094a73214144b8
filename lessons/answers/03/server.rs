//! Lesson 3: an echo with the library `tokio-tungstenite`.
//!
//!     cargo run

use std::env;
use std::io;

use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut socket = accept_async_with_config(tcp, Some(config)).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => socket.send(Message::text(format!("Принято: {text}"))).await?,
            Message::Binary(bytes) => socket.send(Message::Binary(bytes)).await?,
            // The library answers pings and close frames, when they are sent on.
            _ => socket.flush().await?,
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    loop {
        let (tcp, _) = listener.accept().await?;
        // An error here means that this client is gone, or broke a rule.
        tokio::spawn(async move { talk(tcp).await.ok() });
    }
}
