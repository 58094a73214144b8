//! The bytes that a few small requests of one member cost among many members.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use ws101::frame::Frame;
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::clients::crowd::{Crowd, FENCE};
use crate::clients::{Way, read_until};
use crate::outcome::{Outcome, megabytes};

/// The renames, all at once: half of a client's burst.
const RENAMES: u64 = 10;

/// The most bytes for one rename and member: its event, or its part of a summary.
const MOST: f64 = 1_000.0;

/// How long the last name may take to reach all members.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let size = 300;
    let server = siege.start(FULL_CHAT, &PATIENT, Log::Read).await?;
    let crowd = Crowd::gather(server.address, Dialect::PythonChat, size, siege.seed);
    crowd.arrived().await;
    let mut raw = Way::new(server.address, Dialect::Canonical).enter("renames-itself").await?;
    crowd.quiet().await;
    let welcomed = crowd.welcomed();
    ensure!(crowd.present() == size, "{} of {size} are there{}", crowd.present(), crowd.ends());
    let before = crowd.bytes();
    crowd.listen_for_fence();
    let mut sent = 0;
    for number in 1..=RENAMES {
        // Every member must receive the last name.
        let name = if number == RENAMES { FENCE.to_owned() } else { format!("name-{number}") };
        let rename = json!({"type": "rename", "id": format!("rename-{number}"), "username": name})
            .to_string();
        sent += rename.len();
        raw.send(Frame::text(rename)).await?;
    }
    read_until(&mut raw, r#""type":"ack""#).await?;
    let heard = crowd.heard_fence(PATIENCE).await;
    crowd.quiet().await;
    let bytes = crowd.bytes() - before;
    let mut outcome = Outcome::default();
    let out = megabytes(bytes);
    outcome.figure(format!("{sent} bytes in, {out} out to {welcomed} members"));
    outcome.exactly("heard the last name", heard, size);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = bytes as f64 / (RENAMES as f64 * size as f64);
    outcome.at_most("for one rename and member", each, MOST, " bytes");
    outcome.exactly("evicted", crowd.evicted(), 0);
    drop((crowd, raw));
    siege.end(FULL_CHAT, server, &mut outcome).await;
    Ok(outcome)
}
