//! Whoever keeps to the limits cannot evict an honest reader on a slow line. In virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::{WebSocketStream, client_async};
use ws101::broadcast::{ClientId, Hub, HubOptions, Outlet, Overflow};
use ws101::close::{Ended, Ending, next_message};
use ws101::endpoint::Endpoint;
use ws101::frame::Headers;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::config;

const READERS: usize = 20;
const SENDERS: usize = 30;
/// As many as the rate of messages lets one client send at once.
const MESSAGES: usize = 20;
const LINE_BYTES: usize = 16_000;

/// 10 Mbit/s, and how much of it comes at a time.
const LINE_RATE: usize = 1_250_000;
const SLICE: Duration = Duration::from_millis(10);

/// What the system holds for a connection.
const PIPE: usize = 64 * 1024;

/// How long the test watches: twice what the line needs for all that is said.
const WATCH: Duration = Duration::from_secs(20);

/// Reads at the line's rate, for `WATCH`; returns how many frames came, a close frame among them.
async fn read_slowly(mut io: ReadHalf<DuplexStream>) -> (usize, bool) {
    let (began, mut headers) = (Instant::now(), Headers::default());
    let (mut frames, mut closed) = (0, false);
    let mut slice = vec![0; LINE_RATE / 100];
    while began.elapsed() < WATCH {
        sleep(SLICE).await;
        let mut filled = 0;
        while filled < slice.len() {
            let reading = tokio::time::timeout(Duration::ZERO, io.read(&mut slice[filled..]));
            match reading.await {
                Ok(Ok(n @ 1..)) => filled += n,
                _ => break,
            }
        }
        headers.feed(&slice[..filled], |header| {
            frames += 1;
            closed |= header.opcode == ws101::frame::Opcode::Close;
        });
    }
    (frames, closed)
}

/// Sends as fast as the server takes it, and reads and drops what comes.
fn flood(io: DuplexStream) -> JoinHandle<WriteHalf<DuplexStream>> {
    let (mut reading, mut writing) = split(io);
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut reading, &mut tokio::io::sink()).await;
    });
    let frame = ws101::frame::Frame::text("x".repeat(LINE_BYTES)).masked([1, 2, 3, 4]).to_bytes();
    tokio::spawn(async move {
        for _ in 0..MESSAGES {
            if writing.write_all(&frame).await.is_err() {
                break;
            }
        }
        writing
    })
}

/// Everyone hears what anyone says.
struct Plaza;

impl Room for Plaza {
    fn heard(&mut self, _who: ClientId, message: Message, hub: &Hub) {
        hub.broadcast(message);
    }
}

#[tokio::test(start_paused = true)]
async fn thirty_who_keep_to_the_limits_evict_nobody_on_ten_megabits() {
    let plaza = Endpoint::open(Plaza, &Settings::default());
    let connect = || async {
        let (far, near) = duplex(PIPE);
        let plaza = plaza.clone();
        tokio::spawn(async move { plaza.accept(near).await.map(drop) });
        client_async("ws://localhost/", far).await.expect("101").0.into_inner()
    };
    let reading: Vec<_> = join_all((0..READERS).map(|_| connect())).await;
    let reading = reading.into_iter().map(|io| tokio::spawn(read_slowly(split(io).0)));
    let reading: Vec<_> = reading.collect();
    let flooding: Vec<_> = join_all((0..SENDERS).map(|_| connect())).await;
    let flooding: Vec<_> = flooding.into_iter().map(flood).collect();
    let heard: Vec<_> = join_all(reading).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(plaza.report().closes.get(&1013), None, "nobody was evicted");
    // What each may say at once is heard, and what is said at their rate meanwhile.
    assert!(heard.iter().all(|(frames, closed)| *frames >= SENDERS * 8 && !closed), "{heard:?}");
    assert!(heard.iter().all(|(frames, _)| *frames == heard[0].0), "{heard:?}");
    drop(flooding);
}

/// The loop that the examples write by hand.
async fn talk(io: DuplexStream, hub: Hub) -> Ended {
    let everyone = hub.clone();
    talk_of(io, hub, move |message| {
        everyone.broadcast(message);
    })
    .await
}

