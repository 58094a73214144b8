//! Lesson 11: visitors and members, names that the server knows, and errors.
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

/// The longest name, in characters.
const LONGEST_NAME: usize = 32;

/// A connected client.
struct Client {
    queue: mpsc::Sender<Message>,
    /// The name of a member; a visitor has none.
    name: Option<String>,
}

#[derive(Default)]
struct Room {
    clients: HashMap<u128, Client>,
}

type Shared = Arc<Mutex<Room>>;

impl Room {
    /// The names of all members.
    fn names(&self) -> Vec<&String> {
        self.clients.values().filter_map(|client| client.name.as_ref()).collect()
    }

    /// Sends a message to one client. One that is gone, or whose queue is full, leaves the list.
    fn send(&mut self, to: u128, frame: &Value) {
        let message = Message::text(frame.to_string());
        let sent = self.clients.get(&to).map(|client| client.queue.try_send(message));
        if let Some(Err(_)) = sent {
            self.left(to);
        }
    }

    /// Sends a message to all members but one.
    fn send_to_others(&mut self, me: Option<u128>, frame: &Value) {
        let members = self.clients.iter().filter(|(_, client)| client.name.is_some());
        let others: Vec<_> = members.map(|(id, _)| *id).filter(|id| Some(*id) != me).collect();
        for other in others {
            self.send(other, frame);
        }
    }

    fn refuse(&mut self, me: u128, code: &str, words: &str) {
        self.send(me, &json!({"type": "error", "code": code, "message": words}));
    }

    fn join(&mut self, me: u128, name: &str) {
        let is_taken = |taken: &&String| taken.to_lowercase() == name.to_lowercase();
        if self.clients.get(&me).is_some_and(|client| client.name.is_some()) {
            self.refuse(me, "bad_message", "you are a member already");
        } else if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
            self.refuse(me, "bad_name", "a name has 1 to 32 letters");
        } else if self.names().iter().any(is_taken) {
            self.refuse(me, "name_taken", "somebody here already has this name");
        } else if let Some(client) = self.clients.get_mut(&me) {
            client.name = Some(name.to_owned());
            let users = self.names();
            let welcome = json!({"type": "welcome", "username": name, "users": users});
            self.send(me, &welcome);
            self.send_to_others(Some(me), &json!({"type": "user_joined", "username": name}));
        }
    }

    fn heard(&mut self, me: u128, text: &str) {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let name = self.clients.get(&me).and_then(|client| client.name.clone());
        match (said["type"].as_str().unwrap_or_default(), name) {
            ("join", _) => self.join(me, said["username"].as_str().unwrap_or_default().trim()),
            ("message" | "typing", None) => {
                self.refuse(me, "not_joined", "send join with a name first");
            }
            ("message", Some(name)) => match said["content"].as_str() {
                Some(content) if !content.trim().is_empty() => {
                    let frame = json!({"type": "message", "username": name, "content": content});
                    self.send_to_others(None, &frame);
                }
                _ => self.refuse(me, "bad_message", "there is no text in content"),
            },
            ("typing", Some(name)) => {
                let is_typing = said["is_typing"] != false;
                let frame = json!({"type": "typing", "username": name, "is_typing": is_typing});
                self.send_to_others(Some(me), &frame);
            }
            (unknown, _) => self.refuse(me, "unknown_type", &format!("unknown type: {unknown}")),
        }
    }

    fn left(&mut self, me: u128) {
        let name = self.clients.remove(&me).and_then(|client| client.name);
        if let Some(name) = name {
            self.send_to_others(None, &json!({"type": "user_left", "username": name}));
        }
    }
}

/// Refuses every path but `/ws` and `/`.
#[allow(clippy::result_large_err, reason = "the type is the library's")]
fn route(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    if ["/", "/ws"].contains(&request.uri().path()) {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some("the WebSocket is at /ws\n".to_owned()));
    *refusal.status_mut() = StatusCode::NOT_FOUND;
    Err(refusal)
}

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream, shared: &Shared) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut socket = accept_hdr_async_with_config(tcp, route, Some(config)).await?;
    let me: u128 = rand::random();
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    shared.lock().unwrap().clients.insert(me, Client { queue, name: None });
    let ended = loop {
        // The first of these: a message comes, or one is to be sent.
        let done = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    shared.lock().unwrap().heard(me, &text);
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
    shared.lock().unwrap().left(me);
    ended
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8765".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    let shared = Shared::default();
    loop {
        let (tcp, _) = listener.accept().await?;
        let shared = shared.clone();
        // An error here means that this client is gone, or broke a rule.
        tokio::spawn(async move { talk(tcp, &shared).await.ok() });
    }
}
