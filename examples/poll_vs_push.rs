//! Sends the same news in four ways: polling, long polling, server-sent events, WebSocket.
//!
//!     cargo run --example poll_vs_push
//!
//! Then open <http://127.0.0.1:8080>, post a line, and watch the four panels. Look at what
//! polling costs while there is no news, and at the ways that need a connection all the time.
//! This program speaks HTTP by hand and counts the bytes that it reads and writes, so that
//! every number is measured.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Result;
use http::{HeaderValue, Request, Response, header::CONNECTION};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::{net::TcpStream, time::timeout};
use ws101::handshake::{Rejection, asks, encode, has_body, is_last};
use ws101::program::{self, StartError};
use ws101::server::{self, PendingConnections};
use ws101::settings::Settings;
use ws101::stream::{LINGER, linger, within};
use ws101::upgrade::{Head, read_head, refuse};
use ws101::{frame::Frame, log, page};

/// How long an answer to long polling waits for news.
const PATIENCE: Duration = Duration::from_secs(25);
/// How many bytes of lines are kept.
const KEPT: usize = 256 * 1024;
/// How many bytes of them one answer has, more than a line can have. The next gets the rest.
const ANSWER: usize = 64 * 1024;
/// The head of an answer that does not end, so it has no length.
const EVENTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

struct Race {
    /// Numbered lines, as JSON, the newest last.
    news: watch::Sender<VecDeque<(u64, Arc<str>)>>,
    /// Requests, empty answers and bytes, by path.
    meters: Mutex<BTreeMap<&'static str, [usize; 3]>>,
    settings: Settings,
}

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings = program::settings(Settings::default())?;
    let listener = program::listen(&settings)?;
    log!("open http://{}", listener.local_addr()?);
    let meters = Mutex::new(["/poll", "/long", "/events", "/ws"].map(|path| (path, [0; 3])).into());
    let race = Arc::new(Race { news: watch::Sender::default(), meters, settings });
    // When all places are taken, the address that has most of them loses one.
    let places = PendingConnections::default();
    loop {
        let (tcp, peer) = server::accept(&listener).await;
        let race = race.clone();
        let mut place = places.place(peer.ip()).await;
        tokio::spawn(async move {
            let first = place.during(read_head(tcp, race.settings.head)).await;
            if let Some(Ok(head)) = first {
                place.has_asked(); // A connection that asked nothing is cut before this one.
                // An error is a client that left.
                let _ = place.during(race.serve(head)).await;
            }
        });
    }
}

impl Race {
    /// Answers one request after the other, until the client leaves.
    async fn serve(&self, mut head: Head<TcpStream>) -> Result<()> {
        head.io.set_nodelay(true)?;
        let policy = self.settings.policy();
        loop {
            let Head { request, bytes, size, io: mut tcp } = head;
            // Requests of permitted pages, without a body, and without frames before our 101.
            let has_more = bytes.len() > size;
            let has_body = has_body(request.headers()) || has_more && asks(request.headers());
            let verdict = if has_body { Err(Rejection::Body) } else { policy.permit(&request) };
            if let Err(no) = verdict {
                return Err(refuse(tcp, no).await.into());
            }
            self.count(request.uri().path(), [1, 0, size]);
            let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
            let mut answer = match (request.uri().path(), self.since(&request)) {
                ("/poll", since) => self.told(since),
                ("/long", since) => {
                    let mut news = self.news.subscribe();
                    let any = news.wait_for(|news| news.back().is_some_and(|(n, _)| *n > since));
                    let _ = timeout(PATIENCE, any).await; // Without news in time, the answer is empty.
                    self.told(since)
                }
                ("/events" | "/ws", since) => return self.push(tcp, request, since).await,
                ("/news", _) if request.method() == "POST" => {
                    self.publish(request.uri().query().unwrap_or_default())
                }
                ("/meter", _) => {
                    let meters = self.meters.lock().unwrap().clone();
                    Response::new(json!({"now": now(), "meters": meters}).to_string().into())
                }
                ("/", _) => page::file(&self.settings.frontend, "race.html", header("host")).await,
                (file, _) => page::file(&self.settings.frontend, &file[1..], header("host")).await,
            };
            // A request that came right behind this one is not answered: the client asks again.
            let is_last = has_more || is_last(&request);
            let close = (CONNECTION, HeaderValue::from_static("close"));
            answer.headers_mut().extend(is_last.then_some(close));
            let mut bytes = encode(&answer);
            let body = answer.body().len();
            if request.method() == "HEAD" {
                bytes.truncate(bytes.len() - body); // The answer to GET, without its body.
            }
            self.tell(&mut tcp, request.uri().path(), &bytes).await?;
            if is_last {
                linger(&mut tcp, LINGER).await;
                return Ok(());
            }
            head = read_head(tcp, self.settings.head).await?;
        }
    }

