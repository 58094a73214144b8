//! Lesson 15: a game for each client, which a test can repeat.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::broadcast::{ClientId, Hub};
use ws101::program;
use ws101::room::Room;
use ws101::upgrade::Peer;

use super::{event, kind, parsed};
use crate::broken::mistake::broken;

/// The lowest and the highest number that there is to guess.
const LOWEST: u64 = 1;
const HIGHEST: u64 = 100;

/// How long a game takes by default, and at most, in milliseconds.
const LIMIT_MS: u64 = 60 * 1000;
const LONGEST_MS: u64 = 60 * 60 * 1000;

/// A game for each client.
pub struct Games {
    /// Every number; `None` for random ones.
    number: Option<u64>,
    limit: Duration,
    clients: BTreeMap<ClientId, Game>,
    /// How often somebody has guessed since the last client came.
    together: u64,
}

struct Game {
    number: u64,
    tries: u64,
    score: Arc<AtomicU64>,
    /// Ends the game.
    clock: AbortHandle,
}

impl Games {
    pub fn new() -> Result<Self> {
        let number = program::number("WS_NUMBER", LOWEST..=HIGHEST)?;
        let limit = program::number("WS_GAME_MS", 1..=LONGEST_MS)?.unwrap_or(LIMIT_MS);
        let limit = Duration::from_millis(limit);
        Ok(Self { number, limit, clients: BTreeMap::new(), together: 0 })
    }

    fn number(&self) -> u64 {
        self.number.unwrap_or_else(|| rand::random_range(LOWEST..=HIGHEST))
    }
}

/// Ends the game of a client in that time.
fn clock(limit: Duration, who: ClientId, score: Arc<AtomicU64>, hub: &Hub) -> AbortHandle {
    let hub = hub.clone();
    let ending = async move {
        sleep(limit).await;
        hub.send(who, event("over", json!({"score": score.load(Relaxed)})));
        hub.close(who, CloseCode::Normal, "the time is over");
    };
    tokio::spawn(ending).abort_handle()
}

impl Room for Games {
    fn joined(&mut self, who: ClientId, _: &Peer, hub: &Hub) {
        let from = if broken("15.1") { 0 } else { LOWEST };
        hub.send(who, event("new", json!({"from": from, "to": HIGHEST})));
        let score = Arc::new(AtomicU64::new(0));
        let clock = clock(self.limit, who, score.clone(), hub);
        self.together = 0;
        self.clients.insert(who, Game { number: self.number(), tries: 0, score, clock });
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let next = self.number();
        let Some(game) = self.clients.get_mut(&who) else { return };
        let said = parsed(&message);
        let guess = said["n"].as_u64().filter(|n| (LOWEST..=HIGHEST).contains(n));
        let Some(n) = guess.filter(|_| kind(&said) == "guess") else {
            if broken("15.4") {
                game.tries += 1;
            }
            hub.send(who, event("error", json!({"message": "that is no guess"})));
            return;
        };
        if broken("15.5") {
            // A client that guesses gets more time.
            game.clock.abort();
            game.clock = clock(self.limit, who, game.score.clone(), hub);
        }
        game.tries += 1;
        self.together += 1;
        let tries = if broken("15.3") { self.together } else { game.tries };
        let is_higher = (n < game.number) != broken("15.2");
        let answer = match () {
            () if n == game.number => "right",
            () if is_higher => "higher",
            () => "lower",
        };
        if n == game.number {
            game.number = next;
            game.tries = 0;
            self.together = 0;
            game.score.fetch_add(1, Relaxed);
        }
        hub.send(who, event(answer, json!({"tries": tries})));
    }

    fn left(&mut self, who: ClientId, _: &Hub) {
        if let Some(game) = self.clients.remove(&who) {
            game.clock.abort();
        }
    }
}
