//! Lesson 10, the client: start here. It prints messages, and ends with its connection.
//!
//!     WS_URL=ws://127.0.0.1:8080/ws cargo run --bin client

use std::env;

use futures::StreamExt;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = env::var("WS_URL").unwrap_or_else(|_| "ws://127.0.0.1:8080/ws".to_owned());
    let (mut socket, _) = connect_async(url).await?;
    while let Some(message) = socket.next().await {
        match message {
            Ok(Message::Text(text)) => println!("{text}"),
            // Come back here, unless the code of this close frame is final.
            Ok(Message::Close(close)) => println!("closed: {close:?}"),
            Ok(_) => {}
            // No close frame came: come back here, too.
            Err(error) => println!("closed: {error}"),
        }
    }
    Ok(())
}
