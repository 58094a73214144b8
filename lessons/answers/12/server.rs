//! Lesson 12: the whole chat. The room has the rules, and talks to no socket itself.
//!
//!     cargo run

use std::collections::HashMap;
use std::env;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until, timeout};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// How many messages may wait for one client. One that reads too slowly is let go.
const QUEUE: usize = 256;

/// The longest name, in characters.
const LONGEST_NAME: usize = 32;

const SUBPROTOCOL: &str = "ws101.chat.v1";
const ROOM: &str = "general";

/// Whom a frame is for.
enum To {
    One(u128),
    /// All members.
    All,
    /// All members but this one.
    Others(u128),
}

/// The rules: what each message does, and who gets what. Each method returns the frames to send,
/// so the room can be tested without sockets.
#[derive(Default)]
struct Room {
    /// The user of each member. A client that is not here is a visitor.
    users: HashMap<u128, Value>,
    seq: u64,
    guests: u64,
}

/// The frames to send, in their order.
type Frames = Vec<(To, Value)>;

fn refuse(me: u128, code: &str, words: &str) -> Frames {
    vec![(To::One(me), json!({"type": "error", "code": code, "message": words}))]
}

impl Room {
    /// A frame with the next number.
    fn numbered(&mut self, kind: &str, user: &Value, mut fields: Value) -> Value {
        self.seq += 1;
        fields["type"] = kind.into();
        fields["room"] = ROOM.into();
        fields["seq"] = self.seq.into();
        fields["user"] = user.clone();
        fields["username"] = user["username"].clone();
        fields
    }

    fn heard(&mut self, me: u128, text: &str) -> Frames {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match (said["type"].as_str().unwrap_or_default(), self.users.get(&me).cloned()) {
            ("hello", None) => self.hello(me, &said),
            ("hello", Some(_)) => refuse(me, "bad_message", "you are a member already"),
            (_, None) => refuse(me, "hello_required", "send hello first"),
            ("message", Some(user)) => self.message(me, &user, &said),
            ("typing", Some(user)) => {
                let frame = json!({
                    "type": "typing",
                    "room": ROOM,
                    "user": user,
                    "username": user["username"],
                    "active": said["active"] != false,
                });
                vec![(To::Others(me), frame)]
            }
            ("ping", Some(_)) => {
                let frame = json!({"type": "pong", "timestamp": said["timestamp"]});
                vec![(To::One(me), frame)]
            }
            (unknown, _) => refuse(me, "unknown_type", &format!("unknown type: {unknown}")),
        }
    }

    fn hello(&mut self, me: u128, said: &Value) -> Frames {
        let name = said["username"].as_str().unwrap_or_default().trim();
        let mut name: String = name.chars().take(LONGEST_NAME).collect();
        if name.is_empty() {
            self.guests += 1;
            name = format!("Guest {}", self.guests);
        }
        let id = format!("{:032x}", rand::random::<u128>());
        let user = json!({"id": id, "username": name});
        self.users.insert(me, user.clone());
        let count = self.users.len();
        let joined = self.numbered("user_joined", &user, json!({"count": count}));
        let members: Vec<_> = self.users.values().collect();
        let room = json!({"room": ROOM, "seq": self.seq, "members": members});
        let welcome = json!({"type": "welcome", "v": 1, "user": user, "rooms": [room]});
        vec![(To::One(me), welcome), (To::Others(me), joined)]
    }

    fn message(&mut self, me: u128, user: &Value, said: &Value) -> Frames {
        let content = said["content"].as_str().unwrap_or_default();
        if content.trim().is_empty() {
            return refuse(me, "bad_message", "there is no text in content");
        }
        let fields = json!({"id": said["id"], "content": content});
        let line = self.numbered("message", user, fields);
        let ack = json!({"type": "ack", "room": ROOM, "id": said["id"], "seq": line["seq"]});
        let mut frames = vec![(To::All, line)];
        if !said["id"].is_null() {
            frames.push((To::One(me), ack));
        }
        frames
    }

    fn left(&mut self, me: u128) -> Frames {
        let Some(user) = self.users.remove(&me) else { return Vec::new() };
        let count = self.users.len();
        vec![(To::All, self.numbered("user_left", &user, json!({"count": count})))]
    }
}

/// The room, and the queue of each connected client.
#[derive(Default)]
struct Chat {
    room: Room,
    clients: HashMap<u128, mpsc::Sender<Message>>,
}

type Shared = Arc<Mutex<Chat>>;