async fn talk_of(io: DuplexStream, hub: Hub, heard: impl Fn(Message)) -> Ended {
    let outlet = Outlet::new(io);
    let me = hub.join(&outlet);
    let config = Some(config(64 * 1024));
    let mut socket = WebSocketStream::from_raw_socket(outlet, Role::Server, config).await;
    loop {
        let message = tokio::select! {
            incoming = next_message(&mut socket) => incoming?,
            evicted = me.drive() => return Err(evicted.into()),
        };
        heard(message);
    }
}

/// How many readers are evicted, and the fewest messages that one of them heard.
async fn flooded(hub: Hub) -> (usize, usize) {
    let evicted = Arc::new(AtomicUsize::new(0));
    let connect = || {
        let (far, near) = duplex(PIPE);
        let (hub, evicted) = (hub.clone(), evicted.clone());
        tokio::spawn(async move {
            if let Err(Ending::Us(_)) = talk(near, hub).await {
                evicted.fetch_add(1, Relaxed);
            }
        });
        far
    };
    let reading: Vec<_> =
        (0..READERS).map(|_| tokio::spawn(read_slowly(split(connect()).0))).collect();
    tokio::task::yield_now().await;
    let flooding: Vec<_> = (0..SENDERS).map(|_| flood(connect())).collect();
    let heard = join_all(reading).await.into_iter().map(|heard| heard.unwrap().0).min();
    drop(flooding);
    (evicted.load(Relaxed), heard.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_hub_with_a_pace_evicts_nobody_and_loses_nothing() {
    let settings = Settings::default();
    let unpaced = HubOptions { pace: 0, ..settings.hub_options() };
    let (evicted, _) = flooded(Hub::new(unpaced)).await;
    assert!(evicted > 0, "without a pace, they are");
    let (evicted, heard) = flooded(Hub::new(settings.hub_options())).await;
    assert_eq!((evicted, heard), (0, SENDERS * MESSAGES));
}

/// Text that is no JSON, as `echo_broadcast` relays it: `\u0001` twice for each byte.
const AMPLIFIED: usize = 12;

/// Sends long messages all the time, and reads and drops what comes.
fn flood_longest(io: DuplexStream) {
    let (mut reading, mut writing) = split(io);
    tokio::spawn(async move { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await });
    let frame = ws101::frame::Frame::text("\u{1}".repeat(65_000)).masked([1, 2, 3, 4]).to_bytes();
    tokio::spawn(async move { while writing.write_all(&frame).await.is_ok() {} });
}

#[tokio::test(start_paused = true)]
async fn a_room_that_says_more_than_it_hears_keeps_its_pace() {
    let settings = Settings::default();
    let hub = Hub::new(settings.hub_options());
    let connect = || {
        let (far, near) = duplex(PIPE);
        let hub = hub.clone();
        let relay = hub.clone();
        let amplify = move |message: Message| {
            relay.broadcast(Message::text("x".repeat(AMPLIFIED * message.len())));
        };
        tokio::spawn(async move { drop(talk_of(near, hub, amplify).await) });
        far
    };
    let mut reader = connect();
    tokio::task::yield_now().await;
    (0..10).for_each(|_| flood_longest(connect()));
    let began = Instant::now();
    let mut heard = 0;
    let mut buffer = vec![0; PIPE];
    while let Ok(n) = tokio::time::timeout_at(began + WATCH, reader.read(&mut buffer)).await {
        heard += n.expect("it stays");
    }
    let options = settings.hub_options();
    let rate = usize::try_from(options.pace).unwrap();
    let burst = options.capacity / 4;
    let most = burst + rate * 20 + AMPLIFIED * 65_000 + 100;
    assert!((rate * 19..most).contains(&heard), "{heard} bytes, at most {most}");
}

/// The outcome of the first poll of `future`.
async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = std::future::ready(()) => None,
    }
}

