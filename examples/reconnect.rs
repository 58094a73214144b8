//! Lets clients reconnect and get the messages that they missed.
//!
//!     cargo run --example reconnect
//!
//! Then open <http://127.0.0.1:8080> in two tabs. Disconnect one (lesson 10 tells how), write
//! in the other, and reconnect with `epoch` and `since`: each missed message comes once. Then
//! stop the server for five seconds: each tab returns after a random wait of its own.
//! `frontend/connection.js` is the client's half.

use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{
    Message, protocol::CloseFrame, protocol::frame::coding::CloseCode,
};
use ws101::broadcast::{ClientId, Delivery, Hub, Mailbox, Outlet, Socket};
use ws101::close::{Ended, finish, next_message};
use ws101::handshake::Policy;
use ws101::heartbeat::{Heartbeat, pong};
use ws101::history::{Before, History};
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, Peer, UpgradedIo, config};
use ws101::{escape::Line, log, page::page, server, timestamp, typed};

/// The last 256 KiB of messages, for clients that reconnect.
static HISTORY: LazyLock<Mutex<History>> = LazyLock::new(|| History::new(256 * 1024).into());

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    let signal = program::signal()?;
    log!("open http://{} in two tabs; Ctrl-C ends it", listener.local_addr()?);
    let hub = Hub::new(settings.hub_options());
    let policy = Policy { paths: vec!["/ws".into()], ..settings.policy() };
    let shutdown = Shutdown::default();
    let room = hub.clone();
    let own = settings.clone();
    let serve = move |accepted| serve(accepted, room.clone(), own.clone());
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    let routes = [sockets, page(&settings.frontend, "reconnect")];
    let serving = tokio::spawn(server::serve(&settings, listener, routes, shutdown.clone()));

    log!("🔔 {}: сервер завершает работу", signal.await);
    shutdown.begin();
    serving.await?;
    hub.close_all(CloseCode::Away, "server shutting down");
    log!("🔔 Сервер остановлен, не успели уйти: {}", shutdown.drain(settings.drain).await);
    log::flush();
    Ok(())
}

async fn serve(accepted: Accepted<UpgradedIo>, hub: Hub, settings: Settings) {
    let peer = accepted.peer.clone();
    let began = Instant::now();
    let accepted = accepted.map(Outlet::new);
    let me = enter(&accepted, &hub);
    log!("{peer} connected, now {}", hub.members());
    let mut socket = accepted.into_socket(config(settings.max_message_bytes)).await;
    let beat = Heartbeat::new(settings.heartbeat_options());
    let Err(end) = talk(&mut socket, &hub, me, &peer, beat).await;
    let after = began.elapsed();
    let closed = finish(&mut socket, end, settings.close).await;
    log!("{} left after {after:.1?}: {closed}", peer.id);
}

/// Adds a client to the hub and sends what it missed, under one lock, so that no message is lost
/// in between.
fn enter(accepted: &Accepted<Outlet>, hub: &Hub) -> Mailbox {
    let peer = &accepted.peer;
    let history = HISTORY.lock().unwrap();
    let me = hub.join(&accepted.io);
    let missed = history.missed(peer.query("epoch"), peer.query("since"));
    let hello = json!({"connectionId": peer.id, "epoch": history.epoch(), "seq": history.seq(),
        "recovered": missed.is_some(), "message": "WebSocket connection established"});
    hub.send(me.id(), event("connection_established", hello));
    for line in missed.unwrap_or_default() {
        hub.send(me.id(), line);
    }
    me
}

/// Receives and sends until the connection ends. Dropping the mailbox removes the client from
/// the hub.
async fn talk(
    socket: &mut Socket,
    hub: &Hub,
    me: Mailbox,
    peer: &Peer,
    mut beat: Heartbeat,
) -> Ended {
    loop {
        let message = tokio::select! {
            incoming = next_message(socket) => incoming?,
            evicted = me.drive() => return Err(evicted.into()),
            ping = beat.beat_hearing(|| me.heard_at()) => {
                me.say(&ping.map_err(CloseFrame::from)?);
                continue;
            }
        };
        beat.heard(&message);
        // The page's own ping is a text. Only its sender gets an answer.
        if let Some(pong) = pong(&message) {
            hub.send(me.id(), pong);
            continue;
        }
        let Message::Text(text) = message else { continue };
        if let Err(error) = hear(&text, me.id(), peer, hub) {
            hub.send(me.id(), error);
        }
    }
}

/// Does what a message asks, or returns an error for its sender.
fn hear(text: &str, me: ClientId, peer: &Peer, hub: &Hub) -> Result<Delivery, String> {
    let said = typed::read(text).map_err(|bad| event("error", bad.fault()))?;
    let no = |code, words: &str| Err(event("error", json!({"code": code, "message": words})));
    match (said["type"].as_str().unwrap_or_default(), said["content"].as_str()) {
        ("message", Some(content)) => {
            let name = &said["id"];
            let mut history = HISTORY.lock().unwrap();
            let line =
                |seq| json!({"seq": seq, "id": name, "connectionId": peer.id, "content": content});
            // A client that reconnects has a new connection and may name its old session. Others
            // know its connection's id, so that names no session.
            let own = || format!("connection {}", peer.id);
            let session = peer.query("session").map_or_else(own, |name| format!("session {name}"));
            match history.push(&session, name.as_str(), content, |seq| event("message", line(seq)))
            {
                Ok(line) => Ok(hub.broadcast(line)),
                Err(Before::Same(said_before)) => Ok(hub.send(me, said_before)),
                Err(Before::Otherwise) => no("id_reused", "Под этим id сказано другое"),
            }
        }
        ("message", None) => no("bad_message", "`content` is missing"),
        (other, _) => no("unknown_type", &format!("Неизвестный тип: «{}»", Line::of(other))),
    }
}

/// One event of this protocol, as JSON text.
fn event(kind: &str, mut fields: Value) -> String {
    fields["type"] = kind.into();
    fields["timestamp"] = timestamp::now().into();
    fields.to_string()
}
