//! A server whose output is not read, or is closed, still serves.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use tokio::time::timeout;
use ws101::frame::{Frame, Opcode};
use ws101_soak::raw::Raw;
use ws101_soak::server::Log;

use crate::attack::{EXAMPLES, PATIENT, Siege, target};
use crate::clients::http::Http;
use crate::outcome::Outcome;

/// How long one visit may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The visits at the same time.
const AT_ONCE: usize = 20;

/// The failed visits after which an example is given up.
const ENOUGH: usize = 20;

/// The examples that are attacked at the same time.
const SERVERS: usize = 4;

pub async fn unread(siege: &Siege) -> Result<Outcome> {
    Box::pin(every_example(siege, Log::Unread)).await
}

pub async fn closed(siege: &Siege) -> Result<Outcome> {
    Box::pin(every_example(siege, Log::Closed)).await
}

async fn every_example(siege: &Siege, log: Log) -> Result<Outcome> {
    let mut visits = Vec::new();
    for example in EXAMPLES.iter() {
        visits.push(Box::pin(visited(siege, example, log)));
    }
    let mut parts = stream::iter(visits).buffered(SERVERS);
    let mut outcome = Outcome::default();
    while let Some(part) = parts.next().await {
        let (example, part) = part?;
        outcome.part(example, part);
    }
    Ok(outcome)
}

async fn visited<'a>(siege: &Siege, example: &'a str, log: Log) -> Result<(&'a str, Outcome)> {
    // A pipe takes 64 KiB: 650 visits fill it in the tersest of the examples that print for each.
    let visits = siege.size(1_000, 700);
    let server = siege.start(example, &PATIENT, log).await?;
    let mut part = Outcome::default();
    let mut good = 0;
    let mut failed = Vec::new();
    let mut waiting = 0..visits;
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < AT_ONCE && failed.len() < ENOUGH && waiting.next().is_some() {
            under_way.push(timeout(PATIENCE, visit(server.address, example)));
        }
        match under_way.next().await {
            Some(Ok(Ok(()))) => good += 1,
            Some(Ok(Err(error))) => failed.push(format!("{error:#}")),
            Some(Err(_)) => failed.push("no answer in 5 s".to_owned()),
            None => break,
        }
    }
    drop(under_way);
    let seen = failed.first().map_or_else(String::new, |first| format!(", then: {first}"));
    let wanted = format!("{visits} visits are served");
    part.expect(wanted, format!("{good}{seen}"), good == visits);
    siege.end(example, server, &mut part).await;
    Ok((example, part))
}

/// Connects, sends a message, waits for the answer to a ping, and leaves. The server prints a few lines
/// for each visit.
async fn visit(address: SocketAddr, example: &str) -> Result<()> {
    if example == "poll_vs_push" {
        let request = format!("GET /poll HTTP/1.1\r\nHost: {address}\r\n\r\n");
        Http::connect(address).await?.ask(request.as_bytes()).await?;
        return Ok(());
    }
    let raw = Raw::connect(address, None).await?;
    let mut raw = raw.open(target(example), None, Duration::ZERO).await.context("the handshake")?;
    if example == "handshake" {
        return Ok(());
    }
    let line = format!(r#"{{"type":"message","content":"{}"}}"#, "for the log ".repeat(20));
    raw.send(Frame::text(line)).await?;
    raw.send(Frame::ping("still there?")).await?;
    loop {
        let frame = raw.next().await?.context("cut")?;
        if frame.header.opcode == Opcode::Pong {
            break;
        }
    }
    raw.send(Frame::close(1000, "")).await?;
    raw.end().await;
    Ok(())
}
