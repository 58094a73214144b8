//! Start here. The server opens WebSockets, reads messages, and answers none.
//!
//!     cargo run

use std::env;
use std::io;

use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream) -> Result<(), Error> {
    let mut socket = accept_async(tcp).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => println!("{text}"), // Answer here: `socket.send(…).await?`.
            Message::Binary(bytes) => println!("{} bytes", bytes.len()),
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
