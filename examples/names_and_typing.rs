//! Lets visitors choose a name, and members send messages and see who is typing.
//!
//!     cargo run --example names_and_typing
//!
//! Then open <http://127.0.0.1:8765> in three tabs, give two of them a name, and type: the
//! other shows it. In the third, send `{"type":"message","content":"hi"}` before any name: it
//! gets an error and stays connected. A message carries the name that the server knows, not
//! the one that the client sends.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{
    Message, protocol::CloseFrame, protocol::frame::coding::CloseCode,
};
use ws101::broadcast::{ClientId, Delivery, Hub, Mailbox, Outlet, Socket};
use ws101::close::{Ended, finish, next_message};
use ws101::crowd::{self, Crowd, Roll};
use ws101::heartbeat::Heartbeat;
use ws101::name::{Likeness, of_person};
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{escape::Line, log, page::page, server, stats::every, timestamp, typed};

/// The members, which are the clients with a name, in the order of arrival.
static NAMES: Mutex<Roll<String>> = Mutex::new(Roll::new(|name| Likeness::of(name).keys().into()));
/// Recent arrivals and departures, told together when there are many. Locked after `NAMES`.
static CROWD: Mutex<Crowd<String>> = Mutex::new(Crowd::new());

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings { port: 8765, ..Settings::default() })?;
    let listener = program::listen(&settings)?;
    let signal = program::signal()?;
    log!("open http://{} in three tabs; Ctrl-C ends it", listener.local_addr()?);
    let hub = Hub::new(settings.hub_options());
    let policy = settings.policy();
    let shutdown = Shutdown::default();
    let everyone = hub.clone();
    tokio::spawn(every(crowd::PERIOD, move || tell_crowd(&everyone)));
    let room = hub.clone();
    let own = settings.clone();
    let serve = move |accepted| serve(accepted, room.clone(), own.clone());
    let sockets = server::sockets(policy, settings.caps(), &shutdown, serve);
    let routes = [sockets, page(&settings.frontend, "python_chat")];
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
    let me = hub.join(&accepted.io);
    hub.exclude(me.id()); // A visitor gets no messages.
    log!("{peer} connected, now {}", hub.members());
    let mut socket = accepted.into_socket(config(settings.max_message_bytes)).await;
    let beat = Heartbeat::new(settings.heartbeat_options());
    let who = me.id();
    let Err(end) = talk(&mut socket, &hub, me, &peer.id, beat).await;
    leave(who, &hub);
    let after = began.elapsed();
    let closed = finish(&mut socket, end, settings.close).await;
    log!("{} left after {after:.1?}: {closed}", peer.id);
}

/// Removes a member and tells the others, once, however its connection ended.
fn leave(who: ClientId, hub: &Hub) {
    let mut names = NAMES.lock().unwrap();
    let Some(name) = names.leave(who) else { return };
    if CROWD.lock().unwrap().went(names.len(), name.clone()) {
        let words = format!("{name} покидает чат");
        hub.broadcast(news("user_left", &names, json!({"username": name, "message": words})));
    }
}

/// Receives and sends until the connection ends. Dropping the mailbox removes the client from
/// the hub.
async fn talk(socket: &mut Socket, hub: &Hub, me: Mailbox, id: &str, mut beat: Heartbeat) -> Ended {
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
        let Message::Text(text) = message else { continue };
        if let Err(error) = hear(&text, me.id(), id, hub) {
            hub.send(me.id(), error);
        }
    }
}

/// Does what a message asks, or returns an error for its sender.
fn hear(text: &str, me: ClientId, id: &str, hub: &Hub) -> Result<Delivery, String> {
    log!("{id}: {}", Line::of(text));
    let said = typed::read(text).map_err(|bad| event("error", bad.fault()))?;
    let no = |code, words: &str| Err(event("error", json!({"code": code, "message": words})));
    let field = |names: &[&str]| names.iter().find_map(|name| said[name].as_str()).unwrap_or("");
    let content = field(&["content", "message", "text"]);
    let mut names = NAMES.lock().unwrap();
    match (said["type"].as_str().unwrap_or_default(), names.get(me)) {
        ("join", None) => {
            let name = field(&["username", "name", "user", "nickname"]);
            let Ok(name) = of_person(name) else {
                return no("name_invalid", "Имя: от 1 до 32 знаков, видимых, и не слово сервера");
            };
            if !names.enter(me, name.clone()) {
                return no("name_taken", "Это имя уже занято");
            }
            if CROWD.lock().unwrap().came(names.len(), name.clone()) {
                let words = format!("{name} присоединяется к чату");
                let who = json!({"username": name, "message": words});
                hub.broadcast(news("user_joined", &names, who));
            }
            hub.include(me);
            let words = format!("Добро пожаловать в чат, {name}!");
            let you = json!({"username": name, "message": words});
            Ok(hub.send(me, news("welcome", &names, you)))
        }
        ("message", Some(_)) if content.trim().is_empty() => no("bad_message", "Пустое сообщение"),
        ("message", Some(name)) => {
            let line = json!({"username": name, "message": content, "content": content});
            Ok(hub.broadcast(event("message", line)))
        }
        ("typing", Some(name)) => {
            if !CROWD.lock().unwrap().passing(names.len()) {
                return Ok(Delivery::default()); // In a large room only some are shown.
            }
            let typing = json!({"username": name, "is_typing": said["is_typing"] != false});
            Ok(hub.broadcast_except(me, event("typing", typing)))
        }
        ("join", Some(_)) => no("bad_message", "Вы уже в чате"),
        ("message" | "typing", None) => no("not_joined", "Сначала отправьте join с именем"),
        (other, _) => no("unknown_type", &format!("Неизвестный тип: «{}»", Line::of(other))),
    }
}

/// Tells how many came and went, when there were too many for a message each.
fn tell_crowd(hub: &Hub) {
    let names = NAMES.lock().unwrap();
    let summary = CROWD.lock().unwrap().end_period();
    let came = &summary.came;
    let went = &summary.went;
    let joined = came.total();
    let left = went.total();
    let Some(name) = came.first(1).iter().chain(went.first(1)).next() else { return };
    let kind = if joined > 0 { "user_joined" } else { "user_left" };
    let words = format!("Вошли: {joined}, вышли: {left}");
    let crowd = json!({"username": name, "message": words, "joined": joined, "left": left});
    hub.broadcast(news(kind, &names, crowd));
}

/// An event about a member, with the list of members. A long list is cut, and `count` is added.
fn news(kind: &str, names: &Roll<String>, mut fields: Value) -> String {
    fields["users"] = names.listed().map(String::as_str).collect();
    if let Some(count) = names.uncut() {
        fields["count"] = count.into();
    }
    event(kind, fields)
}

/// One event of this protocol, as JSON text.
fn event(kind: &str, mut fields: Value) -> String {
    fields["type"] = kind.into();
    fields["timestamp"] = timestamp::now().into();
    fields.to_string()
}