impl Chat {
    /// Asks the room what an event causes, and sends it. The lock is held for all of it, so that
    /// all clients see messages in one order. A client whose queue is full leaves the list.
    fn cause(&mut self, event: impl FnOnce(&mut Room) -> Frames) {
        for (to, frame) in event(&mut self.room) {
            let message = Message::text(frame.to_string());
            let Self { room, clients } = self;
            clients.retain(|id, queue| {
                let is_meant = match to {
                    To::One(one) => *id == one,
                    To::All => room.users.contains_key(id),
                    To::Others(me) => *id != me && room.users.contains_key(id),
                };
                !is_meant || queue.try_send(message.clone()).is_ok()
            });
        }
    }

    /// Tells all clients, and puts a close frame behind what waits for each.
    fn close_all(&self) {
        let told = json!({"type": "system", "event": "shutdown"});
        let frame = CloseFrame { code: CloseCode::Away, reason: "server shutting down".into() };
        for queue in self.clients.values() {
            queue.try_send(Message::text(told.to_string())).ok();
            queue.try_send(Message::Close(Some(frame.clone()))).ok();
        }
    }
}

/// Refuses every path but `/ws`, and agrees on the subprotocol.
#[allow(clippy::result_large_err, reason = "the type is the library's")]
fn route(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    const NAME: &str = "Sec-WebSocket-Protocol";
    if request.uri().path() != "/ws" {
        let mut refusal = ErrorResponse::new(Some("the WebSocket is at /ws\n".to_owned()));
        *refusal.status_mut() = StatusCode::NOT_FOUND;
        return Err(refusal);
    }
    let offers = request.headers().get_all(NAME).iter().filter_map(|line| line.to_str().ok());
    let mut offers = offers.flat_map(|line| line.split(',')).map(str::trim);
    if offers.any(|offer| offer == SUBPROTOCOL) {
        response.headers_mut().insert(NAME, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

/// A time from the environment, where it is in milliseconds.
fn time(name: &str, default: u64) -> Duration {
    let set = env::var(name).ok().and_then(|text| text.parse().ok());
    Duration::from_millis(set.unwrap_or(default))
}

/// Serves one client, until its connection ends. It knows nothing of the rules.
async fn talk(tcp: TcpStream, shared: &Shared) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut socket = accept_hdr_async_with_config(tcp, route, Some(config)).await?;
    let me: u128 = rand::random();
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    shared.lock().unwrap().clients.insert(me, queue);
    let mut beat = interval(time("WS_HEARTBEAT_MS", 25_000));
    let pong_timeout = time("WS_PONG_TIMEOUT_MS", 10_000);
    // When the client must have answered. Without a ping under way there is nothing to answer.
    let mut deadline: Option<Instant> = None;
    // Behind a close frame, nothing is sent. The client's close frame is waited for.
    let mut is_closing = false;
    let ended = loop {
        let patience = sleep_until(deadline.unwrap_or_else(Instant::now));
        // The first of these: a message comes, one is to be sent, a ping is due, or no pong came.
        let done = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    shared.lock().unwrap().cause(|room| room.heard(me, &text));
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
            message = waiting.recv(), if !is_closing => match message {
                Some(message) => {
                    is_closing |= message.is_close();
                    socket.send(message).await
                }
                None => break Ok(()), // It has left the list.
            },
            _ = beat.tick(), if !is_closing => {
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
    let mut chat = shared.lock().unwrap();
    chat.clients.remove(&me);
    chat.cause(|room| room.left(me));
    ended
}

/// Waits for SIGTERM or Ctrl-C.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        let terminate = signal::unix::signal(signal::unix::SignalKind::terminate());
        let mut terminate = terminate.expect("signals can be received");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await.ok();
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://127.0.0.1:{port}");
    let shared = Shared::default();
    let mut stop = pin!(asked_to_stop());
    let mut serving = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (tcp, _) = accepted?;
                let shared = shared.clone();
                // An error here means that this client is gone, or broke a rule.
                serving.spawn(async move { talk(tcp, &shared).await.ok() });
            }
            Some(_) = serving.join_next() => {}
            () = &mut stop => break,
        }
    }
    // From here on, the system refuses new connections.
    drop(listener);
    shared.lock().unwrap().close_all();
    // All wait at the same time, so this is the limit for all of them together.
    let ended = async { while serving.join_next().await.is_some() {} };
    timeout(time("WS_DRAIN_MS", 5000), ended).await.ok();
    Ok(())
}
