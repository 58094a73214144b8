//! Sends an echo to the sender of a message, and a broadcast to all others.
//!
//!     cargo run --example echo_broadcast
//!
//! Then open <http://127.0.0.1:8080> in three tabs and press Test in one: it shows `echo`, the
//! others show `broadcast`. Close a tab, then kill the process of another: for each, the
//! others get one `client_disconnected`. The echo and the broadcast are sent under one lock,
//! so that all clients see messages in the same order.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{Hub, Mailbox, Outlet, Socket};
use ws101::close::{CLOSE_DEADLINE, Ended, finish, next_message};
use ws101::crowd::{self, Crowd};
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::stats::every;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{escape::Line, log, page::page, server, timestamp};

/// The lock under which messages are sent, and a count of recent arrivals and departures.
static TURN: Mutex<Crowd<()>> = Mutex::new(Crowd::new());

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let shutdown = Shutdown::default();
    log!("open http://{} in three tabs", listener.local_addr()?);
    let hub = Hub::new(settings.hub_options());
    let everyone = hub.clone();
    tokio::spawn(every(crowd::PERIOD, move || tell_crowd(&everyone)));
    let policy = settings.policy();
    let max_bytes = settings.max_message_bytes;
    let serve = move |accepted| serve(accepted, hub.clone(), max_bytes);
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    server::serve(
        &settings,
        listener,
        [sockets, page(&settings.frontend, "broadcast_server")],
        shutdown,
    )
    .await;
    Ok(())
}

async fn serve(accepted: Accepted<UpgradedIo>, hub: Hub, max_bytes: usize) {
    let id = accepted.peer.id.clone();
    let accepted = accepted.map(Outlet::new);
    let me = arrive(&hub, &accepted.io, &id);
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let Err(end) = talk(&mut socket, &hub, me, &id).await;
    depart(&hub, &id);
    log!("❌ Клиент {id} отключился: {}", finish(&mut socket, end, CLOSE_DEADLINE).await);
}

/// Adds a client to the hub, welcomes it and tells the others.
fn arrive(hub: &Hub, outlet: &Outlet, id: &str) -> Mailbox {
    let mut turn = TURN.lock().unwrap();
    let me = hub.join(outlet);
    let count = hub.members();
    log!("✅ Клиент {id} подключился, всего {count}");
    let welcome = json!({"message": "Добро пожаловать!", "clientId": id, "clientsCount": count});
    hub.send(me.id(), event("welcome", welcome));
    if turn.came(count, ()) {
        let arrival = json!({"clientId": id, "clientsCount": count});
        hub.broadcast_except(me.id(), event("client_connected", arrival));
    }
    me
}

/// Tells the others that a client has left.
fn depart(hub: &Hub, id: &str) {
    let mut turn = TURN.lock().unwrap();
    let count = hub.members();
    if turn.went(count, ()) {
        let departure = json!({"clientId": id, "clientsCount": count});
        hub.broadcast(event("client_disconnected", departure));
    }
}

/// Receives and sends until the connection ends. Dropping the mailbox removes the client from
/// the hub.
async fn talk(socket: &mut Socket, hub: &Hub, me: Mailbox, id: &str) -> Ended {
    loop {
        let message = tokio::select! {
            incoming = next_message(socket) => incoming?,
            evicted = me.drive() => return Err(evicted.into()),
        };
        let Message::Text(text) = message else { continue };
        log!("📨 Получено от {id}: {}", Line::of(&*text));
        let data = serde_json::from_str(&text).unwrap_or(json!(*text));
        let message = data["message"].as_str().unwrap_or(&text);
        let _turn = TURN.lock().unwrap();
        hub.send(me.id(), event("echo", json!({"data": data, "message": message, "clientId": id})));
        log!("📤 Отправлено {id}: echo");
        let news = event("broadcast", json!({"data": data, "message": message, "from": id}));
        log!("📡 Broadcast: получателей {}", hub.broadcast_except(me.id(), news).members);
    }
}

/// Tells how many came and went, when there were too many for a message each.
fn tell_crowd(hub: &Hub) {
    let mut turn = TURN.lock().unwrap();
    let summary = turn.end_period();
    let joined = summary.came.total();
    let left = summary.went.total();
    if joined + left > 0 {
        let words = format!("Подключились: {joined}, отключились: {left}");
        let news = json!({"event": "presence", "message": words, "joined": joined,
            "left": left, "clientsCount": hub.members()});
        hub.broadcast(event("system", news));
    }
}

/// One event of this protocol, as JSON text.
fn event(kind: &str, mut fields: Value) -> String {
    fields["type"] = kind.into();
    fields["timestamp"] = timestamp::now().into();
    fields.to_string()
}
