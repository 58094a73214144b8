//! A room in axum: each client gets an id, and every message goes to all clients.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use tokio::sync::broadcast;

type Room = broadcast::Sender<String>;

pub fn app() -> Router {
    Router::new().route("/ws", get(join)).with_state(Room::new(100))
}

async fn join(upgrade: WebSocketUpgrade, State(room): State<Room>) -> Response {
    upgrade.on_upgrade(|socket| talk(socket, room))
}

async fn talk(mut socket: WebSocket, room: Room) {
    let id = format!("{:032x}", rand::random::<u128>());
    let mut news = room.subscribe();
    let say = |event| drop(room.send(event));
    say(json!({"type": "joined", "id": id}).to_string());
    loop {
        tokio::select! {
            Ok(event) = news.recv() => {
                if socket.send(event.into()).await.is_err() {
                    break;
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => {
                    say(json!({"type": "said", "id": id, "text": text.as_str()}).to_string());
                }
                // Do not end the loop at `Message::Close`: the answer to it has not been sent yet.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    say(json!({"type": "left", "id": id}).to_string());
}
