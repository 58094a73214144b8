//! `ws101 connect` and `ws101 doctor`, run as people run them.

mod echoing;

use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;

use echoing::echoing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Headers that are different every time.
const CHANCE: [&str; 3] = [" date: ", " Sec-WebSocket-Key: ", " sec-websocket-accept: "];

/// What a command says, with `typed` on its standard input.
async fn run(arguments: &[&str], typed: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).args(["--lang", "en"]).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    // A command that has failed reads nothing.
    let _ = keyboard.write_all(typed.as_bytes()).await;
    drop(keyboard);
    timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap()
}

/// The text and the exit code; what is different every time is named, or left out.
fn told(output: &Output, address: SocketAddr) -> String {
    let text = String::from_utf8_lossy(&output.stdout).replace(&address.to_string(), "<address>");
    let lines = text.lines().filter(|line| !CHANCE.iter().any(|name| line.contains(name)));
    let lines: Vec<_> = lines.map(|line| line.split(" | ").next().unwrap_or(line)).collect();
    format!("{}\nexit code {:?}\n", lines.join("\n"), output.status.code())
}

#[tokio::test]
async fn a_conversation_by_hand() {
    let address = echoing("/chat").await;
    let url = format!("ws://{address}/chat");
    let typed =
        "hello\n//bytes\n/binary 00 ff\n/ping abc\n/pong\n/bytes\n/odd\n/raw zz\n/close x\n";
    let output = run(&["connect", &url], &format!("{typed}/close 1001 bye\n")).await;
    // What is sent and what comes back have no order between them.
    let mut lines: Vec<_> = told(&output, address).lines().map(str::to_owned).collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn ctrl_d_says_goodbye() {
    let address = echoing("/chat").await;
    let output = run(&["connect", &format!("ws://{address}/chat")], "").await;
    let said = told(&output, address);
    assert!(
        said.ends_with(
            "you >> close 1000\nyou << close 1000\n# closed\nyou -- eof\nexit code Some(0)\n"
        ),
        "{said}"
    );
}

#[tokio::test]
async fn bytes_are_shown_on_request() {
    let address = echoing("/chat").await;
    let output = run(&["connect", &format!("ws://{address}/chat"), "--bytes"], "hi\n").await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(r#"<< text "hi" | 81 02 68 69"#), "{said}");
}

#[tokio::test]
async fn an_accept_that_belongs_to_another_key_opens_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // It answers each request with the accept of RFC 6455 §1.3, whatever the key.
    let rigid = tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            tokio::spawn(async move {
                let _ = tcp.read(&mut [0; 1024]).await;
                let _ = tcp.write_all(answer.as_bytes()).await;
                let _ = tcp.read(&mut [0; 1024]).await;
            });
        }
    });
    let output = run(&["connect", &format!("ws://{address}/")], "").await;
    let said = told(&output, address);
    assert!(said.contains("is what follows from the key"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    rigid.abort();
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_why() {
    let address = echoing("/chat").await;
    let output = run(&["connect", &format!("ws://{address}/")], "").await;
    let said = told(&output, address);
    let why = "ws://<address>/: there is nothing at /: there is a WebSocket at /chat";
    assert!(said.contains(why), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn the_doctor_tells_the_cause_or_the_rules() {
    let address = echoing("/chat").await;
    let well = run(&["doctor", &format!("ws://{address}/chat")], "").await;
    let ill = run(&["doctor", &format!("ws://{address}/nowhere")], "").await;
    let nonsense = run(&["doctor", "localhost"], "").await;
    assert_eq!(nonsense.status.code(), Some(2));
    insta::assert_snapshot!(format!("{}\n{}", told(&well, address), told(&ill, address)));
}
