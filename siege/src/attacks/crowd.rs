//! Many clients of one dialect connect at once: each is welcomed, and none is cut or evicted.

use std::time::Duration;

use anyhow::Result;
use ws101_soak::dialect::Dialect;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::clients::crowd::Crowd;
use crate::outcome::{Outcome, megabytes, seconds};

/// How long a message may take to reach all members.
const FENCE: Duration = Duration::from_secs(20);

pub async fn of_node_chat(siege: &Siege) -> Result<Outcome> {
    crowd(siege, FULL_CHAT, Dialect::NodeChat).await
}

pub async fn of_broadcast_server(siege: &Siege) -> Result<Outcome> {
    crowd(siege, FULL_CHAT, Dialect::BroadcastServer).await
}

pub async fn of_reconnect(siege: &Siege) -> Result<Outcome> {
    crowd(siege, FULL_CHAT, Dialect::Reconnect).await
}

pub async fn of_note(siege: &Siege) -> Result<Outcome> {
    crowd(siege, FULL_CHAT, Dialect::Note).await
}

pub async fn of_python_chat(siege: &Siege) -> Result<Outcome> {
    crowd(siege, FULL_CHAT, Dialect::PythonChat).await
}

pub async fn of_canonical(siege: &Siege) -> Result<Outcome> {
    crowd(siege, FULL_CHAT, Dialect::Canonical).await
}

pub async fn of_names(siege: &Siege) -> Result<Outcome> {
    crowd(siege, "names_and_typing", Dialect::PythonChat).await
}

pub async fn of_echo(siege: &Siege) -> Result<Outcome> {
    crowd(siege, "echo_broadcast", Dialect::BroadcastServer).await
}

async fn crowd(siege: &Siege, example: &str, dialect: Dialect) -> Result<Outcome> {
    let size = siege.size(2_000, 150);
    let room = (size + 100).to_string();
    let mut settings = PATIENT.to_vec();
    settings.push(("WS_MAX_CONNECTIONS", &room));
    let server = siege.start(example, &settings, Log::Read).await?;
    let mut outcome = Outcome::default();
    let crowd = Crowd::gather(server.address, dialect, size, siege.seed);
    crowd.arrived().await;
    let arrived = crowd.bytes();
    outcome.figure(format!(
        "last of {} welcomes after {} s, {} received{}",
        crowd.welcomed(),
        seconds(crowd.last_welcome()),
        megabytes(arrived),
        crowd.ends()
    ));
    outcome.exactly("welcomed", crowd.welcomed(), size);
    outcome.exactly("cut before the welcome", crowd.refused(), 0);
    crowd.stir().await;
    outcome
        .figure(format!("then {} received by those who stay", megabytes(crowd.bytes() - arrived)));
    outcome.exactly("evicted", crowd.evicted(), 0);
    let heard = crowd.fence(FENCE).await;
    outcome.exactly("heard a message at the end", heard, crowd.present());
    outcome.expect("somebody is there to hear it", crowd.present(), crowd.present() > 0);
    drop(crowd);
    siege.end(example, server, &mut outcome).await;
    Ok(outcome)
}
