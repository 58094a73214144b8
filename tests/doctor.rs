//! The doctor, at the bedside of servers that are ill in every way we could think of.

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use ws101::chat::Chat;
use ws101::client::ResponseFault;
use ws101::doctor::{Cause, Diagnosis, RuleVerdict, Target, examine};
use ws101::endpoint::Endpoint;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101::handshake::AcceptKey;
use ws101::program;
use ws101::server;
use ws101::settings::Settings;

/// Long enough for a busy machine, short enough for the illnesses of silence.
const TIMEOUT: Duration = Duration::from_millis(800);

/// What an ill server does with one connection, whose first bytes it has read.
type Illness = fn(Call) -> BoxFuture<'static, ()>;

/// One connection.
struct Call {
    tcp: TcpStream,
    /// What came first, as text: a request, or not.
    request: String,
}

impl Call {
    async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.tcp.write_all(bytes.as_ref()).await;
    }

    /// Says it again and again, and reads nothing.
    async fn flood(mut self, frame: Frame) {
        let bytes = frame.to_bytes().repeat(10_000);
        while self.tcp.write_all(&bytes).await.is_ok() {}
    }

    /// Whatever comes, answers the pings that are easy to see.
    async fn answer_pings(mut self) {
        let mut heard = Vec::new();
        while self.tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
            while let Some(at) =
                heard.windows(2).position(|two| two == [0x89, 0x8c] || two == [0x89, 0x8b])
            {
                let size = usize::from(heard[at + 1] & 0x7f);
                let Some(frame) = heard.get(at + 2..at + 6 + size) else { break };
                let (key, payload) = frame.split_at(4);
                let payload: Vec<u8> =
                    payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
                heard.drain(..at + 6 + size);
                self.say(Frame::pong(payload).to_bytes()).await;
            }
        }
    }

    /// Stays on the line until the other side hangs up.
    async fn hold(mut self) {
        while self.tcp.read(&mut [0; 1024]).await.is_ok_and(|n| n > 0) {}
    }

    /// A 101 as it should be, with `lines` more.
    async fn switch(&mut self, lines: &str) {
        let accept = AcceptKey::derive(self.header("Sec-WebSocket-Key")).accept;
        let usual = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
        self.say(format!("{usual}\r\nSec-WebSocket-Accept: {accept}\r\n{lines}\r\n")).await;
    }

    fn header(&self, name: &str) -> &str {
        let named = |line: &'_ str| line.split_once(": ").is_some_and(|(left, _)| left == name);
        let line = self.request.lines().find(|line| named(line));
        line.map_or("", |line| &line[name.len() + 2..])
    }

    fn path(&self) -> &str {
        self.request.split(' ').nth(1).unwrap_or_default()
    }
}

fn ward(illness: Illness) -> SocketAddr {
    let socket = TcpSocket::new_v4().unwrap();
    // What they do not read soon stays with whoever sent it.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1024).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut first = [0; 4096];
                let n = tcp.read(&mut first).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&first[..n]).into_owned();
                illness(Call { tcp, request }).await;
            });
        }
    });
    address
}

fn target(url: &str) -> Target {
    Target { timeout: TIMEOUT, ..Target::new(url.parse().unwrap()) }
}

/// What the doctor says of a server so ill, by its usual address.
async fn diagnosed(illness: Illness) -> (Diagnosis, SocketAddr) {
    let address = ward(illness);
    let target = target(&format!("ws://{address}/ws"));
    let diagnosis = timeout(target.limit(), examine(&target)).await;
    (diagnosis.expect("found in time"), address)
}

/// Says one thing to whoever calls, and stays on the line.
macro_rules! says {
    ($bytes:expr) => {
        |mut call| {
            async move {
                call.say($bytes).await;
                call.hold().await;
            }
            .boxed()
        }
    };
}

