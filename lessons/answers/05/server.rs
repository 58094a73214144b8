//! Lesson 5: sends each client's message to all clients, and drops forged ones.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// How many messages may wait for one client. One that reads too slowly is let go.
const QUEUE: usize = 256;

/// The queue of each connected client.
type Clients = Arc<Mutex<HashMap<u64, mpsc::Sender<Message>>>>;

/// Sends one message to many. A client that is gone, or whose queue is full, leaves the list.
fn send_to_all(clients: &Clients, frame: &Value) {
    let message = Message::text(frame.to_string());
    clients.lock().unwrap().retain(|_, queue| queue.try_send(message.clone()).is_ok());
}

fn heard(clients: &Clients, text: &str) {
    let said: Value = serde_json::from_str(text).unwrap_or_default();
    if said["type"] == "user" && said["content"].is_string() {
        // A new object: the client may have written more into its own.
        send_to_all(clients, &json!({"type": "user", "content": said["content"]}));
    }
}

/// Refuses every path but `/ws`.
#[allow(clippy::result_large_err, reason = "the type is the library's")]
fn route(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    if request.uri().path() == "/ws" {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some("the WebSocket is at /ws\n".to_owned()));
    *refusal.status_mut() = StatusCode::NOT_FOUND;
    Err(refusal)
}

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream, clients: &Clients) -> Result<(), Error> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut socket = accept_hdr_async_with_config(tcp, route, Some(config)).await?;
    let me = NEXT.fetch_add(1, Ordering::Relaxed);
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    clients.lock().unwrap().insert(me, queue);
    let welcome = json!({"type": "system", "content": "Добро пожаловать в чат!"});
    socket.send(Message::text(welcome.to_string())).await.ok();
    let ended = loop {
        // The first of these: a message comes, or one is to be sent.
        let done = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    heard(clients, &text);
                    Ok(())
                }
                // The library answers pings and close frames, when they are sent on.
                Some(Ok(_)) => socket.flush().await,
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            },
            message = waiting.recv() => match message {
                Some(message) => socket.send(message).await,
                None => break Ok(()), // It has left the list.
            },
        };
        if done.is_err() {
            break done;
        }
    };
    // Every connection ends here, with a close frame or without.
    clients.lock().unwrap().remove(&me);
    ended
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    let clients = Clients::default();
    loop {
        let (tcp, _) = listener.accept().await?;
        let clients = clients.clone();
        // An error here means that this client is gone, or broke a rule.
        tokio::spawn(async move { talk(tcp, &clients).await.ok() });
    }
}
