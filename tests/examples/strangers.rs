//! What `full_chat` gives to strangers who mean no good: no memory, no log line of theirs, no way in.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use ws101::frame::{Frame, Header, Opcode};
use ws101::transcript::Request;

use crate::program::{PATIENCE, Program, examples};
use crate::{HEAD, SWITCHED, eventually, read, talk_to};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// How much a program may grow by for reasons of its own.
const GROWTH: u64 = 16 << 20;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_promise_of_a_tebibyte_takes_no_memory() {
    let program = Program::start("full_chat", &[]).await;
    let mut promise = bytes::BytesMut::new();
    let header = Header::new(Opcode::Binary, 1 << 40);
    Header { mask: Some(KEY), size: header.size + KEY.len(), ..header }.encode(&mut promise);
    let crumb = Frame::new(Opcode::Continuation, "x").unfinished().masked(KEY).to_bytes();
    let start = Frame::text("x").unfinished().masked(KEY).to_bytes();
    let crumbs = [start.to_vec(), crumb.repeat(2_000)].concat();
    let mut open = Vec::new();
    let before = program.memory().await;
    for bytes in [&promise[..], &crumbs] {
        for _ in 0..100 {
            let mut tcp = TcpStream::connect(program.address).await.unwrap();
            tcp.write_all(HEAD.as_bytes()).await.unwrap();
            read(&mut tcp, SWITCHED).await;
            tcp.write_all(bytes).await.unwrap();
            // The goodbye, so that what was sent has been judged.
            read(&mut tcp, 2).await;
            open.push(tcp);
        }
    }
    let grown = program.memory().await.saturating_sub(before);
    assert!(grown < GROWTH, "{grown} bytes for {} strangers", open.len());
}

