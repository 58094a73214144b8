//! A client that comes back, and all the ways to get it wrong.
//!
//!     WS_URL=ws://127.0.0.1:8080/ws cargo run -p ws101-cli --example ws101-client
//!
//! talks to the example `reconnect`. With `--break 10.3` it fails that check of
//! `ws101 check 10 --client`, and no other. Each fault is one line, where the right
//! thing would be: look for its number.

use std::env;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use futures::StreamExt;
use rand::RngExt;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// A connection that lived for so long was a good one.
const HEALTHY: Duration = Duration::from_secs(10);

/// How often someone knocks who was never let in.
const TRIES: u32 = 10;

/// A client that comes back, and all the ways to get it wrong.
#[derive(Parser)]
struct Cli {
    /// The one check that it is to fail, such as 10.3
    #[arg(long = "break", value_name = "CHECK", default_value = "")]
    fault: String,
}

/// The last event that was seen: its number, and the life of the server it belongs to.
#[derive(Default)]
struct Place {
    epoch: String,
    seq: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let broken = Cli::parse().fault;
    let broken = |check: &str| broken == check;
    let url = setting("WS_URL", "ws://127.0.0.1:8080/ws".to_owned());
    let retry: f64 = setting("WS_RETRY_MS", 500.0);
    let cap: f64 = setting("WS_RETRY_CAP_MS", 20_000.0);
    let mut place = Place::default();
    let mut failures = 0;
    let mut was_in = false;
    loop {
        let address = format!("{url}?epoch={}&since={}", place.epoch, place.seq);
        if let Ok((mut socket, _)) = connect_async(address).await {
            was_in = true;
            let mut code = None;
            let since = Instant::now();
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    Message::Text(text) => place.hear(&text, broken("10.7")),
                    Message::Close(frame) => code = frame.map(|frame| u16::from(frame.code)),
                    _ => {}
                }
            }
            if code.is_some_and(is_final) && !broken("10.5") || code == Some(1001) && broken("10.1")
            {
                return;
            }
            if since.elapsed() > HEALTHY {
                failures = 0;
            }
        } else if !was_in && failures >= TRIES && !broken("10.6") {
            return;
        }
        let growth = if broken("10.2") { 1.0 } else { 2f64.powi(failures.cast_signed()) };
        let bound = if broken("10.4") { retry * growth } else { cap.min(retry * growth) };
        let dice = if broken("10.3") { 1.0 } else { rand::rng().random_range(0.0..1.0) };
        failures += 1;
        sleep(Duration::from_secs_f64(bound * dice / 1000.0)).await;
    }
}

impl Place {
    fn hear(&mut self, text: &str, is_broken: bool) {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(seq) = said["seq"].as_u64() else { return };
        match said["type"].as_str() {
            Some("connection_established") => {
                said["epoch"].as_str().unwrap_or_default().clone_into(&mut self.epoch);
                // The missed events are still to come: their numbers are not seen yet.
                if said["recovered"] != true || is_broken {
                    self.seq = seq;
                }
            }
            Some("message") if seq > self.seq => {
                self.seq = seq;
                ws101::log!("{seq}: {}", said["content"]);
            }
            _ => {}
        }
    }
}

/// Whether it is no use to come back after this close code.
fn is_final(code: u16) -> bool {
    matches!(code, 1000 | 1002 | 1003 | 1007 | 1008 | 4000..=4099)
}

fn setting<T: FromStr>(name: &str, default: T) -> T {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
