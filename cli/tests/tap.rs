//! `ws101 tap`, run as people run it.

mod echoing;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use echoing::echoing;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};
use ws101::client::{Client, Received, Request, open};
use ws101::frame::{Frame, Opcode};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running tap.
struct Tap {
    child: Child,
    at: SocketAddr,
    _told: Lines<BufReader<ChildStderr>>,
}

impl Tap {
    /// Starts a tap before `server`, on a port that the system chooses and the tap tells.
    async fn start(server: SocketAddr, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
        command.args(["tap", "0", &format!("ws://{server}/ws"), "--lang", "en"]).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = timeout(PATIENCE, told.next_line()).await.unwrap().unwrap().unwrap();
        let at = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let at = at.and_then(|at| at.parse().ok()).unwrap_or_else(|| panic!("{first}"));
        Self { child, at, _told: told }
    }

    async fn client(&self) -> Client<TcpStream> {
        let tcp = TcpStream::connect(self.at).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        open(tcp, &self.at.to_string(), &Request::new("/ws"), 1 << 20, deadline).await.unwrap()
    }

    /// Asks it to end, and gives what it printed.
    async fn end(mut self) -> String {
        let id = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        let mut said = String::new();
        let mut out = self.child.stdout.take().unwrap();
        timeout(PATIENCE, out.read_to_string(&mut said)).await.expect("it ends").unwrap();
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        assert_eq!(status.code(), Some(0), "{said}");
        said
    }
}

