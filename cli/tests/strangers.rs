//! What a server, a file or a child says never acts on the terminal, whatever the command.

use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;

use futures::future::join_all;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;
use ws101::escape::acts;
use ws101::frame::Frame;
use ws101::handshake::AcceptKey;

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a header can carry: CSI in C1, an override of direction, a line separator.
const IN_HEADERS: &str = "\u{9b}31m\u{202e}\u{2028}";

/// What anything else can carry.
const ANYWHERE: &str = "\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\r\n\u{7}forged";

/// How a server treats whoever comes.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Opens, and says all there is to say.
    Opens,
    /// Refuses, and says why.
    Refuses,
}

async fn serve(mut tcp: TcpStream, way: Way) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if tcp.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = AcceptKey::derive(key.unwrap_or_default()).accept;
    let odd = IN_HEADERS;
    if let Way::Refuses = way {
        let answer = format!(
            "HTTP/1.1 400 No{odd}\r\nServer: {odd}\r\nVia: {odd}\r\nRetry-After: {odd}\r\n\
             Location: {odd}\r\n\r\n{ANYWHERE}"
        );
        return tcp.write_all(answer.as_bytes()).await;
    }
    let answer = format!(
        "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nServer: {odd}\r\nSet-Cookie: {odd}\r\n\r\n"
    );
    tcp.write_all(answer.as_bytes()).await?;
    let json = serde_json::json!({ANYWHERE: ANYWHERE, "type": ANYWHERE, "id": ANYWHERE});
    // serde_json writes C1 and overrides of direction as they are.
    let frames = [
        Frame::text(ANYWHERE),
        Frame::text(json.to_string()),
        Frame::binary(ANYWHERE.as_bytes().to_vec()),
        Frame::ping(ANYWHERE.as_bytes().to_vec()),
        Frame::pong(ANYWHERE.as_bytes().to_vec()),
        Frame::close(1011, ANYWHERE),
    ];
    for frame in frames {
        tcp.write_all(&frame.to_bytes()).await?;
    }
    // Until the other side hangs up, so that nothing that was said is destroyed by a reset.
    while tcp.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

async fn server(way: Way) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(serve(tcp, way));
        }
    });
    address
}

async fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    timeout(PATIENCE, command.output()).await.expect("it ends").unwrap()
}

