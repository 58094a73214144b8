//! Real sockets on loopback: many clients, slow ones, sudden ends.
//!
//! What is a matter of time is printed, see it with `--nocapture`. Asserted is what no busy machine can
//! change: that a deadline is not early, and that something comes long before what it must not wait for.

mod order;
mod pending;
mod poison;
mod rates;
mod slow;
mod stats;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use warp::{Filter, Reply};
use ws101::broadcast::{ClientId, Hub};
use ws101::chat::Chat;
use ws101::endpoint::Endpoint;
use ws101::limits::MAX_PENDING;
use ws101::program;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::{Peer, config};

/// Long enough for a busy machine, short enough to fail by.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between the 101 and this, a client is connected but not yet in the room.
const WELCOME: &str = "welcome";

type Client = WebSocketStream<TcpStream>;

/// A room that tells everyone what anyone says, and newcomers that they are in.
struct Plaza;

impl Room for Plaza {
    fn joined(&mut self, who: ClientId, _peer: &Peer, hub: &Hub) {
        hub.send(who, WELCOME);
    }

    fn heard(&mut self, _who: ClientId, message: Message, hub: &Hub) {
        hub.broadcast(message);
    }
}

/// Settings under which nothing is ended by a deadline while a machine is busy, and nobody is pinged.
fn patient() -> Settings {
    let far = Duration::from_secs(600);
    Settings {
        port: 0,
        heartbeat: far,
        pong_timeout: far,
        idle: far,
        head: far,
        write: far,
        stats: far,
        drain: DEADLINE,
        rate: 0,
        ..Settings::default()
    }
}

fn start<R: Room>(endpoint: &Endpoint<R>, settings: &Settings) -> (SocketAddr, JoinHandle<()>) {
    // 10,000 sockets and their other ends.
    rlimit::increase_nofile_limit(65_536).expect("descriptors can be had");
    let listener = program::listen(settings).unwrap();
    let address = listener.local_addr().unwrap();
    let page = warp::any().map(|| "a page".into_response()).boxed();
    (address, tokio::spawn(endpoint.serve_http(listener, [endpoint.sockets(), page])))
}

async fn connect(address: SocketAddr) -> Client {
    connect_over(TcpStream::connect(address).await.unwrap(), address).await
}

async fn connect_over(tcp: TcpStream, address: SocketAddr) -> Client {
    let config = config(1 << 20);
    let handshake = client_async_with_config(format!("ws://{address}/ws"), tcp, Some(config));
    timeout(DEADLINE, handshake).await.expect("in time").expect("101").0
}

/// Connects to a plaza, and waits to be let in.
async fn enter(address: SocketAddr) -> Client {
    enter_over(TcpStream::connect(address).await.unwrap(), address).await
}

async fn enter_over(tcp: TcpStream, address: SocketAddr) -> Client {
    let mut client = connect_over(tcp, address).await;
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::text(WELCOME));
    client
}

async fn next(client: &mut Client) -> Option<Result<Message, Error>> {
    timeout(DEADLINE, client.next()).await.expect("something comes in time")
}

/// Polls until `done`; real sockets finish when they finish.
async fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let polling = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, polling).await.unwrap_or_else(|_| panic!("never {what}"));
}