/// On many cores, many sessions read at once what the hub would have to pace.
#[tokio::test(start_paused = true)]
async fn the_next_member_is_read_from_when_the_first_was_charged() {
    let hub = Hub::new(Settings::default().hub_options());
    let join = || {
        let (far, near) = duplex(PIPE);
        let outlet = Outlet::new(near);
        let mailbox = hub.join(&outlet);
        (far, outlet, mailbox)
    };
    let (mut far_ann, mut ann, _ann) = join();
    let (mut far_bob, mut bob, _bob) = join();
    let mut buffer = vec![0; 5000];
    for (far, near) in [(&mut far_ann, &mut ann), (&mut far_bob, &mut bob)] {
        far.write_all(&[0; 5000]).await.unwrap();
        near.read_exact(&mut buffer).await.unwrap();
        far.write_all(&[0]).await.unwrap();
    }
    assert_eq!(ann.read(&mut buffer).await.unwrap(), 1, "nobody else has a turn");
    let mut byte = [0; 1];
    let mut next = std::pin::pin!(bob.read(&mut byte));
    assert!(now(&mut next).await.is_none(), "it is Ann's turn until her session reads on");
    hub.broadcast("x".repeat(600_000));
    assert!(now(ann.read(&mut buffer)).await.is_none());
    let began = Instant::now();
    next.await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(700), "the broadcast was charged first");
    // Bob's session does not read on.
    far_ann.write_all(&[0]).await.unwrap();
    let began = Instant::now();
    assert_eq!(ann.read(&mut buffer).await.unwrap(), 1);
    assert_eq!(began.elapsed().as_secs(), 1, "it is waited for, but not for ever");
}

/// Who says little goes before those who flood.
#[tokio::test(start_paused = true)]
async fn a_chat_line_does_not_wait_for_a_flood() {
    let settings = Settings::default();
    let hub = Hub::new(settings.hub_options());
    let connect = || {
        let (far, near) = duplex(PIPE);
        let hub = hub.clone();
        tokio::spawn(async move { drop(talk(near, hub).await) });
        far
    };
    let mut polite = WebSocketStream::from_raw_socket(connect(), Role::Client, None).await;
    let flooding: Vec<_> = (0..SENDERS).map(|_| flood(connect())).collect();
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    for n in 0..30 {
        sleep(Duration::from_millis(300)).await;
        let said = Instant::now();
        let line = Message::text(format!("line {n}"));
        polite.send(line.clone()).await.unwrap();
        while polite.next().await.unwrap().unwrap() != line {}
        longest = longest.max(said.elapsed());
    }
    assert!(flooding.iter().any(|flood| !flood.is_finished()), "they flood all the time");
    assert!(longest < Duration::from_millis(150), "{longest:?} in {:?}", began.elapsed());
}

/// A member is not to blame for what the server does not read.
#[tokio::test(start_paused = true)]
async fn who_is_not_read_from_is_not_silent() {
    let hub = Hub::new(HubOptions {
        capacity: 4096,
        overflow: Overflow::DropOldest,
        pace: 1_000,
        ..HubOptions::default()
    });
    let (far, near) = duplex(PIPE);
    let outlet = Outlet::new(near);
    let me = hub.join(&outlet);
    let mut socket = WebSocketStream::from_raw_socket(outlet, Role::Server, None).await;
    let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    let began = Instant::now();
    // 1 KiB is the burst. Of the rest, as much is waited for as the longest message may have.
    hub.broadcast("x".repeat(11_000));
    client.send(Message::text("here")).await.unwrap();
    let heard = next_message(&mut socket).await.expect("it is heard");
    assert_eq!(heard, Message::text("here"));
    assert_eq!(began.elapsed().as_millis() / 10, 409);
    assert!(me.heard_at() >= began + Duration::from_secs(1), "its silence is ours");
    drop(client.next().await);
}

/// Every example that has a hub gives it a pace.
#[test]
fn every_hub_of_the_examples_has_a_pace() {
    let mut hubs = 0;
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if line.contains("Hub::new(") {
                hubs += 1;
                // `too_fast` has a limit for each client, and says that the room has none.
                let options =
                    ["Hub::new(settings.hub_options())", "pace: 0, ..settings.hub_options()"];
                assert!(
                    options.iter().any(|options| line.contains(options)),
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
    assert_eq!(hubs, 8);
}