/// Switches, then does one thing more.
macro_rules! switches {
    ($lines:expr) => {
        switches!($lines, call => call.hold().await)
    };
    ($lines:expr, $call:ident => $then:expr) => {
        |mut $call| {
            async move {
                $call.switch($lines).await;
                $then;
            }
            .boxed()
        }
    };
}

const ILLNESSES: &[(&str, Illness)] = &[
    ("says nothing", |call| call.hold().boxed()),
    ("hangs up", |call| async move { drop(call) }.boxed()),
    ("resets", |call| async move { call.tcp.set_zero_linger().unwrap_or_default() }.boxed()),
    ("is a mail server", says!("220 mail.example ESMTP\r\n")),
    ("is SSH", says!("SSH-2.0-OpenSSH_9.6\r\n")),
    ("is Redis", says!("-ERR unknown command 'GET'\r\n")),
    ("speaks TLS, and says so", says!(b"\x15\x03\x01\x00\x02\x02\x46")),
    ("speaks TLS, and hangs up on HTTP", |mut call| {
        async move {
            if call.request.starts_with('\u{16}') {
                call.say(b"\x16\x03\x03\x00\x04").await;
                call.hold().await;
            }
        }
        .boxed()
    }),
    ("speaks TLS, and says so in HTTP", |mut call| {
        async move {
            match call.request.starts_with("GET") {
                true => call.say("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n").await,
                false => call.say(b"\x15\x03\x01\x00\x02\x02\x28").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("speaks HTTP/2 only", says!(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64")),
    ("breaks off", |mut call| {
        async move { call.say("HTTP/1.1 101 Switching Protocols\r\nUpgr").await }.boxed()
    }),
    ("never ends its head", |mut call| {
        async move {
            call.say("HTTP/1.1 200 OK\r\n").await;
            for n in 0..100_000 {
                call.say(format!("X-{n}: {n}\r\n")).await;
            }
        }
        .boxed()
    }),
    ("has it elsewhere", |mut call| {
        async move {
            match call.path() {
                "/chat" => call.switch("").await,
                _ => call.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("has it nowhere", says!("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n")),
    (
        "answers with a page",
        says!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>"),
    ),
    ("has a cache before it", says!("HTTP/1.1 200 OK\r\nVia: 1.1 varnish\r\n\r\nhello")),
    (
        "has a proxy that drops Upgrade",
        says!(
            "HTTP/1.1 426 Upgrade Required\r\nServer: nginx/1.24\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ),
    ),
    (
        "has one that drops Connection",
        says!("HTTP/1.1 400 Bad Request\r\n\r\nConnection does not say Upgrade\n"),
    ),
    ("finds fault with the key", says!("HTTP/1.1 400 Bad Request\r\n\r\nodd key\u{1b}[31m\n")),
    (
        "wants to know who asks",
        says!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n"),
    ),
    (
        "sends to log in",
        says!("HTTP/1.1 302 Found\r\nLocation: https://example.com/login?next=%2Fws\r\n\r\n"),
    ),
    (
        "has moved",
        says!("HTTP/1.1 301 Moved Permanently\r\nLocation: wss://example.com/ws\r\n\r\n"),
    ),
    ("forbids", says!("HTTP/1.1 403 Forbidden\r\n\r\nnot on Sundays\n")),
    ("lets only its own pages in", |mut call| {
        async move {
            match call.header("Origin") {
                "" => call.say("HTTP/1.1 403 Forbidden\r\n\r\n").await,
                _ => call.switch("").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("has another handler there", says!("HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n\r\n")),
    (
        "speaks an old version",
        says!("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\n\r\n"),
    ),
    ("is too late", says!("HTTP/1.1 408 Request Timeout\r\n\r\n")),
    ("goes by another name", says!("HTTP/1.1 421 Misdirected Request\r\n\r\n")),
    ("is full", says!("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n\r\n")),
    ("has nobody behind it", says!("HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<html>")),
    ("fails", says!("HTTP/1.1 500 Internal Server Error\r\n\r\n")),
    ("is a teapot", says!("HTTP/1.1 418 I'm a teapot\r\n\r\n")),
    ("switches by HTTP/1.0", |mut call| {
        async move {
            call.say("HTTP/1.0 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").await;
            call.hold().await;
        }
        .boxed()
    }),
    ("forgets Connection", says!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")),
    ("forgets Upgrade", says!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")),
    (
        "forgets the accept key",
        says!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        ),
    ),
    (
        "computes the accept key wrong",
        says!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        ),
    ),
    ("invents a subprotocol", switches!("Sec-WebSocket-Protocol: soup\r\n")),
    ("invents an extension", switches!("Sec-WebSocket-Extensions: permessage-deflate\r\n")),
    ("invents one twice", switches!("Sec-WebSocket-Extensions: x-odd, x-odd\r\n")),
    ("lists what is no extension", switches!("Sec-WebSocket-Extensions: ;;;\r\n")),
    ("says Upgrade twice", switches!("Upgrade: websocket\r\n")),
    ("accepts twice", switches!("Sec-WebSocket-Accept: no\r\n")),
    ("has two lengths", switches!("Content-Length: 5\r\nContent-Length: 6\r\n")),
    ("offers HTTP/2 as well", |mut call| {
        async move {
            let accept = AcceptKey::derive(call.header("Sec-WebSocket-Key")).accept;
            call.say(format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket, h2c\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            ))
            .await;
            call.hold().await;
        }
        .boxed()
    }),
    (
        "closes at once",
        switches!("", call => call.say(Frame::close(1011, "no database").to_bytes()).await),
    ),
    ("cuts at once", switches!("", call => drop(call))),
    (
        "masks its frames",
        switches!("", call => call.say(Frame::text("hi").masked([1; 4]).to_bytes()).await),
    ),
    (
        "announces 2^64 - 1 bytes",
        switches!("", call => {
            call.say([&[0x82, 0x7f][..], &[0xff; 8]].concat()).await;
            call.hold().await;
        }),
    ),
    (
        "announces 2^62 bytes, and sends three",
        switches!("", call => {
            call.say([&[0x82, 0x7f, 0x40][..], &[0; 7], b"abc"].concat()).await;
            call.hold().await;
        }),
    ),
    (
        "sets a reserved bit in a frame without an end",
        switches!("", call => {
            call.say([0xc1, 5]).await;
            call.hold().await;
        }),
    ),
    (
        "begins a ping of 126 bytes",
        switches!("", call => {
            call.say([0x89, 126, 0, 126]).await;
            call.hold().await;
        }),
    ),
    (
        "sends half a header",
        switches!("", call => {
            call.say([0x81]).await;
            call.hold().await;
        }),
    ),
    ("ends within a frame", switches!("", call => call.say(b"\x81\x05he").await)),
    ("ends within a header", switches!("", call => call.say(b"\x81\x7e\x00").await)),
    ("never answers a ping", switches!("")),
    ("sends messages without end", switches!("", call => call.flood(Frame::text("ho")).await)),
    ("pings without end", switches!("", call => call.flood(Frame::ping(vec![b'x'; 125])).await)),
];

/// What a terminal would act upon, as far as a header can carry it: CSI in C1, an override of direction.
const ODD: &str = "\u{9b}31m\u{202e}\u{2028}";

/// Servers that plant it wherever the doctor quotes them.
const PLANTERS: &[Illness] = &[
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 302 Found\r\nLocation: /{ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 302 Found\r\nLocation: /login{ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 503 No {ODD}\r\nRetry-After: {ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move { call.say(format!("HTTP/1.1 200 OK\r\nVia: {ODD}\r\n\r\n")).await }.boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 426 Upgrade Required\r\nServer: {ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            call.say(format!("HTTP/1.1 426 No\r\nSec-WebSocket-Version: 8{ODD}\r\n\r\n")).await;
        }
        .boxed()
    },
    |mut call| {
        async move {
            let lines = "Upgrade: websocket\r\nConnection: Upgrade";
            call.say(format!("HTTP/1.1 101 Yes\r\n{lines}\r\nSec-WebSocket-Accept: {ODD}\r\n\r\n"))
                .await;
        }
        .boxed()
    },
    switches!(&format!("Sec-WebSocket-Protocol: {ODD}\r\n")),
    switches!(&format!("Sec-WebSocket-Extensions: {ODD}\r\n")),
    switches!("", call => call.say(Frame::close(1011, &format!("{ODD}\u{1b}[2J\n")).to_bytes()).await),
    switches!("", call => call.flood(Frame::text(format!("{ODD}\u{1b}[2J\n"))).await),
    says!(format!("HTTP/1.1 400 Bad Request\r\n\r\n{ODD}\u{1b}[2J\n")),
    says!(format!("HTTP/1.1 403 Forbidden\r\n\r\n{ODD}\u{1b}[2J\n")),
    says!(format!("220 {ODD}\u{1b}[2J\r\n")),
    |mut call| async move { call.say(format!("HTTP/1.1 2{ODD}\u{1b}[2J")).await }.boxed(),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_say_is_quoted_and_never_obeyed() {
    let found = PLANTERS.iter().map(|&planter| tokio::spawn(diagnosed(planter)));
    for (at, found) in join_all(found.collect::<Vec<_>>()).await.into_iter().enumerate() {
        let (diagnosis, _) = found.unwrap();
        let cause = diagnosis.cause.unwrap_or_else(|| panic!("{at}: found healthy"));
        let mut said = vec![cause.to_string(), cause.in_russian()];
        // A note may have two lines, of its own making.
        said.extend(diagnosis.evidence.iter().flat_map(|note| note.lines()).map(str::to_owned));
        for text in said {
            assert!(!text.contains(ws101::escape::acts), "{at}: {text:?}");
        }
        if at < 3 {
            assert!(
                cause.to_string().contains(r"\u{9b}31m\u{202e}"),
                "{at}: it is quoted: {cause}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_illness_has_its_name() {
    let mut book = String::new();
    let found = ILLNESSES.iter().map(|(_, illness)| tokio::spawn(diagnosed(*illness)));
    let found = join_all(found.collect::<Vec<_>>()).await;
    for ((name, _), found) in ILLNESSES.iter().zip(found) {
        let (diagnosis, address) = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        let cause = diagnosis.cause.unwrap_or_else(|| panic!("{name}: found healthy"));
        let accept = match &cause {
            Cause::Response(ResponseFault::Accept { wanted, .. }) => wanted.clone(),
            _ => "-".repeat(28),
        };
        let tell = |text: String| {
            text.replace(&address.to_string(), "127.0.0.1:8080").replace(&accept, "<accept>")
        };
        let (english, russian) = (tell(cause.to_string()), tell(cause.in_russian()));
        book.extend([name, "\n  ", &english, "\n  ", &russian, "\n"]);
        assert!(!book.contains('\u{1b}'), "{name}: what strangers say is made safe");
    }
    insta::assert_snapshot!(book);
}

#[tokio::test]
async fn what_needs_a_patient_of_its_own() {
    // Nobody there: the port was free a moment ago, and is kept from others.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let cause = examine(&target(&format!("ws://{address}/"))).await.cause;
    assert_eq!(cause, Some(Cause::Refused(address)));

    let cause = examine(&target("ws://no-such-host.invalid/")).await.cause;
    assert_eq!(cause, Some(Cause::NoSuchHost("no-such-host.invalid".to_owned())));

    // wss: where there is no TLS.
    let plain = ward(says!("HTTP/1.1 400 Bad Request\r\n\r\n"));
    let cause = examine(&target(&format!("wss://{plain}/ws"))).await.cause;
    assert_eq!(cause, Some(Cause::NoTls));

    // A page from elsewhere, and an offer that is ignored.
    let picky: Illness = |mut call| {
        async move {
            match call.header("Origin") {
                "" => call.switch("").await,
                _ => call.say("HTTP/1.1 403 Forbidden\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    };
    let url = format!("ws://{}/ws", ward(picky));
    let origin = "https://evil.test".to_owned();
    let page = Target { origin: Some(origin.clone()), ..target(&url) };
    assert_eq!(examine(&page).await.cause, Some(Cause::OriginRefused(origin)));
    let offering = Target { subprotocols: Some("chat".to_owned()), ..target(&url) };
    let ignored = Cause::Response(ResponseFault::SubprotocolIgnored("chat".to_owned()));
    assert_eq!(examine(&offering).await.cause, Some(ignored));
}

/// A rule of HTTP broken in a 101, and a browser that opens the WebSocket all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_browsers_forgive_is_evidence_and_no_cause() {
    let careless: Illness =
        switches!("Content-Length: 0\r\nno colon\r\n", call => call.answer_pings().await);
    let (diagnosis, _) = diagnosed(careless).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
    for fault in [ResponseFault::Body("Content-Length"), ResponseFault::Garbled] {
        let line = format!("! {fault}: browsers forgive it");
        assert!(diagnosis.evidence.contains(&line), "{:#?}", diagnosis.evidence);
    }
}

/// A WebSocket elsewhere that browsers refuse is none.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_sent_elsewhere_can_open_it_there() {
    let elsewhere: Illness = |mut call| {
        async move {
            match call.path() {
                "/chat" => call.switch("Sec-WebSocket-Protocol: soup\r\n").await,
                "/socket" => call.switch("").await,
                _ => call.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    };
    let (diagnosis, _) = diagnosed(elsewhere).await;
    let found = Cause::NotFound { path: "/ws".to_owned(), found: Some("/socket".to_owned()) };
    assert_eq!(diagnosis.cause, Some(found));
    let refused = "→ GET /chat\n← 101 Switching Protocols, which browsers refuse";
    assert!(diagnosis.evidence.contains(&refused.to_owned()), "{:#?}", diagnosis.evidence);
}

/// Answers pings for a while, then cuts: what proxies do with those who are quiet.
#[tokio::test]
async fn who_is_cut_for_being_quiet_is_told_after_how_long() {
    let impatient: Illness = switches!("", call => {
        let ping = call.tcp.read(&mut [0; 64]).await.unwrap_or_default();
        assert_eq!(ping, 2 + 4 + "ws101 doctor".len());
        call.say(Frame::pong("ws101 doctor").to_bytes()).await;
        sleep(Duration::from_millis(300)).await;
    });
    let url = format!("ws://{}/ws", ward(impatient));
    let quiet = Target { quiet: Duration::from_secs(20), ..target(&url) };
    let Some(Cause::IdleTimeout { after, code: None }) = examine(&quiet).await.cause else {
        panic!("not found");
    };
    assert!(after >= Duration::from_millis(250), "{after:?}");
}

/// A healthy server: ours, which keeps every rule.
#[tokio::test(flavor = "multi_thread")]
async fn the_healthy_are_told_which_rules_they_keep() {
    let settings = Settings { port: 0, ..Settings::default() };
    let listener = program::listen(&settings).unwrap();
    let chat = Endpoint::open(Chat::new(&settings), &settings);
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::serve(&settings, listener, [chat.sockets()], chat.shutdown().clone()));
    let target =
        Target { timeout: Duration::from_secs(10), ..target(&format!("ws://{address}/ws")) };
    let diagnosis = examine(&target).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
    let told = |verdict: &RuleVerdict| {
        let kept = match verdict.kept {
            Some(true) => "kept",
            Some(false) => "broken",
            None => "unknown",
        };
        let (rule, seen) = (verdict.rule, &verdict.seen);
        format!("{kept} {:?} {} {} ({seen})", rule.level, rule.section, rule.english)
    };
    let verdicts: Vec<_> = diagnosis.verdicts.iter().map(told).collect();
    insta::assert_snapshot!(verdicts.join("\n"));
}

/// A server that takes everything and breaks every rule it can.
#[tokio::test(flavor = "multi_thread")]
async fn the_lax_are_told_which_rules_they_break() {
    let lax: Illness = switches!("", call => call.answer_pings().await);
    let (diagnosis, _) = diagnosed(lax).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
    let broken: Vec<_> =
        diagnosis.verdicts.iter().filter(|verdict| verdict.kept == Some(false)).collect();
    let sections: Vec<_> = broken.iter().map(|verdict| verdict.rule.section).collect();
    assert_eq!(
        sections,
        [
            "4.2.1", "4.2.1", "4.2.1", "4.2.2", "5.1", "5.2", "5.2", "5.2", "5.4", "5.4", "5.5",
            "5.5", "5.5.1", "5.5.1", "5.5.2", "5.5.2", "7.4.1", "8.1"
        ]
    );
}

/// One that compares where it should ignore case, in one header of the two.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_minds_the_case_is_told() {
    macro_rules! minds {
        ($name:expr, $value:expr) => {
            |mut call| {
                async move {
                    if call.header($name) != $value {
                        return call.say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
                    }
                    call.switch("").await;
                    call.answer_pings().await;
                }
                .boxed()
            }
        };
    }
    for picky in [minds!("Upgrade", "websocket") as Illness, minds!("Connection", "Upgrade")] {
        let (diagnosis, _) = diagnosed(picky).await;
        let in_any_case = |verdict: &&RuleVerdict| verdict.rule.english.contains("in any case");
        let verdict = diagnosis.verdicts.iter().find(in_any_case).unwrap();
        assert_eq!((verdict.kept, &*verdict.seen), (Some(false), "400"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_repeats_what_may_not_be_said_is_told() {
    let parrot: Illness = switches!("", call => {
        let (mut decoder, mut heard) = (Decoder::new(1024), Vec::new());
        while call.tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
            decoder.push(&heard);
            heard.clear();
            while let Some(frame) = decoder.next_frame() {
                match frame.header.opcode {
                    Opcode::Ping => call.say(Frame::pong(frame.payload).to_bytes()).await,
                    Opcode::Close => {
                        let echo = Frame::new(Opcode::Close, frame.payload);
                        return call.say(echo.to_bytes()).await;
                    }
                    _ => {}
                }
            }
        }
    });
    let (diagnosis, _) = diagnosed(parrot).await;
    let forbidden = |verdict: &&RuleVerdict| verdict.rule.section == "7.4.1";
    let verdict = diagnosis.verdicts.iter().find(forbidden).unwrap();
    assert_eq!(verdict.kept, Some(false), "{}", verdict.seen);
}

/// As Python's websockets: its pongs overtake the messages that are yet to be looked at.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_it_after_the_pong_has_ended_it() {
    let late: Illness = switches!("", call => {
        let mut heard = Vec::new();
        while call.tcp.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
            let ping = heard.windows(2).position(|two| two == [0x89, 0x8c] || two == [0x89, 0x8b]);
            let Some(at) = ping else { continue };
            let size = usize::from(heard[at + 1] & 0x7f);
            let Some(frame) = heard.get(at + 2..at + 6 + size) else { continue };
            let (key, payload) = frame.split_at(4);
            let payload: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            call.say(Frame::pong(payload).to_bytes()).await;
            // The first ping asks whether it is there, the one behind a message whether it goes on.
            if at > 0 {
                sleep(Duration::from_millis(100)).await;
                call.say(Frame::close(1007, "").to_bytes()).await;
                return;
            }
            heard.clear();
        }
    });
    let (diagnosis, _) = diagnosed(late).await;
    let utf8 = diagnosis.verdicts.iter().find(|verdict| verdict.rule.section == "8.1").unwrap();
    assert_eq!((utf8.kept, &*utf8.seen), (Some(true), "close 1007"));
}
