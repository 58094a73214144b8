//! The doctor, at the bedside of servers that are ill in every way we could think of.

#[macro_use]
mod ward;
mod addresses;
mod changing;
mod illnesses;
mod page;
mod rules;
mod strangers;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::{FutureExt, join_all};
use http::StatusCode;
use illnesses::illnesses;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep};
use ward::{Illness, diagnosed, target, told, ward};
use ws101::client::{Fact, ResponseFault};
use ws101::doctor::{Cause, Evidence, Seen, Target, examine};
use ws101::escape::Shown;
use ws101::frame::Frame;

#[tokio::test(flavor = "multi_thread")]
async fn every_illness_has_its_name() {
    let illnesses = illnesses();
    println!("staged illnesses: {}", illnesses.len());
    assert!(illnesses.len() >= 80, "at least 80, not {}", illnesses.len());
    let names: HashSet<_> = illnesses.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), illnesses.len(), "each has a name of its own");
    let mut book = String::new();
    let found = illnesses.iter().map(|(_, illness)| tokio::spawn(diagnosed(*illness)));
    let found = join_all(found.collect::<Vec<_>>()).await;
    for ((name, _), found) in illnesses.iter().zip(found) {
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
        book.extend([name, ": ", cause.id(), "\n  ", &english, "\n  ", &russian, "\n"]);
        assert!(!book.contains('\u{1b}'), "{name}: what strangers say is made safe");
    }
    insta::assert_snapshot!(book);
}

/// Words that Russian evidence keeps: of HTTP, of TLS, and the names of browsers.
const TERMS: [&str; 16] = [
    "PRI",
    "ALPN",
    "GET",
    "HTTP",
    "Host",
    "Origin",
    "TLS",
    "ClientHello",
    "Chromium",
    "Firefox",
    "Connection",
    "keep-alive",
    "Upgrade",
    "upgrade",
    "Sec-WebSocket-Extensions",
    "permessage-deflate",
];

/// Every step of every examination is Russian, but for what the server sent.
#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_evidence_has_its_russian_twin() {
    let mut staged: Vec<_> = illnesses().into_iter().map(|(_, illness)| illness).collect();
    staged.push(switches!("Content-Length: 0\r\nno colon\r\n"));
    let found = staged.into_iter().map(|illness| tokio::spawn(diagnosed(illness)));
    let found = join_all(found.collect::<Vec<_>>()).await;
    let mut steps: Vec<_> = found.into_iter().flat_map(|found| found.unwrap().0.evidence).collect();
    let silent = ward(says!(""));
    for url in ["ws://127.0.0.1:1/", &format!("wss://{silent}/")] {
        steps.extend(examine(&target(url)).await.evidence);
    }
    // Steps of routes with TLS, which the library has none of, and of answers that nobody staged.
    let (name, tcp) = (Shown::of("1"), SocketAddr::from(([127, 0, 0, 1], 1)));
    steps.extend([true, false].map(Evidence::WithoutTls));
    steps.extend([Some(name.clone()), None].map(|name| {
        Evidence::Route(Fact::Certificate {
            subject: name.clone(),
            issuer: name,
            names: Shown::of(""),
        })
    }));
    steps.extend(
        [Some(name), None].map(|alpn| Evidence::Route(Fact::Tls { version: "TLS 1.3", alpn })),
    );
    let seen = [Seen::NotHttp, Seen::Endless, Seen::Torn, Seen::Silence, Seen::Eof, Seen::Reset];
    steps.extend(seen.map(Evidence::Page));
    let seen = Seen::NotConnected(ErrorKind::ConnectionRefused);
    steps.push(Evidence::Differ { host: "1".to_owned(), peer: tcp, other: tcp, seen });
    let mut kinds = HashSet::new();
    for step in steps.iter().filter(|step| !matches!(step, Evidence::Received(_))) {
        kinds.insert(mem::discriminant(step));
        // A fault quotes the server.
        let left = match step {
            Evidence::Fault(fault) => (fault.to_string() == fault.in_russian()).then(String::new),
            step => english_in(&step.in_russian()),
        };
        assert_eq!(left, None, "{}", step.in_russian());
    }
    assert_eq!(kinds.len(), 14, "each kind of step");
}

/// The first English word in a text, beside [`TERMS`] and the names of statuses.
fn english_in(text: &str) -> Option<String> {
    let statuses = (100..600).filter_map(|code| StatusCode::from_u16(code).ok());
    let text = statuses.fold(text.to_owned(), |text, status| text.replace(&status.to_string(), ""));
    let is_english = |word: &&str| {
        let is_latin = word.starts_with(|char: char| char.is_ascii_alphabetic());
        is_latin && !TERMS.contains(word) && !word.starts_with("HTTP/") && !word.contains("://")
    };
    let words = text.split_whitespace().map(|word| word.trim_end_matches([',', ';', ':']));
    words.into_iter().find(is_english).map(str::to_owned)
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
        assert!(told(&diagnosis).contains(&line), "{:#?}", diagnosis.evidence);
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
    assert!(told(&diagnosis).contains(refused), "{:#?}", diagnosis.evidence);
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
    let Some(Cause::IdleTimeout { after }) = examine(&quiet).await.cause else {
        panic!("not found");
    };
    assert!(after >= Duration::from_millis(250), "{after:?}");
}

