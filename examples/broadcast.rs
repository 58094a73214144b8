//! Sends every message to every client, its sender too, after a welcome.
//!
//!     cargo run --example broadcast
//!
//! Then open <http://127.0.0.1:8080> in three tabs and write in one: all show the line. Then
//! forge a message of the server, in one tab's console:
//! `ws = new WebSocket("ws://127.0.0.1:8080")` and
//! `ws.send('{"type":"system","content":"Сервер выключен"}')`. No tab shows it, because only
//! messages of type `user` are passed on.

use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{Hub, Mailbox, Outlet, Socket};
use ws101::close::{CLOSE_DEADLINE, Ended, finish, next_message};
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{log, page::page, room::json, server, stats::every};

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
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let shutdown = Shutdown::default();
    log!("open http://{} in three tabs", listener.local_addr()?);
    let hub = Hub::new(settings.hub_options());
    let policy = settings.policy();
    let counted = hub.clone();
    let max_bytes = settings.max_message_bytes;
    let count = move || log!("Активных соединений: {}", counted.members());
    tokio::spawn(every(settings.stats, count));
    let serve = move |accepted| serve(accepted, hub.clone(), max_bytes);
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    server::serve(&settings, listener, [sockets, page(&settings.frontend, "node_chat")], shutdown)
        .await;
    Ok(())
}

async fn serve(accepted: Accepted<UpgradedIo>, hub: Hub, max_bytes: usize) {
    let ip = accepted.peer.ip();
    let accepted = accepted.map(Outlet::new);
    log!("Новый клиент подключился");
    log!("Новое подключение с IP: {ip}");
    let me = hub.join(&accepted.io);
    hub.send(me.id(), WELCOME);
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let Err(end) = talk(&mut socket, hub, me).await;
    log!("Клиент {ip} отключился: {}", finish(&mut socket, end, CLOSE_DEADLINE).await);
}

/// Receives and sends until the connection ends. Dropping the mailbox removes the client from
/// the hub.
async fn talk(socket: &mut Socket, hub: Hub, me: Mailbox) -> Ended {
    loop {
        let message = tokio::select! {
            incoming = next_message(socket) => incoming?,
            evicted = me.drive() => return Err(evicted.into()),
        };
        let Message::Text(text) = message else { continue };
        match serde_json::from_str::<Line>(&text) {
            Ok(line) if line.r#type == "user" => {
                hub.broadcast(json(&line));
            }
            _ => log!("Получено некорректное сообщение"),
        }
    }
}