/// Everything a client hears until the close frame, and its code.
async fn rest(client: &mut Client) -> (Vec<String>, Option<CloseCode>) {
    let mut heard = Vec::new();
    loop {
        match next(client).await {
            Some(Ok(Message::Text(text))) => heard.push(text.to_string()),
            Some(Ok(Message::Close(frame))) => return (heard, frame.map(|frame| frame.code)),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return (heard, None),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_tells_all_two_hundred_and_loses_nothing() {
    let settings = patient();
    let chat = Endpoint::open(Chat::new(&settings), &settings);
    let (address, serving) = start(&chat, &settings);
    let mut clients = join_all((0..200).map(|_| connect(address))).await;
    for client in &mut clients {
        // Without a subprotocol, a client at `/ws` speaks `reconnect` until its hello.
        next(client).await.unwrap().unwrap();
        client.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
        let welcome = next(client).await.unwrap().unwrap();
        assert!(welcome.to_text().unwrap().contains(r#""type":"welcome""#), "{welcome}");
    }
    let listening: Vec<_> = clients
        .drain(1..)
        .map(|mut client| tokio::spawn(async move { rest(&mut client).await }))
        .collect();
    let mut speaker = clients.remove(0);
    for n in 0..50 {
        let line = format!(r#"{{"type":"message","id":"m{n}","content":"line {n}"}}"#);
        speaker.send(Message::text(line)).await.unwrap();
    }
    // Accepted means acknowledged: from then on it must not be lost.
    loop {
        let message = next(&mut speaker).await.unwrap().unwrap();
        let text = message.to_text().unwrap();
        if text.contains(r#""type":"ack""#) && text.contains(r#""m49""#) {
            break;
        }
    }
    let speaking = tokio::spawn(async move { rest(&mut speaker).await });
    assert_eq!(chat.close().await, 0, "everyone left in time");
    serving.await.unwrap();

    let (last_words, code) = speaking.await.unwrap();
    assert_eq!(code, Some(CloseCode::Away));
    assert!(last_words.last().unwrap().contains(r#""event":"shutdown""#));
    for client in listening {
        let (heard, code) = client.await.unwrap();
        let lines = heard.iter().filter(|text| text.contains(r#""type":"message""#));
        assert_eq!(lines.count(), 50);
        assert!(heard.last().unwrap().contains(r#""event":"shutdown""#));
        assert_eq!(code, Some(CloseCode::Away));
    }
    let report = chat.report();
    assert_eq!((report.connections, report.closes), (0, [(1001, 200)].into()));
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_in_one_room_hear_the_same_in_the_same_order() {
    const CLIENTS: usize = 1_000;
    const SPEAKERS: usize = 10;
    const EACH: usize = 5;
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let mut clients = Vec::new();
    while clients.len() < CLIENTS {
        clients.extend(join_all((0..100).map(|_| enter(address))).await);
    }
    let conversations = clients.into_iter().enumerate().map(|(n, mut client)| {
        tokio::spawn(async move {
            for line in 0..if n < SPEAKERS { EACH } else { 0 } {
                client.send(Message::text(format!("{n}: {line}"))).await.unwrap();
            }
            let mut heard = Vec::new();
            while heard.len() < SPEAKERS * EACH {
                if let Message::Text(text) = next(&mut client).await.unwrap().unwrap() {
                    heard.push(text.to_string());
                }
            }
            // Not one more than was said.
            client.close(None).await.unwrap();
            let (more, _) = rest(&mut client).await;
            assert!(more.is_empty(), "{more:?}");
            heard
        })
    });
    let logs = join_all(conversations.collect::<Vec<_>>()).await;
    let logs: Vec<_> = logs.into_iter().map(Result::unwrap).collect();
    assert!(logs.iter().all(|log| *log == logs[0]), "one order for all");
    for speaker in 0..SPEAKERS {
        let own = logs[0].iter().filter(|text| text.starts_with(&format!("{speaker}: ")));
        let expected = (0..EACH).map(|line| format!("{speaker}: {line}"));
        assert!(own.cloned().eq(expected), "each speaker in order");
    }
    eventually("empty", || plaza.report().connections == 0).await;
    let report = plaza.report();
    assert_eq!(report.connections_total, CLIENTS as u64);
    assert_eq!(report.messages_in, (SPEAKERS * EACH) as u64);
    assert_eq!(report.messages_out, (CLIENTS * (SPEAKERS * EACH + 1)) as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_is_let_go_and_the_others_hear_everything() {
    const LINES: usize = 1_000;
    let settings = Settings { max_queue_bytes: 64 * 1024, ..patient() };
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    // A small window, so that the kernel holds little of what is not read.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stuck = enter_over(socket.connect(address).await.unwrap(), address).await;
    let mut reader = enter(address).await;
    let mut speaker = enter(address).await;
    let reading = tokio::spawn(async move {
        for n in 0..LINES {
            let message = next(&mut reader).await.unwrap().unwrap();
            assert!(message.to_text().unwrap().starts_with(&format!("{n} ")), "in order");
        }
        reader
    });
    for n in 0..LINES {
        speaker.send(Message::text(format!("{n} {}", "x".repeat(16_000)))).await.unwrap();
        // The speaker hears itself, and so never runs ahead of its own reading.
        next(&mut speaker).await.unwrap().unwrap();
    }
    let _reader = reading.await.unwrap();
    eventually("evicted", || plaza.report().closes.get(&1013) == Some(&1)).await;
    assert_eq!(plaza.report().connections, 2);
    // What the kernel took is still there to be read; then the connection ends.
    let (heard, _) = rest(&mut stuck).await;
    assert!(heard.len() < LINES, "it missed something, and was not lied to");
    assert!(heard.iter().enumerate().all(|(n, text)| text.starts_with(&format!("{n} "))));
}

#[tokio::test]
async fn a_deaf_client_costs_a_shutdown_its_grace_and_no_more() {
    let settings = Settings { drain: Duration::from_millis(300), ..patient() };
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let _deaf = enter(address).await;
    eventually("there", || plaza.report().connections == 1).await;
    assert_eq!(timeout(DEADLINE, plaza.close()).await.expect("in time"), 1);
}

#[tokio::test]
async fn strangers_who_said_nothing_do_not_hold_up_a_shutdown() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, serving) = start(&plaza, &settings);
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 15]).await.unwrap();
    let early = DEADLINE / 2;
    assert_eq!(timeout(early, plaza.close()).await.expect("at once, not after the grace"), 0);
    serving.await.unwrap();
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn five_thousand_half_open_strangers_do_not_stop_a_good_client() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let mut client = enter(address).await;
    let mut strangers = Vec::new();
    for half in [&b""[..], b"G", b"GET /ws HTTP/1.1\r\nHost: x\r\n"].iter().cycle().take(5_000) {
        let mut stranger = TcpStream::connect(address).await.unwrap();
        // Whoever came too late for this was cut already.
        let _ = stranger.write_all(half).await;
        strangers.push(stranger);
    }
    // Behind them in the queue, and none of them has to go for being late.
    let mut late = timeout(DEADLINE / 2, enter(address)).await.expect("at once");
    late.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::text("hello"));
    // All but so many were cut, and they were the first to come.
    let open = |stranger: &TcpStream| {
        let read = stranger.try_read(&mut [0; 1]);
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    let (first, last) = strangers.split_at(5_000 - MAX_PENDING);
    for stranger in first {
        timeout(DEADLINE, stranger.readable()).await.expect("it is cut").unwrap();
    }
    assert!(first.iter().all(|stranger| !open(stranger)));
    assert!(last[MAX_PENDING / 2..].iter().all(open));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_too_much_still_hears_why() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    for _ in 0..20 {
        let mut client = enter(address).await;
        // More than one read takes: closing over the rest would send a reset.
        client.send(Message::text("x".repeat(1 << 20))).await.unwrap();
        let (_, code) = rest(&mut client).await;
        assert_eq!(code, Some(CloseCode::Size));
        // A reset destroys what is still on its way, on a line longer than this one.
        let end = timeout(DEADLINE, client.get_mut().read(&mut [0; 1])).await;
        assert_eq!(end.expect("it ends in time").expect("and not with a reset"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_too_many_is_refused_in_http_and_the_others_go_on() {
    const ROOM: usize = 20;
    let settings = Settings { max_connections: ROOM, ..patient() };
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let mut old = enter(address).await;
    let mut others = join_all((1..ROOM).map(|_| enter(address))).await;
    let attempt = || async {
        let tcp = TcpStream::connect(address).await.unwrap();
        let handshake = client_async_with_config(format!("ws://{address}/ws"), tcp, None);
        timeout(DEADLINE, handshake).await.expect("in time").map(drop)
    };
    for _ in 0..10 {
        match attempt().await {
            Err(Error::Http(response)) => {
                assert_eq!(response.status(), 503);
                assert!(response.headers().contains_key("retry-after"));
            }
            other => panic!("{other:?}"),
        }
    }
    old.send(Message::text("still here")).await.unwrap();
    assert_eq!(next(&mut old).await.unwrap().unwrap(), Message::text("still here"));
    others.pop().expect("there are others").close(None).await.unwrap();
    let again = async {
        while attempt().await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, again).await.expect("there is room when one has left");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dawdles_over_http_is_let_go() {
    let (head, keep_alive) = (Duration::from_secs(1), Duration::from_secs(2));
    let settings = Settings { head, keep_alive, ..patient() };
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    // For a busy machine; less than the deadlines have by default.
    let slack = Duration::from_secs(7);
    let request = "GET / HTTP/1.1\r\nHost: x\r\n";
    let late = "HTTP/1.1 408 ";
    let dawdle = |name: &'static str, sent: String, drip: &'static str, limit: Duration, last| async move {
        // The server's clock starts later.
        let began = Instant::now();
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(sent.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        let ended = async {
            let (mut reading, mut writing) = tcp.split();
            let dripping = async {
                // Until the server has hung up.
                while writing.write_all(drip.as_bytes()).await.is_ok() {
                    sleep(Duration::from_millis(50)).await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = reading.read_to_end(&mut told) => (),
                () = dripping => (),
            }
        };
        assert!(timeout(limit + slack, ended).await.is_ok(), "{name} is still open");
        let took = began.elapsed();
        assert!(took >= limit, "{name} had {took:?}");
        let told = String::from_utf8_lossy(&told);
        let answers: Vec<_> = told.match_indices("HTTP/1.1 ").map(|(at, _)| &told[at..]).collect();
        assert!(answers.last().unwrap_or(&"").starts_with(last), "{name} is told {told}");
    };
    tokio::join!(
        dawdle("silence", String::new(), "", head, late),
        dawdle("half a head", request.to_owned(), "", head, late),
        dawdle("a head in drops", request.to_owned(), "X: y\r\n", head, late),
        dawdle("nothing more to ask", format!("{request}\r\n"), "", keep_alive, "HTTP/1.1 200 "),
        dawdle("half a second head", format!("{request}\r\n{request}"), "", head, late),
        dawdle("a second head in drops", format!("{request}\r\n{request}"), "X: y\r\n", head, late),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_over_http_and_never_reads_is_let_go() {
    let settings = Settings { write: Duration::from_secs(1), ..patient() };
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let requests = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    let asking = async { while tcp.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(DEADLINE, asking).await.expect("the server hangs up");
}

#[tokio::test]
async fn http_goes_on_beside_the_sockets() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let mut client = enter(address).await;
    let mut tcp = TcpStream::connect(address).await.unwrap();
    // Two requests on one connection, then an end.
    tcp.write_all(
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await
    .unwrap();
    let mut answers = String::new();
    tcp.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("a page").count(), 2);
    client.send(Message::text("still here")).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap().unwrap(), Message::text("still here"));
}

#[tokio::test]
async fn what_is_no_http_is_answered_all_the_same() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(17_000));
    let headers = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(101));
    for (bytes, status) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], "400"),
        (b"hello\r\n\r\n", "400"),
        (b"GET /ws HTTP/1.0\r\nUpgrade: websocket\r\n\r\n", "505"),
        (b"GET / HTTP/2.0\r\n\r\n", "505"),
        (long.as_bytes(), "431"),
        (headers.as_bytes(), "431"),
    ] {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        timeout(DEADLINE, tcp.read_to_end(&mut answer)).await.expect("in time").unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.") && answer[9..].starts_with(status), "{answer}");
        assert!(answer.contains("RFC "), "it teaches: {answer}");
    }
}
