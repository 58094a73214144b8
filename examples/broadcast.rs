//! Everyone hears, you too: a welcome, then every message to every client.
//!
//!     cargo run --example broadcast
//!
//! then open <http://127.0.0.1:8080> in two tabs, and in their consoles:
//! `ws = new WebSocket("ws://127.0.0.1:8080"); ws.onmessage = e => console.log(e.data)`
//! and `ws.send('{"type":"user","content":"Привет всем!"}')`. Then forge a line
//! of the server's: `ws.send('{"type":"system","content":"Сервер выключен"}')`.
//! Servers that relay whatever parses show it to everyone; this one does not.

use anyhow::Result;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use ws101::broadcast::{Hub, Outlet, Overflow};
use ws101::settings::{Settings, StartError};
use ws101::upgrade::{accept, config};
use ws101::{goodbye, server};

#[derive(Serialize, Deserialize)]
struct Line {
    r#type: String,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

const WELCOME: &str = r#"{"type":"system","content":"Добро пожаловать в чат!"}"#;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let hub = Hub::new(settings.max_queue_bytes, Overflow::Disconnect);
    let listener = settings.listen()?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (tcp, _) = server::accept(&listener).await;
        let (hub, settings) = (hub.clone(), settings.clone());
        tokio::spawn(async move {
            let ended = serve(tcp, &hub, &settings).await;
            println!("Клиент отключился: {}", ended.unwrap_or_else(|error| error.to_string()));
        });
    }
}

async fn serve(tcp: TcpStream, hub: &Hub, settings: &Settings) -> Result<String> {
    tcp.set_nodelay(true)?;
    let accepted = accept(tcp, &settings.policy()).await?.map(Outlet::new);
    println!("Новый клиент подключился");
    let mailbox = hub.join(&accepted.io);
    hub.send(mailbox.id(), WELCOME);
    let mut socket = accepted.into_socket(config(settings.max_message_bytes)).await;
    let ended = loop {
        tokio::select! {
            incoming = socket.next() => match incoming.unwrap_or(Err(Error::ConnectionClosed)) {
                Ok(Message::Text(text)) => match serde_json::from_str::<Line>(&text) {
                    Ok(line) if line.r#type == "user" => {
                        hub.broadcast(serde_json::to_string(&line)?);
                    }
                    _ => println!("Получено некорректное сообщение"),
                },
                Ok(Message::Close(frame)) => break Ok(frame),
                Ok(_) => {}
                Err(error) => break Err(error),
            },
            evicted = mailbox.drive() => return Ok(goodbye::say(&mut socket, evicted?).await.to_string()),
        }
    };
    mailbox.leave();
    Ok(goodbye::answer(&mut socket, ended).await.to_string())
}
