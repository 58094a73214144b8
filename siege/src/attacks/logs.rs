//! Nobody reads what a server prints, or its output is closed: it serves all the same.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use tokio::time::timeout;
use ws101::frame::{Frame, Opcode};
use ws101_soak::raw::Raw;
use ws101_soak::server::Log;

use crate::attack::{EXAMPLES, PATIENT, Siege};
use crate::clients::http::Http;
use crate::outcome::Outcome;

/// For one visit.
const PATIENCE: Duration = Duration::from_secs(5);

/// Visits at once.
const AT_ONCE: usize = 20;

/// After so many failed visits nothing more is to be learnt.
const ENOUGH: usize = 20;

/// Examples under attack at once.
const SERVERS: usize = 4;

pub async fn unread(siege: &Siege) -> Result<Outcome> {
    every_example(siege, Log::Unread).await
}

pub async fn closed(siege: &Siege) -> Result<Outcome> {
    every_example(siege, Log::Closed).await
}

async fn every_example(siege: &Siege, log: Log) -> Result<Outcome> {
    let visited = EXAMPLES.map(|example| visited(siege, example, log));
    let mut parts = stream::iter(visited).buffered(SERVERS);
    let mut outcome = Outcome::default();
    while let Some(part) = parts.next().await {
        let (example, part) = part?;
        outcome.part(example, part);
    }
    Ok(outcome)
}

async fn visited<'a>(siege: &Siege, example: &'a str, log: Log) -> Result<(&'a str, Outcome)> {
    // A pipe takes 64 KiB: two lines of 60 bytes for each visit fill it.
    let visits = siege.size(1_000, 600);
    let server = siege.start(example, &PATIENT, log).await?;
    let mut part = Outcome::default();
    let (mut served, mut failed) = (0, Vec::new());
    let mut waiting = 0..visits;
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < AT_ONCE && failed.len() < ENOUGH && waiting.next().is_some() {
            under_way.push(timeout(PATIENCE, visit(server.address, example)));
        }
        match under_way.next().await {
            Some(Ok(Ok(()))) => served += 1,
            Some(Ok(Err(error))) => failed.push(format!("{error:#}")),
            Some(Err(_)) => failed.push("no answer in 5 s".to_owned()),
            None => break,
        }
    }
    drop(under_way);
    let seen = failed.first().map_or_else(String::new, |first| format!(", then: {first}"));
    let wanted = format!("{visits} visits are served");
    part.expect(wanted, format!("{served}{seen}"), served == visits);
    siege.end(example, server, &mut part).await;
    Ok((example, part))
}

/// Connects, says something, has a ping answered, and leaves. Each makes the server print some lines.
async fn visit(address: SocketAddr, example: &str) -> Result<()> {
    if example == "poll_vs_push" {
        let request = format!("GET /poll HTTP/1.1\r\nHost: {address}\r\n\r\n");
        Http::connect(address).await?.ask(request.as_bytes()).await?;
        return Ok(());
    }
    let target = match example {
        "handshake" => "/ws",
        "raw_echo" => "/chat",
        _ => "/",
    };
    let raw = Raw::connect(address, None).await?;
    let mut raw = raw.open(target, None, Duration::ZERO).await.context("the handshake")?;
    if example == "handshake" {
        return Ok(());
    }
    raw.send(Frame::text(r#"{"type":"message","content":"a line for the log"}"#)).await?;
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
