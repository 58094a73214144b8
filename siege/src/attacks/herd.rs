//! Many complete HTTP requests at once: each gets its answer.

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;
use ws101_soak::server::{FULL_CHAT, Log};

use crate::attack::{PATIENT, Siege};
use crate::clients::http::Http;
use crate::ends::Ends;
use crate::outcome::{Outcome, seconds};

pub async fn run(siege: &Siege) -> Result<Outcome> {
    let size = siege.size(2_000, 600);
    let server = siege.start(FULL_CHAT, &PATIENT, Log::Read).await?;
    let address = server.address;
    let began = Instant::now();
    let mut herd = JoinSet::new();
    for place in 0..size {
        herd.spawn(async move {
            let path = if place % 2 == 0 { "/stats" } else { "/" };
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            Http::connect(address).await?.ask(request.as_bytes()).await
        });
    }
    let answers = herd.join_all().await;
    let mut outcome = Outcome::default();
    let mut others = Ends::default();
    let mut answered = 0;
    for answer in answers {
        match answer {
            Ok(answer) if answer.status == 200 => answered += 1,
            Ok(answer) => others.count(&format!("HTTP {}", answer.status)),
            Err(error) => others.count(&error.kind().to_string()),
        }
    }
    outcome.figure(format!("{answered} answers in {} s{others}", seconds(began.elapsed())));
    outcome.exactly("answered with 200", answered, size);
    siege.end(FULL_CHAT, server, &mut outcome).await;
    Ok(outcome)
}
