//! Lesson 4: gives each client an id, and lists the connected clients at /connections.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// The longest request that is read.
const LONGEST_HEAD: usize = 16 * 1024;

/// A row for each open connection, by its id.
type Clients = Arc<Mutex<HashMap<String, Value>>>;

/// The row of a client, from its handshake: later there are no headers.
fn describe(id: &str, ip: IpAddr, request: &Request) -> Value {
    let agent = request.headers().get("User-Agent").and_then(|agent| agent.to_str().ok());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "connectionId": id,
        "clientIP": ip.to_string(),
        "userAgent": agent.unwrap_or_default(),
        // Seconds since 1970. They are text, because the check wants one.
        "since": format!("{:.3}", since.as_secs_f64()),
    })
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

/// Serves one WebSocket, until its connection ends.
async fn talk(tcp: TcpStream, clients: &Clients) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let ip = tcp.peer_addr()?.ip();
    let id = format!("{:032x}", rand::random::<u128>());
    let mut row = Value::Null;
    #[allow(clippy::result_large_err, reason = "the type is the library's")]
    let accept = |request: &Request, response: Response| {
        row = describe(&id, ip, request);
        route(request, response)
    };
    let mut socket = accept_hdr_async_with_config(tcp, accept, Some(config)).await?;
    clients.lock().unwrap().insert(id.clone(), row);
    let welcome = json!({"type": "connection_established", "connectionId": id});
    let mut done = socket.send(Message::text(welcome.to_string())).await;
    while done.is_ok() {
        done = match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let said: Value = serde_json::from_str(&text).unwrap_or_default();
                if said["type"] == "ping" {
                    socket.send(Message::text(json!({"type": "pong"}).to_string())).await
                } else {
                    Ok(())
                }
            }
            // The library answers pings and close frames, when they are sent on.
            Some(Ok(_)) => socket.flush().await,
            Some(Err(error)) => Err(error),
            None => break,
        };
    }
    // Every connection ends here, with a close frame or without.
    clients.lock().unwrap().remove(&id);
    done
}

/// Looks at the path of a request, and leaves the request to the library.
async fn path(tcp: &TcpStream) -> io::Result<String> {
    let mut bytes = [0; 1024];
    loop {
        let size = tcp.peek(&mut bytes).await?;
        let seen = String::from_utf8_lossy(&bytes[..size]);
        if size == 0 || size == bytes.len() || seen.contains("\r\n") {
            let target = seen.split(' ').nth(1).unwrap_or_default();
            return Ok(target.split('?').next().unwrap_or_default().to_owned());
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Answers a request for the list.
async fn list(mut tcp: TcpStream, clients: &Clients) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        head.push(tcp.read_u8().await?);
    }
    let rows: Vec<_> = clients.lock().unwrap().values().cloned().collect();
    let body = Value::from(rows).to_string();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}");
    tcp.write_all(answer.as_bytes()).await
}

/// Serves one connection.
async fn serve(tcp: TcpStream, clients: &Clients) -> Result<(), Error> {
    match &*path(&tcp).await? {
        "/connections" => Ok(list(tcp, clients).await?),
        _ => talk(tcp, clients).await,
    }
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
        tokio::spawn(async move { serve(tcp, &clients).await.ok() });
    }
}
