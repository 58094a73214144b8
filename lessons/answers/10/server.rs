//! Lesson 10, the server: numbers its messages, and sends a client what it missed.
//!
//!     cargo run

use std::collections::{HashMap, VecDeque};
use std::env;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// How many messages are kept for clients that come back.
const HISTORY: usize = 1000;

/// How many messages may wait for one client, besides all of the history. One that reads too
/// slowly is let go.
const QUEUE: usize = HISTORY + 256;

/// A message as it was sent to everyone.
struct Line {
    /// The session and the id of its sender.
    key: (String, String),
    frame: Value,
}

/// The clients, and what was said. One lock guards both, so that no message falls between.
struct Room {
    /// The identifier of this run of the server.
    epoch: String,
    /// The number of the newest message.
    newest: usize,
    /// The newest messages.
    history: VecDeque<Line>,
    /// The queue of each connected client, by its id.
    clients: HashMap<u128, mpsc::Sender<Message>>,
}

type Shared = Arc<Mutex<Room>>;

/// A random text of 32 letters and digits.
fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Room {
    fn new() -> Self {
        let history = VecDeque::new();
        Self { epoch: random(), newest: 0, history, clients: HashMap::new() }
    }

    /// The messages that a client missed, or `None` if that is not known.
    fn missed(&self, query: &HashMap<String, String>) -> Option<impl Iterator<Item = &Value>> {
        let since = query.get("since")?.parse::<usize>().ok()?;
        // Everything after `since` must still be there.
        let oldest = self.newest - self.history.len();
        if query.get("epoch") != Some(&self.epoch) || !(oldest..=self.newest).contains(&since) {
            return None;
        }
        Some(self.history.iter().skip(since - oldest).map(|line| &line.frame))
    }

    /// Greets a client, and adds it to the list.
    fn join(&mut self, me: u128, queue: mpsc::Sender<Message>, query: &HashMap<String, String>) {
        let missed = self.missed(query);
        let hello = json!({
            "type": "connection_established",
            "epoch": self.epoch,
            "seq": self.newest,
            "recovered": missed.is_some(),
        });
        queue.try_send(Message::text(hello.to_string())).ok();
        for frame in missed.into_iter().flatten() {
            queue.try_send(Message::text(frame.to_string())).ok();
        }
        self.clients.insert(me, queue);
    }

    fn heard(&mut self, me: u128, session: &str, text: &str) {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        if said["type"] != "message" || !said["content"].is_string() {
            return;
        }
        // Without an id of its own, no message is a copy of another.
        let id = said["id"].as_str().map_or_else(random, str::to_owned);
        let key = (session.to_owned(), id);
        if let Some(line) = self.history.iter().find(|line| line.key == key) {
            // It has been sent to everyone already: only its sender gets it again, with its old number.
            if let Some(queue) = self.clients.get(&me) {
                queue.try_send(Message::text(line.frame.to_string())).ok();
            }
            return;
        }
        self.newest += 1;
        let frame = json!({
            "type": "message",
            "seq": self.newest,
            "id": said["id"],
            "content": said["content"],
        });
        let message = Message::text(frame.to_string());
        self.history.push_back(Line { key, frame });
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
        // A client that is gone, or whose queue is full, leaves the list.
        self.clients.retain(|_, queue| queue.try_send(message.clone()).is_ok());
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

/// The values of a query such as `epoch=7&since=12`.
fn query(request: &Request) -> HashMap<String, String> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A time from the environment, where it is in milliseconds.
fn time(name: &str, default: u64) -> Duration {
    let set = env::var(name).ok().and_then(|text| text.parse().ok());
    Duration::from_millis(set.unwrap_or(default))
}

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream, shared: &Shared) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut asked = HashMap::new();
    #[allow(clippy::result_large_err, reason = "the type is the library's")]
    let accept = |request: &Request, response: Response| {
        asked = query(request);
        route(request, response)
    };
    let mut socket = accept_hdr_async_with_config(tcp, accept, Some(config)).await?;
    let me: u128 = rand::random();
    let session = asked.get("session").cloned().unwrap_or_else(random);
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    shared.lock().unwrap().join(me, queue, &asked);
    let mut beat = interval(time("WS_HEARTBEAT_MS", 25_000));
    let pong_timeout = time("WS_PONG_TIMEOUT_MS", 10_000);
    // When the client must have answered. Without a ping under way there is nothing to answer.
    let mut deadline: Option<Instant> = None;
    let ended = loop {
        let patience = sleep_until(deadline.unwrap_or_else(Instant::now));
        // The first of these: a message comes, one is to be sent, a ping is due, or no pong came.
        let done = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    shared.lock().unwrap().heard(me, &session, &text);
                    Ok(())
                }
                Some(Ok(Message::Pong(_))) => {
                    deadline = None;
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
            _ = beat.tick() => {
                deadline.get_or_insert_with(|| Instant::now() + pong_timeout);
                socket.send(Message::Ping(Vec::new().into())).await
            }
            // It is gone, and would not answer a close frame either.
            () = patience, if deadline.is_some() => break Ok(()),
        };
        if done.is_err() {
            break done;
        }
    };
    shared.lock().unwrap().clients.remove(&me);
    ended
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    let shared = Arc::new(Mutex::new(Room::new()));
    loop {
        let (tcp, _) = listener.accept().await?;
        let shared = shared.clone();
        // An error here means that this client is gone, or broke a rule.
        tokio::spawn(async move { talk(tcp, &shared).await.ok() });
    }
}
