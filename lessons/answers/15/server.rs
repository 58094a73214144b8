//! Lesson 15: a game that a test can repeat: chance and the clock come from outside.
//!
//!     cargo run

use std::cmp::Ordering;
use std::env;
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

/// The longest message that is accepted, in bytes.
const LONGEST: usize = 1 << 20;

/// The lowest and the highest number that there is to guess.
const LOWEST: u64 = 1;
const HIGHEST: u64 = 100;

/// How long a client's close frame is waited for, and all clients together at the end.
const PATIENCE: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<TcpStream>;

/// A number from the environment.
fn set(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|text| text.parse().ok())
}

/// The values that differ from run to run. `main` takes them from the environment.
#[derive(Clone)]
struct Outside {
    /// Every number that is to be guessed; `None` for random ones.
    number: Option<u64>,
    /// How long a game takes.
    limit: Duration,
    /// Changes when the server is to end.
    ends: watch::Receiver<bool>,
}

impl Outside {
    fn number(&self) -> u64 {
        self.number.unwrap_or_else(|| rand::random_range(LOWEST..=HIGHEST))
    }
}

/// The number of a guess; `None` if the message is no guess.
fn guessed(text: &str) -> Option<u64> {
    let said: Value = serde_json::from_str(text).ok()?;
    let n = said["n"].as_u64().filter(|n| (LOWEST..=HIGHEST).contains(n));
    n.filter(|_| said["type"] == "guess")
}

/// The game of one client. Nothing in it is shared.
struct Game {
    number: u64,
    tries: u64,
    score: u64,
}

impl Game {
    fn answer(&mut self, text: &str, outside: &Outside) -> Value {
        let Some(n) = guessed(text) else {
            return json!({"type": "error", "message": "send a guess with n, a whole number from 1 to 100"});
        };
        self.tries += 1;
        let tries = self.tries;
        match n.cmp(&self.number) {
            Ordering::Less => json!({"type": "higher", "tries": tries}),
            Ordering::Greater => json!({"type": "lower", "tries": tries}),
            Ordering::Equal => {
                *self = Self { number: outside.number(), tries: 0, score: self.score + 1 };
                json!({"type": "right", "tries": tries})
            }
        }
    }
}

async fn say(socket: &mut Socket, frame: &Value) -> Result<(), Error> {
    socket.send(Message::text(frame.to_string())).await
}

/// Plays until there is a reason to close the connection: the code, and the reason in words.
async fn play(
    socket: &mut Socket,
    outside: &mut Outside,
) -> Result<(CloseCode, &'static str), Error> {
    let mut game = Game { number: outside.number(), tries: 0, score: 0 };
    // One timer for the whole game: a guess does not start it again.
    let mut over = pin!(sleep(outside.limit));
    say(socket, &json!({"type": "new", "from": LOWEST, "to": HIGHEST})).await?;
    loop {
        let message = tokio::select! {
            message = socket.next() => message.unwrap_or(Err(Error::ConnectionClosed))?,
            () = &mut over => {
                say(socket, &json!({"type": "over", "score": game.score})).await?;
                return Ok((CloseCode::Normal, "the time is over"));
            }
            _ = outside.ends.changed() => {
                return Ok((CloseCode::Away, "server shutting down"));
            }
        };
        match message {
            Message::Text(text) => say(socket, &game.answer(&text, outside)).await?,
            // The library answers pings and close frames, when they are sent on.
            _ => socket.flush().await?,
        }
    }
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

/// Serves one client, until its connection ends.
async fn talk(tcp: TcpStream, mut outside: Outside) -> Result<(), Error> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
    let mut socket = accept_hdr_async_with_config(tcp, route, Some(config)).await?;
    let (code, reason) = play(&mut socket, &mut outside).await?;
    socket.close(Some(CloseFrame { code, reason: reason.into() })).await?;
    // Frames that still come, up to the client's close frame, are only read.
    let ended = async { while let Some(Ok(_)) = socket.next().await {} };
    timeout(PATIENCE, ended).await.ok();
    Ok(())
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
    let (end, ends) = watch::channel(false);
    let limit = Duration::from_millis(set("WS_GAME_MS").unwrap_or(60_000));
    let outside = Outside { number: set("WS_NUMBER"), limit, ends };
    let mut stop = pin!(asked_to_stop());
    let mut serving = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (tcp, _) = accepted?;
                let outside = outside.clone();
                // An error here means that this client is gone, or broke a rule.
                serving.spawn(async move { talk(tcp, outside).await.ok() });
            }
            Some(_) = serving.join_next() => {}
            () = &mut stop => break,
        }
    }
    // From here on, the system refuses new connections.
    drop(listener);
    end.send_replace(true);
    let ended = async { while serving.join_next().await.is_some() {} };
    timeout(PATIENCE, ended).await.ok();
    Ok(())
}