/// A close frame is the server's own word, not that of something on the way.
#[tokio::test]
async fn a_close_for_being_quiet_is_the_servers_word() {
    let strict: Illness = switches!("", call => {
        let ping = call.tcp.read(&mut [0; 64]).await.unwrap_or_default();
        assert_eq!(ping, 2 + 4 + "ws101 doctor".len());
        call.say(Frame::pong("ws101 doctor").to_bytes()).await;
        sleep(Duration::from_millis(300)).await;
        call.say(Frame::close(4107, "hello_timeout").to_bytes()).await;
    });
    let url = format!("ws://{}/ws", ward(strict));
    let quiet = Target { quiet: Duration::from_secs(20), ..target(&url) };
    let cause = examine(&quiet).await.cause.expect("it is closed");
    let (english, russian) = (cause.to_string(), cause.in_russian());
    assert!(english.contains("the server closes it after"), "{english}");
    assert!(english.contains("4107") && english.contains("hello_timeout"), "{english}");
    assert!(russian.contains("сервер сам закрыл соединение"), "{russian}");
}

/// Chromium takes the first response for the answer, and so does the doctor, however many follow.
#[tokio::test(flavor = "multi_thread")]
async fn an_interim_answer_is_told() {
    let one: Illness = |mut call| {
        async move {
            call.say("HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n").await;
            call.switch("").await;
            call.answer_pings().await;
        }
        .boxed()
    };
    let many: Illness = |mut call| {
        async move {
            let hints = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000);
            while call.tcp.write_all(hints.as_bytes()).await.is_ok() {}
        }
        .boxed()
    };
    let behind = Some(StatusCode::SWITCHING_PROTOCOLS);
    for (illness, behind, english, russian) in [
        (one, behind, "answer, 101 Switching Protocols: ", "настоящий ответ: 101 Switching"),
        (many, None, "answer, which does not come: ", "настоящего ответа за ним нет"),
    ] {
        let diagnosis = diagnosed(illness).await.0;
        let cause = diagnosis.cause.clone().expect("it does not open");
        assert_eq!(cause, Cause::Interim { interim: StatusCode::EARLY_HINTS, behind });
        assert!(cause.to_string().contains(english), "{cause}");
        assert!(cause.in_russian().contains(russian), "{}", cause.in_russian());
        let is_shown = told(&diagnosis).contains("← HTTP/1.1 101 Switching Protocols");
        assert_eq!(is_shown, behind.is_some(), "{:#?}", diagnosis.evidence);
    }
}

/// The answer to the first request stands behind it, also where no bytes came.
#[tokio::test(flavor = "multi_thread")]
async fn each_answer_stands_behind_its_request() {
    let refusing: Illness = says!("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nnever");
    let hanging_up: Illness = |call| async move { drop(call) }.boxed();
    for (illness, answer) in [
        (refusing, &["← HTTP/1.1 403 Forbidden", "  content-length: 5", "← never"][..]),
        (hanging_up, &["← the end of the connection"]),
    ] {
        let told = told(&diagnosed(illness).await.0);
        let lines: Vec<_> = told.lines().skip(2).take(answer.len() + 1).collect();
        assert_eq!(lines, [answer, &["→ the same as Firefox"]].concat(), "{told}");
    }
}

/// Only the first refusal is quoted, so only for its text the doctor waits.
#[tokio::test(flavor = "multi_thread")]
async fn texts_of_refusals_that_do_not_come_cost_little() {
    let silent: Illness = says!("HTTP/1.1 403 Forbidden\r\n\r\n");
    let began = Instant::now();
    let (diagnosis, _) = diagnosed(silent).await;
    assert!(matches!(diagnosis.cause, Some(Cause::Forbidden(_))), "{:?}", diagnosis.cause);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// A server that agrees to the compression that browsers offer is well.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_compresses_is_well() {
    let compressing: Illness = |mut call| {
        async move {
            if call.header("Sec-WebSocket-Extensions").is_empty() {
                call.switch("").await;
            } else {
                call.switch("Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
                call.say(Frame::text("hello").rsv(4).to_bytes()).await;
            }
            call.answer_pings().await;
        }
        .boxed()
    };
    let (diagnosis, _) = diagnosed(compressing).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
}

/// How many clients a server has that tells each of them.
static CLIENTS: AtomicUsize = AtomicUsize::new(0);

/// As Python's websockets, which keeps a client until both sides have ended TCP.
#[tokio::test]
async fn the_doctor_leaves_before_it_asks_without_compression() {
    let counting: Illness = |mut call| {
        async move {
            let clients = CLIENTS.fetch_add(1, Ordering::Relaxed) + 1;
            if call.header("Sec-WebSocket-Extensions").is_empty() {
                call.switch("").await;
                call.say(Frame::text(clients.to_string()).to_bytes()).await;
                call.answer_pings().await;
            } else {
                call.switch("Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
                let _ = call.tcp.read(&mut [0; 64]).await;
                call.say(Frame::close(1000, "").to_bytes()).await;
                let _ = call.tcp.shutdown().await;
                call.hold().await;
            }
            CLIENTS.fetch_sub(1, Ordering::Relaxed);
        }
        .boxed()
    };
    let (diagnosis, _) = diagnosed(counting).await;
    assert_eq!(diagnosis.cause, None, "{:#?}", diagnosis.evidence);
    let told = told(&diagnosis);
    let first = told.lines().find(|line| line.starts_with("← text"));
    assert_eq!(first, Some("← text \"1\""), "{told}");
}
