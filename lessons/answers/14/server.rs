//! Lesson 14: limits clients that send too fast, and closes those that read too slowly.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// How many messages may come at once, as a multiple of those of a second.
const BURST: f64 = 4.0;

/// How many messages in a row are refused.
const REFUSALS: u32 = 20;

/// How long a message to a client, or its close frame, is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// A number from the environment.
fn number(name: &str, default: u32) -> u32 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The messages that a client may still send. It refills by `rate` a second, up to [`BURST`] times that.
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Instant,
    /// How many messages in a row were refused.
    refused: u32,
}

impl Bucket {
    fn new() -> Self {
        let rate = f64::from(number("WS_RATE", 5));
        Self { rate, tokens: BURST * rate, at: Instant::now(), refused: 0 }
    }

    /// Takes one token. The error is the time until there is one.
    fn take(&mut self) -> Result<(), Duration> {
        let new = self.at.elapsed().as_secs_f64() * self.rate;
        self.at = Instant::now();
        self.tokens = (self.tokens + new).min(BURST * self.rate);
        if self.tokens < 1.0 {
            self.refused += 1;
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate));
        }
        self.tokens -= 1.0;
        self.refused = 0;
        Ok(())
    }
}

/// The queue of one client, which is counted in bytes.
struct Queue {
    messages: mpsc::UnboundedSender<Message>,
    /// How many bytes wait in it.
    waiting: Arc<AtomicUsize>,
    most: usize,
}

impl Queue {
    /// Adds a message, or closes the connection if too much waits. The error says that no more may
    /// be added.
    fn push(&self, message: &Message) -> Result<(), ()> {
        if self.waiting.load(Ordering::Relaxed) > self.most {
            self.close(CloseCode::Again, "too slow");
            return Err(());
        }
        self.waiting.fetch_add(message.len(), Ordering::Relaxed);
        self.messages.send(message.clone()).map_err(drop)
    }

    /// Adds a close frame, behind what waits.
    fn close(&self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        self.messages.send(Message::Close(Some(frame))).ok();
    }
}

/// The queue of each connected client. One that is closed is not in it any more.
type Clients = Arc<Mutex<HashMap<u64, Queue>>>;

fn heard(clients: &Clients, me: u64, bucket: &mut Bucket, text: &str) {
    let mut clients = clients.lock().unwrap();
    let Some(queue) = clients.get(&me) else { return };
    if let Err(wait) = bucket.take() {
        let wait = wait.as_millis() + 1;
        let frame = json!({"type": "error", "code": "rate_limited", "retry_after_ms": wait});
        if bucket.refused > REFUSALS {
            queue.close(CloseCode::Policy, "too fast");
        }
        if bucket.refused > REFUSALS || queue.push(&Message::text(frame.to_string())).is_err() {
            clients.remove(&me);
        }
        return;
    }
    let said: Value = serde_json::from_str(text).unwrap_or_default();
    if said["type"] == "user" && said["content"].is_string() {
        // A new object: the client may have written more into its own.
        let frame = json!({"type": "user", "content": said["content"]});
        let message = Message::text(frame.to_string());
        clients.retain(|_, queue| queue.push(&message).is_ok());
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
    let (messages, mut queued) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let most = usize::try_from(number("WS_MAX_QUEUE_BYTES", 1 << 20)).unwrap_or(usize::MAX);
    let queue = Queue { messages, waiting: waiting.clone(), most };
    clients.lock().unwrap().insert(me, queue);
    let mut bucket = Bucket::new();
    let welcome = json!({"type": "system", "content": "Добро пожаловать в чат!"});
    let mut done = socket.send(Message::text(welcome.to_string())).await;
    // Behind a close frame, nothing is sent, and what still comes is only read.
    let mut closes_at: Option<Instant> = None;
    while done.is_ok() {
        // The first of these: a message comes, or one is to be sent.
        done = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    heard(clients, me, &mut bucket, &text);
                    Ok(())
                }
                // The library answers pings and close frames, when they are sent on.
                Some(Ok(_)) => socket.flush().await,
                Some(Err(error)) => Err(error),
                None => break,
            },
            Some(message) = queued.recv() => {
                if message.is_close() {
                    closes_at = Some(Instant::now() + PATIENCE);
                } else {
                    waiting.fetch_sub(message.len(), Ordering::Relaxed);
                }
                // A client that reads nothing for so long is gone.
                timeout(PATIENCE, socket.send(message)).await.unwrap_or(Err(Error::ConnectionClosed))
            }
            () = sleep_until(closes_at.unwrap_or_else(Instant::now)), if closes_at.is_some() => break,
        };
    }
    // Every connection ends here, with a close frame or without.
    clients.lock().unwrap().remove(&me);
    done
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
