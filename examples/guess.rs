//! A game that a test can repeat: chance, the clock and the end of the server come from outside.
//!
//!     cargo run --example guess
//!
//! Open <http://127.0.0.1:8080>: guess as many numbers from 1 to 100 as you can in a minute. With
//! `WS_NUMBER=42` every number is 42, and with `WS_GAME_MS=5000` a game takes five seconds.
//! `tests/guess.rs` plays a game of a minute without a port and without waiting.

use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;

use futures::SinkExt;
use http::header::CONTENT_SECURITY_POLICY;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};
use ws101::close::{CLOSE_DEADLINE, Closed, Ended, close_frame, finish, next_message};
use ws101::handshake::Policy;
use ws101::program::{self, StartError};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::{Accepted, UpgradedIo, config};
use ws101::{echo::WRITE_DEADLINE, log, server, stream::within, typed};

/// The numbers that there are to guess.
const NUMBERS: RangeInclusive<u64> = 1..=100;

/// How long a game takes, unless `WS_GAME_MS` says otherwise.
const LIMIT: Duration = Duration::from_mins(1);

/// The longest game that `WS_GAME_MS` may ask for, in milliseconds: an hour.
const LONGEST_MS: u64 = 60 * 60 * 1000;

/// The values that differ from run to run. The program takes them from the world; a test chooses them.
#[derive(Clone)]
pub struct Outside {
    /// Every number that is to be guessed; `None` for random ones.
    pub number: Option<u64>,
    /// How long a game takes.
    pub limit: Duration,
    /// Begins when the server is to end.
    pub shutdown: Shutdown,
}

impl Outside {
    /// The next number to guess.
    pub fn number(&self) -> u64 {
        self.number.unwrap_or_else(|| rand::random_range(NUMBERS))
    }
}

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let number = program::number("WS_NUMBER", NUMBERS)?;
    let limit_ms = program::number("WS_GAME_MS", 1..=LONGEST_MS)?;
    let limit = limit_ms.map_or(LIMIT, Duration::from_millis);
    let listener = program::listen(&settings)?;
    let signal = program::signal()?;
    log!("open http://{}", listener.local_addr()?);
    let shutdown = Shutdown::default();
    let outside = Outside { number, limit, shutdown: shutdown.clone() };
    let max_bytes = settings.max_message_bytes;
    let serve = move |accepted: Accepted<UpgradedIo>| {
        let id = accepted.peer.id.clone();
        let serving = serve(accepted, outside.clone(), max_bytes);
        async move { log!("{id}: {}", serving.await) }
    };
    let policy = Policy { paths: vec!["/ws".into()], ..settings.policy() };
    let routes = [server::sockets(policy, settings.caps(), &shutdown, serve), page()];
    let serving = tokio::spawn(server::serve(&settings, listener, routes, shutdown.clone()));

    log!("{}: the games end", signal.await);
    shutdown.begin();
    serving.await?;
    log!("closed; {} had not left in time", shutdown.drain(settings.drain).await);
    log::flush();
    Ok(())
}

/// Serves the page, whose script connects to this server.
fn page() -> BoxedFilter<(Response,)> {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'; connect-src ws: wss:; frame-ancestors 'none'";
    let page = || {
        let page = warp::reply::html(include_str!("guess/page.html"));
        warp::reply::with_header(page, CONTENT_SECURITY_POLICY, POLICY).into_response()
    };
    warp::get().and(warp::path::end()).map(page).boxed()
}

/// Serves one client, and gives how its connection ended.
pub async fn serve<S>(accepted: Accepted<S>, outside: Outside, max_bytes: usize) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = accepted.into_socket(config(max_bytes)).await;
    let Err(end) = play(&mut socket, &outside).await;
    finish(&mut socket, end, CLOSE_DEADLINE).await
}

/// Plays until the time is over, the server ends, or the client leaves.
async fn play<S>(socket: &mut WebSocketStream<S>, outside: &Outside) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut over = pin!(sleep(outside.limit));
    let mut game = Game { number: outside.number(), tries: 0, score: 0 };
    say(socket, &json!({"type": "new", "from": NUMBERS.start(), "to": NUMBERS.end()})).await?;
    loop {
        let message = tokio::select! {
            message = next_message(socket) => message?,
            () = &mut over => {
                say(socket, &json!({"type": "over", "score": game.score})).await?;
                return Err(close_frame(CloseCode::Normal, "the time is over").into());
            }
            () = outside.shutdown.begun() => {
                return Err(close_frame(CloseCode::Away, "server shutting down").into());
            }
        };
        let Message::Text(text) = message else { continue };
        say(socket, &game.answer(&text, outside)).await?;
    }
}

async fn say<S>(socket: &mut WebSocketStream<S>, event: &Value) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    within(WRITE_DEADLINE, socket.send(event.to_string().into())).await
}

/// The game of one client. No other client has a part in it.
struct Game {
    number: u64,
    tries: u64,
    /// How many numbers were guessed.
    score: u64,
}

impl Game {
    /// The answer to a message. One that is no guess gets an error, and costs no try.
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

/// The number of a guess; `None` if the message is no guess.
fn guessed(text: &str) -> Option<u64> {
    let said = typed::read(text).ok().filter(|said| said["type"] == "guess")?;
    said["n"].as_u64().filter(|n| NUMBERS.contains(n))
}