async fn received(client: &mut Client<TcpStream>) -> Frame {
    match timeout(PATIENCE, client.receive()).await.expect("a frame") {
        Received::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

/// Text, a fragmented message with a ping in the middle, binary, and a close, each after the answer to
/// the one before; and a page.
async fn converse(tap: &Tap) {
    let mut client = tap.client().await;
    client.send(Frame::text(r#"{"b":1,"a":[2]}"#)).await.unwrap();
    assert_eq!(received(&mut client).await.header.opcode, Opcode::Text);
    client.send(Frame::text("one ").unfinished()).await.unwrap();
    client.send(Frame::ping("now")).await.unwrap();
    assert_eq!(received(&mut client).await, Frame::pong("now"));
    client.send(Frame::new(Opcode::Continuation, "two")).await.unwrap();
    assert_eq!(received(&mut client).await, Frame::text("one two"));
    client.send(Frame::binary(vec![0xff; 300])).await.unwrap();
    assert_eq!(received(&mut client).await.payload.len(), 300);
    client.send(Frame::close(1000, "bye")).await.unwrap();
    assert_eq!(received(&mut client).await.header.opcode, Opcode::Close);
    let end = timeout(PATIENCE, client.receive()).await.unwrap();
    assert!(matches!(end, Received::End(None)), "{end:?}");
    let mut page = TcpStream::connect(tap.at).await.unwrap();
    page.write_all(b"GET /no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    page.read_to_end(&mut Vec::new()).await.unwrap();
}

const LINES: &str = r#"c1 -> GET /ws
c1 <- 101
c1 >> json {"a":[2],"b":1}
c1 << json {"a":[2],"b":1}
c1 >> text fin=0 "one "
c1 >> ping "now"
c1 << pong "now"
c1 >> cont fin=1 "two"
c1 << text "one two"
c1 >> binary ff*300
c1 << binary 300 bytes sha256:"#;

#[tokio::test]
async fn a_conversation_is_shown_as_lines_that_can_be_played() {
    let server = echoing("/ws").await;
    let tap = Tap::start(server, &[]).await;
    converse(&tap).await;
    let said = tap.end().await;
    assert!(said.starts_with(LINES), "{said}");
    assert!(
        said.contains("\nc1 >> close 1000 \"bye\"\nc1 << close 1000 \"bye\"\nc1 -- eof\n"),
        "{said}"
    );
    assert!(said.contains("\n# GET /no 426, "), "{said}");
    assert!(said.contains("# connections 2, WebSockets 1; from clients: frames 6, "), "{said}");
    said.parse::<ws101::wst::Scenario>().expect("it is a scenario");
}

#[tokio::test]
async fn a_saved_session_plays() {
    let server = echoing("/ws").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.wst");
    let tap = Tap::start(server, &["--save", file.to_str().unwrap(), "--har", "/dev/null"]).await;
    converse(&tap).await;
    // Two at once, in lanes of their own, and one that is cut.
    let (mut ann, mut bob) = (tap.client().await, tap.client().await);
    for _ in 0..3 {
        ann.send(Frame::text("a")).await.unwrap();
        bob.send(Frame::text("b")).await.unwrap();
        received(&mut ann).await;
        received(&mut bob).await;
    }
    drop(ann);
    // A part of a frame cannot be played.
    bob.write(b"\x81\x85\0\0").await.unwrap();
    drop(bob);
    tap.end().await;
    let saved = std::fs::read_to_string(&file).unwrap();
    assert_eq!(saved.matches("c3 << text \"b\"").count(), 3, "{saved}");
    assert!(saved.contains("c2 -- cut"), "{saved}");
    assert!(saved.contains("\n# c3 >> torn header\n"), "{saved}");
    play(&file, server).await;
}

async fn play(file: &Path, server: SocketAddr) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(["play", "--lang", "en", "--url", &format!("ws://{server}/ws")]).arg(file);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[tokio::test]
async fn every_line_of_json_is_complete_in_itself() {
    let server = echoing("/ws").await;
    let tap = Tap::start(server, &["--json"]).await;
    converse(&tap).await;
    let said = tap.end().await;
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let frames: Vec<_> = lines.iter().filter(|line| line["event"] == "frame").collect();
    assert_eq!(frames.len(), 11, "{said}");
    for frame in &frames {
        for field in
            ["time", "connection", "socket", "from", "opcode", "fin", "rsv", "length", "section"]
        {
            assert!(!frame[field].is_null(), "{field}: {frame}");
        }
        assert_eq!(frame["mask"].is_string(), frame["from"] == "client", "{frame}");
    }
    let ping = frames.iter().find(|frame| frame["kind"] == "ping").unwrap();
    assert_eq!((&ping["text"], &ping["opcode"]), (&"now".into(), &9.into()));
    let binary = frames.iter().find(|frame| frame["kind"] == "binary").unwrap();
    assert_eq!(binary["base64"].as_str().unwrap().len(), 400);
    let close = frames.iter().find(|frame| frame["kind"] == "close").unwrap();
    assert_eq!((&close["code"], &close["reason"]), (&1000.into(), &"bye".into()));
    assert_eq!(lines.last().unwrap()["client"]["frames"], 6);
}

#[tokio::test]
async fn an_archive_has_the_messages_as_chrome_writes_them() {
    let server = echoing("/ws").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.har");
    let tap = Tap::start(server, &["--har", file.to_str().unwrap()]).await;
    converse(&tap).await;
    tap.end().await;
    let har: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let entry = &entries[0];
    assert_eq!(entry["request"]["url"], format!("ws://{server}/ws"));
    assert_eq!(entry["response"]["status"], 101);
    let messages = entry["_webSocketMessages"].as_array().unwrap();
    let told = messages.iter().map(|message| {
        let data = message["data"].as_str().unwrap();
        format!(
            "{} {} {}",
            message["type"].as_str().unwrap(),
            message["opcode"],
            &data[..data.len().min(8)]
        )
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            r#"send 1 {"b":1,""#,
            r#"receive 1 {"b":1,""#,
            "send 9 bm93",
            "receive 10 bm93",
            "send 1 one two",
            "receive 1 one two",
            "send 2 ////////",
            "receive 2 ////////",
            "send 8 A+hieWU=",
            "receive 8 A+hieWU=",
        ]
    );
    assert!(messages[0]["time"].as_f64().unwrap() > 1.6e9);
    assert_eq!(entries[1]["response"]["status"], 426);
    assert!(entries[1]["_webSocketMessages"].is_null());
}

#[tokio::test]
async fn requests_get_another_host_and_origin_and_secrets_are_not_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let options =
        ["--host", "example.com", "--origin", "https://example.com", "--header", "X-Token: hush-1"];
    let tap = Tap::start(server, &options).await;
    let mut client = TcpStream::connect(tap.at).await.unwrap();
    let request =
        b"GET /ws?token=hush-2 HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nCookie: id=hush-3\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    client.write_all(request).await.unwrap();
    let (mut tcp, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        tcp.read_buf(&mut head).await.unwrap();
    }
    let head = String::from_utf8(head).unwrap();
    for line in
        ["Host: example.com", "Origin: https://example.com", "X-Token: hush-1", "Cookie: id=hush-3"]
    {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    assert!(!head.contains("http://a"), "{head}");
    let said = tap.end().await;
    assert!(said.contains("c1 -> GET /ws?token=%3Csecret%3E cookie=<secret>"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_is_said_in_a_line() {
    let busy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let busy = busy.local_addr().unwrap().to_string();
    for (options, told) in [
        (&["x", "ws://localhost:1/"][..], "such as 9000"),
        (&["0", "localhost:1"], "ws://host:port/path"),
        (&["0.0.0.0:0", "ws://localhost:1/"], "--lan"),
        (&[&busy, "ws://localhost:1/"], "is busy"),
        (&["192.0.2.1:0", "ws://localhost:1/", "--lan"], "no address of this computer"),
        (&["0", "ws://localhost:1/", "--save", "/nowhere/a.wst"], "/nowhere/a.wst"),
        (&["0", "ws://localhost:1/", "--har", "/nowhere/a.har"], "/nowhere/a.har"),
        (&["0", "ws://localhost:1/", "--host", "a b"], "example.com"),
        (&["0", "ws://localhost:1/", "--fault", "explode"], "explode is no fault: there are close"),
        (&["0", "ws://localhost:1/", "--fault", "delay pong"], "delay KIND TIME"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
        command.arg("tap").args(options).env("LANG", "en").env_remove("LC_ALL").kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(said.contains(told) && said.lines().count() == 1, "{options:?}: {said}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_in_both_languages() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    for (options, told) in [
        (&[][..], "# the server cannot be reached, the client gets 502: "),
        (&["--lang", "ru"], "# до сервера не достучаться, клиент получает 502: "),
    ] {
        let options = if options.is_empty() { &["--hex"][..] } else { options };
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
        command.args(["tap", "0", &format!("ws://{nobody}/ws")]).args(options);
        command.env("LANG", "en").env_remove("LC_ALL").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut first = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = timeout(PATIENCE, first.next_line()).await.unwrap().unwrap().unwrap();
        let at = first.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        let mut client = TcpStream::connect(at).await.unwrap();
        client.write_all(b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        assert!(line.starts_with(told), "{line}");
        child.kill().await.unwrap();
    }
}

/// A fault is marked in each output, and what is saved is the protocol without it.
#[tokio::test]
async fn a_fault_is_marked_wherever_it_is_told() {
    let server = echoing("/ws").await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (saved, har) = (path("a.wst"), path("a.har"));
    for json in [false, true] {
        let mut options = vec!["--fault", "duplicate text from server", "--seed", "7"];
        options.extend(["--save", &saved, "--har", &har]);
        options.extend(json.then_some("--json"));
        let tap = Tap::start(server, &options).await;
        let mut client = tap.client().await;
        client.send(Frame::text("hi")).await.unwrap();
        assert_eq!(received(&mut client).await, Frame::text("hi"));
        assert_eq!(received(&mut client).await, Frame::text("hi"));
        drop(client);
        let said = tap.end().await;
        let mark = r#"# [duplicate text from server] c1 << text "hi""#;
        if json {
            let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let marked = lines.filter(|line| line["event"] == "frame" && !line["fault"].is_null());
            assert_eq!(marked.count(), 1, "{said}");
        } else {
            assert!(said.contains(mark), "{said}");
            assert!(said.contains("# c1: the tap does: duplicate text from server\n"), "{said}");
        }
        let wst = std::fs::read_to_string(&saved).unwrap();
        assert!(wst.contains(mark) && wst.contains("\nc1 << text \"hi\"\n"), "{wst}");
        let har: Value = serde_json::from_str(&std::fs::read_to_string(&har).unwrap()).unwrap();
        let messages = har["log"]["entries"][0]["_webSocketMessages"].as_array().unwrap();
        let marked = messages.iter().filter(|message| !message["_fault"].is_null());
        assert_eq!(marked.count(), 1);
    }
    play(Path::new(&saved), server).await;
}

/// Sends text until the tap's output has come to a standstill: the pipe is full, and nobody reads it.
async fn fill(tap: &Tap) -> Client<TcpStream> {
    let mut client = tap.client().await;
    // A pipe of Linux holds 64 KiB.
    for _ in 0..100 {
        client.send(Frame::text("x".repeat(1_000))).await.unwrap();
        received(&mut client).await;
    }
    client
}

fn messages(har: &Path) -> usize {
    let har: Value = serde_json::from_str(&std::fs::read_to_string(har).unwrap()).unwrap();
    har["log"]["entries"][0]["_webSocketMessages"].as_array().unwrap().len()
}

#[cfg(unix)]
#[tokio::test]
async fn a_tap_that_nobody_reads_ends_when_asked_to_and_writes_its_archive() {
    let server = echoing("/ws").await;
    let folder = tempfile::tempdir().unwrap();
    let har = folder.path().join("a.har");
    for form in [&[][..], &["--json"], &["--hex"]] {
        let options = [form, &["--har", har.to_str().unwrap()]].concat();
        let mut tap = Tap::start(server, &options).await;
        let _client = fill(&tap).await;
        let id = tap.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        let status = timeout(PATIENCE, tap.child.wait()).await.expect("it ends").unwrap();
        assert_eq!(status.code(), Some(2), "{form:?}: its last lines were not read");
        assert!(messages(&har) > 0, "{form:?}");
    }
}

#[tokio::test]
async fn a_tap_whose_reader_is_gone_ends_and_writes_its_archive() {
    let server = echoing("/ws").await;
    let folder = tempfile::tempdir().unwrap();
    let har = folder.path().join("a.har");
    let mut tap = Tap::start(server, &["--har", har.to_str().unwrap()]).await;
    // The first line that nobody can read ends the tap, so the handshake comes before.
    let mut client = tap.client().await;
    drop(tap.child.stdout.take());
    let _ = client.send(Frame::text("hi")).await;
    let status = timeout(PATIENCE, tap.child.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(141), "as a shell gives for SIGPIPE");
    let har: Value = serde_json::from_str(&std::fs::read_to_string(&har).unwrap()).unwrap();
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 101);
}
