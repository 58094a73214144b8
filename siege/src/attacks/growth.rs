//! Canonical crowds of two sizes: the growth of bytes, and the delay of messages between two members.

use std::time::Duration;

use anyhow::Result;
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::clients::crowd::Crowd;
use crate::clients::pair::Pair;
use crate::outcome::{Outcome, megabytes, seconds};

/// How long the pair talks alone, before the crowd and after it.
const ALONE: Duration = Duration::from_secs(1);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let (few, many) = siege.size((1_000, 5_000), (50, 150));
    let late = siege.size(500.0, 4_000.0);
    let mut outcome = Outcome::default();
    let before = arrival(siege, few, late, &mut outcome).await?;
    let after = arrival(siege, many, late, &mut outcome).await?;
    // A fifth below the square of 5, which needs summaries of arrivals. In a debug build a small
    // crowd arrives one by one, so the mark only excludes more than the square.
    let most = siege.size(20.0, 10.0);
    outcome.at_most(
        &format!("bytes of {many} beside those of {few}"),
        ratio(after, before),
        most,
        " times",
    );
    Ok(outcome)
}

/// The bytes that `size` members received until all were welcomed, without chat messages.
async fn arrival(siege: &Siege, size: usize, late: f64, outcome: &mut Outcome) -> Result<u64> {
    let room = (size + 100).to_string();
    let mut settings = PATIENT.to_vec();
    settings.push(("WS_MAX_CONNECTIONS", &room));
    let server = siege.start(FULL_CHAT, &settings, Log::Read).await?;
    let pair = Pair::start(server.address)?;
    tokio::time::sleep(ALONE).await;
    let crowd = Crowd::gather(server.address, Dialect::Canonical, size, siege.seed);
    crowd.welcomed_or_given_up().await;
    tokio::time::sleep(ALONE).await;
    let delays = pair.stop().await;
    crowd.quiet().await;
    let bytes = crowd.bytes() - crowd.message_bytes();
    let mut part = Outcome::default();
    part.figure(format!(
        "last welcome after {} s, {} received beside messages{}",
        seconds(crowd.last_welcome()),
        megabytes(bytes),
        crowd.ends()
    ));
    part.exactly("welcomed", crowd.welcomed(), size);
    part.exactly("cut before the welcome", crowd.refused(), 0);
    part.exactly("evicted", crowd.evicted(), 0);
    match delays {
        Ok(delays) => {
            let [p50, p99] = [50, 99].map(|percent| millis(delays.percentile(percent)));
            part.figure(format!("{} messages of the pair, p50 {p50:.0} ms", delays.count()));
            part.at_most("p99 of the pair", p99, late, " ms");
            part.exactly("messages of the pair lost", delays.lost, 0);
        }
        Err(error) => part.expect("the pair talks to the end", format!("{error:#}"), false),
    }
    drop(crowd);
    siege.end(FULL_CHAT, server, &mut part).await;
    outcome.part(&size.to_string(), part);
    Ok(bytes)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "a ratio with one decimal")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}