#[tokio::test]
async fn a_stranger_writes_no_line_of_the_log() {
    let program = Program::start("full_chat", &[]).await;
    let mut t = talk_to(program.address);
    let long = format!("agent [INFO] forged {}", "x".repeat(8_000));
    let target = "/ws?x=%0d%0a[INFO]%20forged%1b[31m";
    t.connect("eve", Request::new(target).header("User-Agent", &long)).await;
    t.send("eve", r#"{"type":"hello","username":"eve\r\n[INFO] forged\u001b[31m"}"#).await;
    t.send("eve", r#"{"type":"\u001b[31m\r\n[INFO] forged"}"#).await;
    t.close("eve", 1000, "bye\r\n[INFO] forged\u{1b}[31m\u{202e}").await;
    program.said(|said| said.contains("left").then_some(())).await;
    let said = program.stop().await.said;
    assert!(said.contains("forged"), "it is told, in its place: {said}");
    assert!(!said.contains(['\u{1b}', '\r', '\u{202e}']), "{said:?}");
    for line in said.lines() {
        assert!(!line.trim_start().starts_with("[INFO]"), "{line}");
        assert!(line.len() < 1_000, "{} bytes: {line}", line.len());
    }
}

/// 127.0.0.2 is this machine too: whoever listens everywhere listens there.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn nobody_outside_this_machine_is_let_in_unless_asked_for() {
    for (settings, open) in [(&[][..], false), (&[("HOST", "0.0.0.0")], true)] {
        let all = if open { vec!["full_chat".to_owned()] } else { examples() };
        for example in &all {
            let program = Program::start(example, settings).await;
            let port = program.address.port();
            let connected = TcpStream::connect(("127.0.0.2", port)).await.is_ok();
            assert_eq!(connected, open, "{example}");
        }
    }
}

/// One answer, its head in lower case.
async fn answer(program: &Program, request: &str) -> (String, String) {
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    tcp.write_all(format!("{request}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = timeout(PATIENCE, tcp.read_to_string(&mut answer));
    reading.await.expect("it comes in time").expect("it is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn every_answer_forbids_what_it_need_not_allow() {
    let chat = Program::start("full_chat", &[]).await;
    let list = Program::start("connections", &[]).await;
    for (program, request, status) in [
        (&chat, "GET / HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /dialect.json HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /r/rust HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /r/rust/more HTTP/1.1\r\nHost: localhost\r\n", "404"),
        (&chat, "GET /stats HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n", "405"),
        (&list, "GET /connections HTTP/1.1\r\nHost: localhost\r\n", "200"),
        (&chat, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n", "404"),
        (&chat, "POST /stats HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n", "405"),
        (&chat, "GET /ws HTTP/1.1\r\nHost: localhost\r\n", "426"),
        (&chat, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n", "400"),
        (&chat, &HEAD.replace("\r\n\r\n", "\r\nOrigin: http://evil.test\r\n"), "403"),
    ] {
        let request = request.replace("Connection: Upgrade\r\n", "Connection: Upgrade, x\r\n");
        let (head, _) = answer(program, &request).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{request}: {head}");
        for header in [
            "content-security-policy: default-src 'none'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-opener-policy: same-origin",
            "permissions-policy: camera=()",
        ] {
            assert!(head.contains(header), "{request}: no {header} in {head}");
        }
        assert!(!head.contains("\nserver:"), "{request}: {head}");
    }
}

/// The text for Prometheus: each line is a remark or a value, and the values are those of the server.
#[tokio::test]
async fn metrics_count_connections_messages_and_close_codes() {
    let program = Program::start("full_chat", &[]).await;
    let mut one = TcpStream::connect(program.address).await.unwrap();
    one.write_all(HEAD.as_bytes()).await.unwrap();
    read(&mut one, SWITCHED).await;
    one.write_all(&Frame::text("hi").masked(KEY).to_bytes()).await.unwrap();
    read(&mut one, 2).await;
    drop(one);
    let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
    let ended = async {
        loop {
            let (head, text) = answer(&program, metrics).await;
            // None is open before the first one is counted, either.
            if text.contains("\nws101_connections 0\n") && text.contains("\nws101_closes_total") {
                return (head, text);
            }
        }
    };
    let (head, text) = timeout(PATIENCE, ended).await.expect("the connection ends");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(name.starts_with("ws101_") && value.parse::<f64>().is_ok(), "{line}");
    }
    for line in [
        "# TYPE ws101_connections gauge",
        "ws101_connections_total 1",
        r#"ws101_messages_total{direction="in"} 1"#,
        r#"ws101_closes_total{code="1006"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    }
}

/// A page may have its own name point at the teacher's computer, and is then in the teacher's browser.
#[tokio::test]
async fn who_is_connected_is_told_to_this_computer_and_not_to_a_page_of_anybodys() {
    let program = Program::start("connections", &[]).await;
    for (host, status) in
        [("localhost", "200"), ("127.0.0.1:8080", "200"), ("evil.test:8080", "404")]
    {
        let request = format!("GET /connections HTTP/1.1\r\nHost: {host}\r\n");
        let (head, body) = answer(&program, &request).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{host}: {head}");
        assert_eq!(body == "[]", status == "200", "{host}: {body}");
    }
}

#[tokio::test]
async fn nobody_is_told_where_another_is_or_how_the_server_is_made() {
    let program = Program::start("full_chat", &[("WS_STATS_MS", "100"), ("WS_RATE", "0")]).await;
    let mut t = talk_to(program.address);
    let dialects = ["/?dialect=node_chat", "/broadcast", "/ws", "/chat", "/py"];
    for path in dialects {
        t.connect(path, Request::new(path).header("User-Agent", "secret-agent/7")).await;
        for text in [
            r#"{"type":"hello"}"#,
            r#"{"type":"join","username":"spy"}"#,
            r#"{"type":"message","content":"hi"}"#,
            r#"{"type":"nonsense"}"#,
            r#"{"type":"message","content":7}"#,
            "no JSON",
        ] {
            t.send(path, text).await;
        }
    }
    t.pass(Duration::from_millis(300)).await;
    t.send("/ws", Frame::binary(vec![1])).await;
    t.send("/py", Frame::text(&b"\xff"[..])).await;
    let seen = t.to_string();
    let told: Vec<_> = seen.lines().filter(|line| line.contains("<<")).collect();
    assert!(told.len() > 20 && told.iter().any(|line| line.contains("heartbeat")), "{seen}");
    for line in told {
        for secret in ["127.0.0.1", "secret-agent", "src/", ".rs", "panicked", "/home", "target"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[tokio::test]
async fn one_that_makes_mistakes_writes_so_many_lines_of_the_log_and_no_more() {
    let program = Program::start("full_chat", &[("WS_RATE", "0")]).await;
    let mut t = talk_to(program.address);
    t.connect("eve", "/?dialect=node_chat").await;
    for _ in 0..100 {
        t.send("eve", "no JSON").await;
    }
    let said = program.stop().await.said;
    assert_eq!(said.matches("некорректное").count(), 10, "{said}");
}

/// Who takes a server's last descriptor keeps others out for as long as they hold it, and no longer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_without_descriptors_waits_for_some() {
    let program = Program::start("full_chat", &[]).await;
    program.limit("nofile", 32).await;
    let mut taken = Vec::new();
    for _ in 0..64 {
        taken.push(TcpStream::connect(program.address).await.unwrap());
    }
    program.said(|said| said.contains("cannot accept").then_some(())).await;
    drop(taken);
    let (head, _) = answer(&program, "GET /stats HTTP/1.1\r\nHost: localhost\r\n").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(program.stop().await.code, Some(0));
}

/// There is no task to be woken up here: whoever tries again and again needs a whole processor.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_with_threads_waits_for_descriptors_in_peace() {
    const LIMIT: u32 = 16;
    for example in ["handshake", "raw_echo"] {
        let program = Program::start(example, &[]).await;
        program.limit("nofile", LIMIT).await;
        let alone = program.descriptors();
        let mut taken = Vec::new();
        for _ in 0..LIMIT {
            taken.push(TcpStream::connect(program.address).await.unwrap());
        }
        eventually("all are taken", || program.descriptors() >= LIMIT as usize).await;
        let before = program.busy();
        sleep(Duration::from_secs(1)).await;
        let busy = program.busy().saturating_sub(before);
        assert!(busy < Duration::from_millis(100), "{example}: {busy:?} of a second");
        drop(taken);
        // Those that came too late are accepted, and found to have left.
        eventually("they are free again", || program.descriptors() == alone).await;
    }
}

/// Without shares, such connections would keep everyone out for as long as a request may take.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn silent_connections_of_one_address_keep_no_other_out() {
    // More than the places of each example.
    const SILENT: usize = 1_100;
    ws101::program::raise_descriptor_limit();
    for example in ["poll_vs_push", "full_chat"] {
        let program = Program::start(example, &[("WS_HEAD_MS", "600000")]).await;
        let mut silent = Vec::new();
        for _ in 0..SILENT {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
            silent.push(socket.connect(program.address).await.unwrap());
        }
        let mut polite = TcpStream::connect(program.address).await.unwrap();
        polite.write_all(b"GET /no-such-page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        let read = timeout(PATIENCE, polite.read_exact(&mut answer)).await;
        read.unwrap_or_else(|_| panic!("{example} answers nobody else")).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404", "{example}");
    }
}
