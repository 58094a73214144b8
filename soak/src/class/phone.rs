//! A pupil's phone: loads its page, joins the chat and talks.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};
use ws101::client::{Client, Received, Request, connect, open};
use ws101::frame::{Frame, Opcode};
use ws101_soak::dialect::Dialect;

use super::viewer::{Seen, mark};

/// How long each step of a phone may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The longest frame of the server.
const LONGEST: usize = 1 << 20;

/// The folder of the class's files.
const FOLDER: &str = "/class/";

/// A phone that has joined.
pub struct Phone {
    number: usize,
    echo: bool,
    chat: Client<TcpStream>,
    class: Client<TcpStream>,
    /// From the scan to its first frame on the projector.
    pub took: Duration,
}

impl Phone {
    /// Does all that a browser does from the scan to the first frame that the projector shows.
    pub async fn join(
        at: SocketAddr,
        number: usize,
        begun: Instant,
        echo: bool,
        seen: Arc<Seen>,
    ) -> Result<Self> {
        let scanned = Instant::now();
        load_page(at).await?;
        fetch(at, "/dialect.json").await?;
        let class = Request::new("/class/events?only=class");
        let class = socket(at, &class).await?;
        let request = if echo { Request::new("/ws") } else { Dialect::Canonical.request() };
        let mut chat = socket(at, &request).await?;
        if !echo && let Some(hello) = Dialect::Canonical.greeting(&format!("phone {number}")) {
            chat.send(Frame::text(hello)).await?;
        }
        chat.send(Frame::text(message(number, begun, echo))).await?;
        // Its frames are read meanwhile, as in a browser.
        let reading = async {
            loop {
                hear(&mut chat).await?;
            }
        };
        tokio::select! {
            () = seen.wait_for(number) => {}
            ended = reading => return ended,
        }
        Ok(Self { number, echo, chat, class, took: scanned.elapsed() })
    }

    /// Sends messages until the end; gives how many.
    pub async fn talk(
        mut self,
        begun: Instant,
        rate: u32,
        is_over: Arc<AtomicBool>,
    ) -> Result<u64> {
        let mut beats = interval(Duration::from_secs(1) / rate);
        let mut sent = 0;
        while !is_over.load(Relaxed) {
            tokio::select! {
                _ = beats.tick() => {
                    let text = message(self.number, begun, self.echo);
                    self.chat.send(Frame::text(text)).await?;
                    sent += 1;
                }
                heard = hear(&mut self.chat) => heard?,
                heard = hear(&mut self.class) => heard?,
            }
        }
        Ok(sent)
    }
}

/// A message with the moment in which it is sent.
fn message(number: usize, begun: Instant, echo: bool) -> String {
    let content = mark(number, begun.elapsed());
    if echo {
        return content;
    }
    json!({"type": "message", "content": content}).to_string()
}

/// The next frame; answers a ping.
async fn hear(client: &mut Client<TcpStream>) -> Result<()> {
    match client.receive().await {
        Received::Frame(frame) if frame.header.opcode == Opcode::Ping => {
            client.send(Frame::pong(frame.payload)).await?;
        }
        Received::Frame(frame) if frame.header.opcode == Opcode::Close => bail!("it was closed"),
        Received::Frame(_) => {}
        other => bail!("a phone lost its connection: {other:?}"),
    }
    Ok(())
}

/// Opens a WebSocket of the class.
pub async fn socket(at: SocketAddr, request: &Request) -> Result<Client<TcpStream>> {
    let tcp = connect(at, PATIENCE).await?;
    let deadline = Instant::now() + PATIENCE;
    let opened = open(tcp, &at.to_string(), request, LONGEST, deadline).await;
    opened.map_err(|answer| anyhow!("it does not open: {answer:?}"))
}

/// Loads the page and each file that it or another file names, each on a connection of its own.
async fn load_page(at: SocketAddr) -> Result<()> {
    let mut known = BTreeSet::from(["phone".to_owned()]);
    let mut waiting: Vec<_> = known.iter().cloned().collect();
    while let Some(name) = waiting.pop() {
        let text = fetch(at, &format!("{FOLDER}{name}")).await?;
        for found in named(&text) {
            if known.insert(found.clone()) {
                waiting.push(found);
            }
        }
    }
    Ok(())
}

/// The files that a page or a module loads: `from './x.js'`, `href="x.css"`.
fn named(text: &str) -> Vec<String> {
    let fronts = [("from './", '\''), ("import './", '\''), ("href=\"", '"'), ("src=\"", '"')];
    let names = fronts.into_iter().flat_map(|(front, end)| {
        text.split(front).skip(1).filter_map(move |rest| rest.split(end).next())
    });
    names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
}

async fn fetch(at: SocketAddr, path: &str) -> Result<String> {
    let mut tcp = connect(at, PATIENCE).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| path.to_owned())?;
    if !head.starts_with("HTTP/1.1 200 ") && !path.contains("dialect") {
        bail!("{path}: {head}");
    }
    Ok(body.to_owned())
}
