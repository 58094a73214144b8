//! You, and the others: an echo for who speaks, a broadcast for everyone else.
//!
//!     cargo run --example echo_broadcast
//!
//! then open <http://127.0.0.1:8080> in three tabs and press Test in one: it reads
//! `echo`, the others read `broadcast`. Close a tab; then kill one, by ending its
//! process. The others read `client_disconnected` for both, and once: a crash
//! leaves as surely as a goodbye. Two calls that belong together take one turn,
//! or two people who speak at once would be heard in two orders.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{Hub, Mailbox, Outlet, Overflow, Socket};
use ws101::goodbye::{Ended, finish, next_message};
use ws101::settings::{Settings, StartError};
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{escape::Line, page::page, server, timestamp};

/// Whose turn it is to speak.
static TURN: Mutex<()> = Mutex::new(());

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = Settings::from_env()?;
    let (listener, shutdown) = (settings.listen()?, Shutdown::default());
    println!("open http://{} in three tabs", listener.local_addr()?);
    let hub = Hub::new(settings.max_queue_bytes, Overflow::Disconnect).pace(settings.pace());
    let (policy, max_bytes) = (settings.policy(), settings.max_message_bytes);
    let serve = move |accepted| serve(accepted, hub.clone(), max_bytes);
    let sockets = server::sockets(policy, &shutdown, serve);
    server::serve(&settings, listener, [sockets, page(&settings.frontend, "001")], shutdown).await;
    Ok(())
}

async fn serve(accepted: Accepted<UpgradedIo>, hub: Hub, max_bytes: usize) {
    let (id, accepted) = (accepted.peer.id.clone(), accepted.map(Outlet::new));
    let turn = TURN.lock().unwrap();
    let (me, count) = (hub.join(&accepted.io), hub.members());
    println!("✅ Клиент {id} подключился, всего {count}");
    let welcome = json!({"message": "Добро пожаловать!", "clientId": id, "clientsCount": count});
    hub.send(me.id(), event("welcome", welcome));
    let arrival = json!({"clientId": id, "clientsCount": count});
    hub.broadcast_except(me.id(), event("client_connected", arrival));
    drop(turn);
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let Err(end) = talk(&mut socket, &hub, me, &id).await;
    let turn = TURN.lock().unwrap();
    let departure = json!({"clientId": id, "clientsCount": hub.members()});
    hub.broadcast(event("client_disconnected", departure));
    drop(turn);
    println!("❌ Клиент {id} отключился: {}", finish(&mut socket, end).await);
}

/// Talks until there is a reason to stop; dropping the mailbox ends the membership.
async fn talk(socket: &mut Socket, hub: &Hub, me: Mailbox, id: &str) -> Ended {
    loop {
        let message = tokio::select! {
            incoming = next_message(socket) => incoming?,
            evicted = me.drive() => return Err(evicted.into()),
        };
        let Message::Text(text) = message else { continue };
        println!("📨 Получено от {id}: {}", Line::of(&*text));
        let data = serde_json::from_str(&text).unwrap_or(json!(*text));
        let message = data["message"].as_str().unwrap_or(&text);
        let _turn = TURN.lock().unwrap();
        hub.send(me.id(), event("echo", json!({"data": data, "message": message, "clientId": id})));
        println!("📤 Отправлено {id}: echo");
        let news = event("broadcast", json!({"data": data, "message": message, "from": id}));
        println!("📡 Broadcast: получателей {}", hub.broadcast_except(me.id(), news).members);
    }
}

/// One event of this protocol, as JSON text.
fn event(kind: &str, mut fields: Value) -> String {
    fields["type"] = kind.into();
    fields["timestamp"] = timestamp::now().into();
    fields.to_string()
}
