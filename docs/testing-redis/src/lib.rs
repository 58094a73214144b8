//! A room in axum whose history is in Redis, and which reaches all by Redis, too.

use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client, RedisResult};
use serde_json::json;
use tokio::time::sleep;

/// How a handler goes wrong, to show what its test says then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Panics,
    Hangs,
    AnswersLate,
}

/// The handlers of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// `GET /visits`.
    Visits,
    /// The first messages on `/ws`: the history.
    Joining,
    /// A message on `/ws`.
    Speaking,
}

/// The state that all handlers share.
#[derive(Clone)]
pub struct Room {
    client: Client,
    redis: MultiplexedConnection,
    /// The keys of this room begin with it.
    name: String,
    fault: Option<(Handler, Fault)>,
}

impl Room {
    /// # Errors
    ///
    /// Redis does not answer at `url`.
    pub async fn open(url: &str, name: &str) -> RedisResult<Self> {
        let client = Client::open(url)?;
        let redis = client.get_multiplexed_async_connection().await?;
        Ok(Self { client, redis, name: name.to_owned(), fault: None })
    }

    /// The same room with a fault.
    #[must_use]
    pub fn with(mut self, handler: Handler, fault: Fault) -> Self {
        self.fault = Some((handler, fault));
        self
    }

    async fn go_wrong_in(&self, handler: Handler) {
        match self.fault {
            Some((at, Fault::Panics)) if at == handler => panic!("{handler:?} is broken"),
            Some((at, Fault::Hangs)) if at == handler => pending().await,
            Some((at, Fault::AnswersLate)) if at == handler => sleep(Duration::from_secs(3)).await,
            _ => {}
        }
    }

    fn key(&self, of: &str) -> String {
        format!("{}:{of}", self.name)
    }
}

pub fn app(room: Room) -> Router {
    Router::new().route("/visits", get(visits)).route("/ws", get(join)).with_state(room)
}

async fn visits(State(mut room): State<Room>) -> Response {
    room.go_wrong_in(Handler::Visits).await;
    match room.redis.incr::<_, _, u64>(room.key("visits"), 1).await {
        Ok(count) => format!("visit {count}").into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn join(upgrade: WebSocketUpgrade, State(room): State<Room>) -> Response {
    upgrade.on_upgrade(async |socket| {
        if let Err(error) = talk(socket, room).await {
            eprintln!("a client is gone: {error}");
        }
    })
}

async fn talk(mut socket: WebSocket, mut room: Room) -> Result<(), Box<dyn std::error::Error>> {
    let mut news = room.client.get_async_pubsub().await?;
    news.subscribe(room.key("news")).await?;
    room.go_wrong_in(Handler::Joining).await;
    let history: Vec<String> = room.redis.lrange(room.key("history"), 0, -1).await?;
    let number: u64 = room.redis.incr(room.key("guests"), 1).await?;
    let hello = json!({"type": "hello", "guest": number, "history": history});
    socket.send(hello.to_string().into()).await?;
    let mut news = news.into_on_message();
    loop {
        tokio::select! {
            Some(event) = news.next() => {
                socket.send(event.get_payload::<String>()?.into()).await?;
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => {
                    room.go_wrong_in(Handler::Speaking).await;
                    let said = json!({"type": "said", "guest": number, "text": text.as_str()});
                    let said = said.to_string();
                    let _: () = room.redis.rpush(room.key("history"), &said).await?;
                    let _: () = room.redis.publish(room.key("news"), said).await?;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
        }
    }
}
