//! Lesson 10, the client: comes back after a random wait, and gets what it missed.
//!
//!     WS_URL=ws://127.0.0.1:8080/ws cargo run --bin client

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

/// A connection that lasted this long ends a row of failures.
const LASTED: Duration = Duration::from_secs(10);

/// How many attempts in a row may fail.
const TRIES: u32 = 20;

/// The code of a connection that ended without a close frame.
const LOST: u16 = 1006;

/// The code of a close frame without one.
const NO_CODE: u16 = 1005;

/// Whether the server does not want this client back.
fn is_final(code: u16) -> bool {
    matches!(code, 1000 | 1002 | 1003 | 1007 | 1008 | 1010 | 3000 | 3003 | 4000..=4099)
}

/// The newest message that the client has, and the run of the server that numbered it.
#[derive(Default)]
struct Place {
    epoch: String,
    seq: u64,
}

impl Place {
    fn heard(&mut self, text: &str) {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let seq = said["seq"].as_u64().unwrap_or_default();
        if said["type"] == "connection_established" {
            said["epoch"].as_str().unwrap_or_default().clone_into(&mut self.epoch);
            if said["recovered"] != true {
                self.seq = seq;
            }
        } else if said["type"] == "message" && seq > self.seq {
            // A message that is not above `seq` is a copy.
            self.seq = seq;
            println!("{}", said["content"].as_str().unwrap_or_default());
        }
    }
}

/// Talks until the connection ends. Returns its close code.
async fn attempt(url: &str, place: &mut Place) -> Result<u16, Error> {
    let url = format!("{url}?epoch={}&since={}", place.epoch, place.seq);
    let (mut socket, _) = connect_async(url).await?;
    let mut code = LOST;
    while let Some(message) = socket.next().await {
        match message {
            Ok(Message::Text(text)) => place.heard(&text),
            Ok(Message::Close(close)) => code = close.map_or(NO_CODE, |close| close.code.into()),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(code)
}

/// A time from the environment, where it is in milliseconds.
fn time(name: &str, default: u64) -> Duration {
    let set = env::var(name).ok().and_then(|text| text.parse().ok());
    Duration::from_millis(set.unwrap_or(default))
}

#[tokio::main]
async fn main() -> ExitCode {
    let url = env::var("WS_URL").unwrap_or_else(|_| "ws://127.0.0.1:8080/ws".to_owned());
    let (retry, cap) = (time("WS_RETRY_MS", 500), time("WS_RETRY_CAP_MS", 20_000));
    let mut place = Place::default();
    let mut failures = 0;
    while failures <= TRIES {
        let began = Instant::now();
        match attempt(&url, &mut place).await {
            Ok(code) if is_final(code) => return ExitCode::SUCCESS,
            Ok(_) => {}
            Err(error) => eprintln!("no connection: {error}"),
        }
        if began.elapsed() > LASTED {
            failures = 0;
        }
        let bound = retry.saturating_mul(2_u32.pow(failures)).min(cap);
        failures += 1;
        sleep(bound.mul_f64(rand::random())).await;
    }
    eprintln!("no connection: gave up");
    ExitCode::FAILURE
}