/// Checks what a command prints; tells it, to be looked at further.
async fn harmless(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("it is UTF-8");
    let odd = said.chars().find(|&char| char != '\n' && acts(char));
    assert_eq!(odd, None, "{arguments:?}: {said:?}");
    assert!(!said.lines().any(|line| line.starts_with("forged")), "{arguments:?}: {said:?}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_lets_a_server_speak_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    // Each differs from what comes in another way.
    let acts = file("acts.wst", "a -> GET /ws\n");
    let scenarios = [
        file("text.wst", "a -> GET /ws\na <- 101\na << text \"hi\"\n"),
        file("json.wst", "a -> GET /ws\na <- 101\na << text ...\na << json {\"type\":\"x\",...}\n"),
        file(
            "keys.wst",
            "a -> GET /ws\na <- 101\na << text ...\na << json {\"type\":<*>,\"id\":<*>}\n",
        ),
        file(
            "close.wst",
            "a -> GET /ws\na <- 101\n@open\n-- wait 300ms\na << close 1000 \"bye\"\n",
        ),
        file("head.wst", "a -> GET /ws\na <- 101 server=x\n"),
    ];
    for way in [Way::Opens, Way::Refuses] {
        let url = format!("ws://{}/ws", server(way).await);
        let url = url.as_str();
        for lang in ["en", "ru"] {
            let doctor = harmless(&["doctor", url, "--lang", lang, "--timeout", "1"]).await;
            assert!(doctor.contains("forged"), "{way:?}: it is quoted: {doctor}");
            harmless(&["connect", url, "--lang", lang]).await;
        }
        let checks = ["--wire", "--json", "--junit"];
        let checks = checks.map(|form| vec!["check", "5.1", "--url", url, form]);
        let plays = scenarios.iter().map(|scenario| vec!["play", scenario, "--url", url]);
        let all = plays.chain(checks);
        // A recording takes 20 conversations: of the one that opens, a minute.
        let records = matches!(way, Way::Refuses).then(|| vec!["record", url, &acts]);
        let all = all.chain(records);
        // They wait for most of their time.
        join_all(all.map(async |arguments| harmless(&arguments).await)).await;
    }
}

/// Both sides of a tap are strangers to the terminal it runs in.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn no_tap_lets_a_server_or_a_client_speak_to_the_terminal() {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         {key}\r\nX-Odd: {IN_HEADERS}\r\nOrigin: {IN_HEADERS}\r\n\r\n"
    );
    let json = serde_json::json!({ANYWHERE: ANYWHERE}).to_string();
    let frames = [
        Frame::text(ANYWHERE),
        Frame::text(json),
        Frame::ping(ANYWHERE),
        Frame::close(1000, ANYWHERE),
    ];
    for way in [Way::Opens, Way::Refuses] {
        let url = format!("ws://{}/ws", server(way).await);
        for form in [&[][..], &["--hex"], &["--json"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
            command.args(["tap", "0", &url]).args(form).kill_on_drop(true);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut tap = command.spawn().unwrap();
            let mut told = BufReader::new(tap.stderr.take().unwrap());
            let mut first = String::new();
            timeout(PATIENCE, told.read_line(&mut first)).await.expect("it starts").unwrap();
            let at = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
            let mut client = TcpStream::connect(at.expect("an address")).await.unwrap();
            client.write_all(request.as_bytes()).await.unwrap();
            // The answer, so that frames come behind it.
            client.read_exact(&mut [0; 1]).await.unwrap();
            for frame in &frames {
                // A server that refuses has hung up.
                let _ = client.write_all(&frame.clone().masked([1, 2, 3, 4]).to_bytes()).await;
            }
            let _ = client.shutdown().await;
            let _ = timeout(PATIENCE, client.read_to_end(&mut Vec::new())).await.expect("it ends");
            let id = tap.id().expect("it runs").to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
            let output = timeout(PATIENCE, tap.wait_with_output()).await.expect("it ends").unwrap();
            let said = String::from_utf8(output.stdout).expect("it is UTF-8");
            let odd = said.chars().find(|&char| char != '\n' && acts(char));
            assert_eq!(odd, None, "{way:?} {form:?}: {said:?}");
            // Unsound HTTP is shown as bytes.
            let is_quoted = said.contains("forged") || said.contains("66 6f 72 67 65 64");
            assert!(is_quoted && !said.contains("\nforged"), "{form:?}: {said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_lets_a_file_or_an_address_speak_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.wst");
    let url = format!("ws://{}/ws", server(Way::Opens).await);
    for text in [
        format!("== a {IN_HEADERS}\na -> GET /ws\n"),
        "# \u{1b}[2J\na -> GET /ws\n".to_owned(),
        "\u{202e}a -> GET /ws\n".to_owned(),
        "a -> GET /\u{9b}\n".to_owned(),
        "a -> GET /ws\na << torn \u{1b}[2J\n".to_owned(),
    ] {
        std::fs::write(&path, &text).unwrap();
        let said = harmless(&["play", path.to_str().unwrap(), "--url", &url]).await;
        assert!(said.contains("expected text that shows"), "{text:?}: {said}");
    }
    for command in ["doctor", "connect"] {
        harmless(&[command, "ws://127.0.0.1:1/\u{1b}[2J\u{202e}"]).await;
        harmless(&[command, "ws://\u{202e}\u{1b}[2J/"]).await;
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn no_command_lets_a_child_speak_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wst");
    std::fs::write(&path, "a -> GET /ws\na <- 101\n").unwrap();
    let child = r"printf '\033[2J\302\23331m\342\200\256\r\nquoted\n' >&2; exit 3";
    let said = harmless(&["play", path.to_str().unwrap(), "--cmd", child]).await;
    assert!(said.contains("quoted"), "{said}");
    harmless(&["record", "--cmd", child, path.to_str().unwrap()]).await;
    harmless(&["check", "3.1", "--cmd", child]).await;
    harmless(&["check", "10.1", "--client", child]).await;
}
