//! Lesson 8: counts connections, memory and uptime, and reports them to all clients.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::process::{self, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep, sleep_until};
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

fn send_to_all(clients: &Clients, frame: &Value) {
    let message = Message::text(frame.to_string());
    clients.lock().unwrap().retain(|_, queue| queue.try_send(message.clone()).is_ok());
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

/// A time from the environment, where it is in milliseconds.
fn time(name: &str, default: u64) -> Duration {
    let set = env::var(name).ok().and_then(|text| text.parse().ok());
    Duration::from_millis(set.unwrap_or(default))
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
                    heard(clients, me, &text);
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
    // Every connection ends here, so its end is announced here and nowhere else.
    clients.lock().unwrap().remove(&me);
    send(clients, me, None, &json!({"type": "client_disconnected", "clientId": name(me)}));
    ended
}

/// How much memory the process holds, in bytes.
fn rss_bytes() -> u64 {
    let kib = if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim_end_matches(" kB").trim().parse::<u64>().ok())
    } else {
        // macOS has no /proc.
        let mut ps = Command::new("ps");
        let ps = ps.args(["-o", "rss=", "-p", &process::id().to_string()]);
        let told = ps.output().ok().and_then(|output| String::from_utf8(output.stdout).ok());
        told.and_then(|told| told.trim().parse().ok())
    };
    kib.unwrap_or_default() * 1024
}

/// Sends the statistics to everyone, again and again.
async fn report(clients: Clients, started: Instant) {
    let pause = time("WS_STATS_MS", 30_000);
    loop {
        sleep(pause).await;
        let stats = json!({
            "activeConnections": clients.lock().unwrap().len(),
            "memory": {"rssBytes": rss_bytes()},
            "uptime": started.elapsed().as_secs(),
        });
        send_to_all(&clients, &json!({"type": "system", "event": "heartbeat", "stats": stats}));
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    // On the monotonic clock, which nobody sets back.
    let started = Instant::now();
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    let clients = Clients::default();
    tokio::spawn(report(clients.clone(), started));
    loop {
        let (tcp, _) = listener.accept().await?;
        let clients = clients.clone();
        // An error here means that this client is gone, or broke a rule.
        tokio::spawn(async move { talk(tcp, &clients).await.ok() });
    }
}
