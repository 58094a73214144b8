//! Lesson 6: an echo for the sender, a broadcast for the others, and who comes and goes.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io;
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

/// The queue of each connected client, by its id.
type Clients = Arc<Mutex<HashMap<u128, mpsc::Sender<Message>>>>;

/// The id as clients see it.
fn name(id: u128) -> String {
    format!("{id:032x}")
}

/// Sends `mine` to one client and `theirs` to the others. The lock is held for both, so that all
/// clients see messages in one order. A client that is gone, or whose queue is full, leaves the list.
fn send(clients: &Clients, me: u128, mine: Option<&Value>, theirs: &Value) {
    let mine = mine.map(|frame| Message::text(frame.to_string()));
    let theirs = Message::text(theirs.to_string());
    clients.lock().unwrap().retain(|id, queue| {
        let message = if *id == me { mine.clone() } else { Some(theirs.clone()) };
        message.is_none_or(|message| queue.try_send(message).is_ok())
    });
}

fn heard(clients: &Clients, me: u128, text: &str) {
    let data = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let echo = json!({"type": "echo", "data": data});
    let broadcast = json!({"type": "broadcast", "data": data, "from": name(me)});
    send(clients, me, Some(&echo), &broadcast);
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
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut socket = accept_hdr_async_with_config(tcp, route, Some(config)).await?;
    let me: u128 = rand::random();
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    let welcome = json!({"type": "welcome", "clientId": name(me)});
    // Before anyone knows of this client, so that the welcome is its first message.
    queue.try_send(Message::text(welcome.to_string())).ok();
    clients.lock().unwrap().insert(me, queue);
    send(clients, me, None, &json!({"type": "client_connected", "clientId": name(me)}));
    let ended = loop {
        // The first of these: a message comes, or one is to be sent.
        let done = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    heard(clients, me, &text);
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
    // Every connection ends here, so its end is announced here and nowhere else.
    clients.lock().unwrap().remove(&me);
    send(clients, me, None, &json!({"type": "client_disconnected", "clientId": name(me)}));
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