    /// Sends the news as it comes, in one answer that does not end: as events, or as frames.
    async fn push(&self, mut tcp: TcpStream, request: Request<()>, mut since: u64) -> Result<()> {
        let path = request.uri().path();
        let mut news = self.news.subscribe();
        let mut buffer = [0; 1024];
        let (answer, goodbye) = match self.settings.policy().answer(&request) {
            _ if path == "/events" => (EVENTS.into(), "".into()),
            Ok(agreed) => (encode(&agreed.to_response()), Frame::close(1000, "").to_bytes()),
            Err(no) => return self.tell(&mut tcp, path, &encode(&no.to_response())).await,
        };
        self.tell(&mut tcp, path, &answer).await?;
        if request.method() == "HEAD" {
            return Ok(()); // HEAD wants only the head.
        }
        loop {
            for (n, line) in self.after(since) {
                let event = format!("id: {n}\ndata: {line}\n\n").into();
                let frame = Frame::text(line.to_string()).to_bytes();
                let told = if path == "/ws" { frame } else { event };
                self.tell(&mut tcp, path, &told).await?;
                since = n;
                news.mark_changed(); // There may be more than one part.
            }
            tokio::select! {
                _ = news.changed() => {}
                read = tcp.read(&mut buffer) => {
                    self.count(path, [0, 0, read?]);
                    // Clients send nothing here, so a frame is a close frame, or is answered with one.
                    return self.tell(&mut tcp, path, &goodbye).await;
                }
            }
        }
    }

    /// Counts `bytes` and writes them. An error if the client does not read them in time.
    async fn tell(&self, tcp: &mut TcpStream, path: &str, bytes: &[u8]) -> Result<()> {
        self.count(path, [0, bytes.ends_with(b"\r\n\r\n[]").into(), bytes.len()]);
        Ok(within(self.settings.write, tcp.write_all(bytes)).await?)
    }

    fn told(&self, since: u64) -> Response<Vec<u8>> {
        let lines: Vec<_> = self.after(since).into_iter().map(|(_, line)| line).collect();
        Response::new(format!("[{}]", lines.join(",")).into())
    }

    /// The last line that a client has seen: `?since=7`, or the header that `EventSource` sends when
    /// it reconnects. A number above ours is from before a restart, and counts as 0.
    fn since(&self, request: &Request<()>) -> u64 {
        let again = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
        let asked = request.uri().query().and_then(|query| query.strip_prefix("since="));
        let newest = self.news.borrow().back().map_or(0, |(n, _)| *n);
        again.or(asked).and_then(|n| n.parse().ok()).filter(|n| *n <= newest).unwrap_or(0)
    }

    /// The lines after `since`, as many as one answer may have. All answers share their text.
    fn after(&self, since: u64) -> Vec<(u64, Arc<str>)> {
        let news = self.news.borrow();
        let fresh = news.iter().filter(|(n, _)| *n > since);
        let part = fresh.scan(ANSWER, |left, (n, line)| {
            *left = left.checked_sub(line.len())?;
            Some((*n, line.clone()))
        });
        part.collect()
    }

    fn publish(&self, line: &str) -> Response<Vec<u8>> {
        self.news.send_modify(|news| {
            let n = news.back().map_or(1, |(n, _)| n + 1);
            news.push_back((n, json!({"n": n, "line": line, "at": now()}).to_string().into()));
            while news.iter().map(|(_, line)| line.len()).sum::<usize>() > KEPT {
                news.pop_front();
            }
        });
        Response::default()
    }

    fn count(&self, path: &str, cost: [usize; 3]) {
        let mut meters = self.meters.lock().unwrap();
        let Some(meter) = meters.get_mut(path) else { return };
        for (sum, n) in meter.iter_mut().zip(cost) {
            *sum += n;
        }
    }
}

/// Milliseconds since 1970.
fn now() -> u128 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_millis()
}
