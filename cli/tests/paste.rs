//! What a command shows is a scenario: pasted into a file, it plays.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use futures::SinkExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use ws101::frame::{Frame, Opcode};
use ws101::handshake::Policy;
use ws101::id;
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::transcript::{Request, Transcript};
use ws101::upgrade::config;
use ws101::wst::Scenario;
use ws101::{close, echo::echo, server};

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest message that the server takes.
const MESSAGE_LIMIT: usize = 1 << 20;

/// A server at /chat that says what it was told, behind an id that is another each time.
async fn serving() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let policy = Policy { paths: vec!["/chat".into()], ..Policy::default() };
    let sockets =
        server::sockets(policy, Settings::default().caps(), &shutdown, |accepted| async {
            let mut socket = accepted.into_socket(config(MESSAGE_LIMIT)).await;
            let id = id::random();
            let ended =
                echo(&mut socket, |said| format!("{{\"id\":\"{id}\",\"said\":{said:?}}}")).await;
            close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
        });
    tokio::spawn(server::serve(&Settings::default(), listener, [sockets], shutdown));
    address
}

async fn run(arguments: &[&str], typed: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).env("LC_ALL", "C").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let _ = keyboard.write_all(typed.as_bytes()).await;
    drop(keyboard);
    timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Saves `text` as it is and plays it.
async fn plays(text: &str, address: SocketAddr) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pasted.wst");
    std::fs::write(&file, text).unwrap();
    let url = format!("ws://{address}");
    let output = run(&["play", file.to_str().unwrap(), "--url", &url], "").await;
    let told = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "pasted:\n{text}\nplayed:\n{told}");
    assert!(has_both_directions(text), "nothing was played:\n{text}");
}

fn has_both_directions(text: &str) -> bool {
    text.contains(" << ") && text.contains(" >> ") && text.contains(" <- ")
}

#[tokio::test]
async fn what_connect_shows_plays() {
    let address = serving().await;
    let typed = format!(
        "hello\n/binary 00 ff\n/ping abc\n/raw 89 80 00 00 00 00\n/odd\n/help\n/bytes\n{}\n/close 1000 bye\n",
        "long ".repeat(300)
    );
    let output = run(&["connect", &format!("ws://{address}/chat")], &typed).await;
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.contains("<you>") && text.contains("# <you> is "), "{text}");
    plays(&text, address).await;
}

/// A server at /chat that speaks after 1.2 s, and after 1.2 s more when it was told something.
async fn slow() -> SocketAddr {
    const SLOW: Duration = Duration::from_millis(1200);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let sockets = server::sockets(
        Policy { paths: vec!["/chat".into()], ..Policy::default() },
        Settings::default().caps(),
        &shutdown,
        |accepted| async {
            let mut socket = accepted.into_socket(config(MESSAGE_LIMIT)).await;
            tokio::time::sleep(SLOW).await;
            let _ = socket.send(Message::text("slow")).await;
            let ended = echo(&mut socket, str::to_owned).await;
            close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
        },
    );
    tokio::spawn(server::serve(&Settings::default(), listener, [sockets], shutdown));
    address
}

#[tokio::test]
async fn pauses_are_shown_and_play() {
    let address = slow().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(["connect", &format!("ws://{address}/chat")]).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    let talk = async {
        while let Some(line) = screen.next_line().await.unwrap() {
            text += &(line.clone() + "\n");
            if line.contains("<< text \"slow\"") {
                // Longer than what needs no line, and shown as whole seconds.
                tokio::time::sleep(Duration::from_millis(1100)).await;
                keyboard.write_all(b"hi\n").await.unwrap();
            } else if line.contains("<< text \"hi\"") {
                keyboard.write_all(b"/close 1000\n").await.unwrap();
            }
        }
    };
    timeout(PATIENCE, talk).await.expect("it ends");
    assert!(text.contains("you << text \"slow\" within "), "{text}");
    assert!(text.contains("-- wait "), "{text}");
    plays(&text, address).await;
}

#[tokio::test]
async fn what_connect_shows_of_a_refusal_plays() {
    let address = serving().await;
    let output = run(&["connect", &format!("ws://{address}/nowhere")], "").await;
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output) + "you -> GET /chat\nyou <- 101\nyou >> ping\nyou << pong\n";
    plays(&text, address).await;
}

#[tokio::test]
async fn what_record_shows_plays() {
    let address = serving().await;
    let acts = "== one\nbob -> GET /chat\nbob >> text \"hi\"\n\n== two\nann -> GET /chat\nann >> binary 2a*70000\nbob >> close 1000\n";
    let output = run(&["record", &format!("ws://{address}")], acts).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    plays(&stdout(&output), address).await;
}

#[tokio::test]
async fn what_a_failing_check_shows_plays() {
    // It answers as the lesson does not say.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let sockets = server::sockets(
        Policy { paths: vec!["/ws".into()], ..Policy::default() },
        Settings::default().caps(),
        &shutdown,
        |accepted| async {
            let mut socket = accepted.into_socket(config(MESSAGE_LIMIT)).await;
            let ended = echo(&mut socket, |said| format!("{said}!")).await;
            close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
        },
    );
    tokio::spawn(server::serve(&Settings::default(), listener, [sockets], shutdown));
    let mut failures = 0;
    for check in ["3.1", "3.2", "3.3"] {
        let url = format!("ws://{address}/ws");
        let output =
            run(&["check", check, "--url", &url, "--wire", "--lang", "en", "--seed", "1"], "")
                .await;
        let text = stdout(&output);
        let Some((_, failed)) = text.split_once("  FAIL") else { continue };
        assert_eq!(output.status.code(), Some(1));
        // From the first line of the wire to where the difference is explained.
        let wire = failed.split_once('\n').unwrap().1;
        let end = wire.find("        expected").or_else(|| wire.find("        because")).unwrap();
        plays(&wire[..end], address).await;
        failures += 1;
    }
    assert!(failures > 0, "no check failed");
}

#[tokio::test]
async fn what_a_transcript_shows_plays() {
    let address = serving().await;
    let mut t = Transcript::tcp(address);
    t.step("bob joins");
    t.connect("bob", "/chat").await;
    t.send("bob", Frame::text("hi")).await;
    t.note("a name with blanks");
    t.connect(
        "ann the second",
        Request::new("/chat").header("Origin", &format!("http://{address}")),
    )
    .await;
    t.send("ann the second", Frame::new(Opcode::Ping, &b"\xff\x00"[..])).await;
    t.step("they leave");
    t.close("ann the second", 1000, "").await;
    t.vanish("bob").await;
    plays(&t.to_string(), address).await;
}

/// The doctor's lines about frames are lines of the language behind another arrow.
#[tokio::test]
async fn what_the_doctor_shows_of_frames_plays() {
    let address = slow().await;
    let url = format!("ws://{address}/chat");
    let output = run(&["doctor", &url, "--lang", "en"], "").await;
    let told = stdout(&output);
    let evidence = told.lines().take_while(|line| !line.starts_with("RFC 6455"));
    let received = evidence.filter_map(|line| line.strip_prefix("  ← "));
    let frames: Vec<_> = received.filter(|line| !line.starts_with("HTTP/")).collect();
    assert_eq!(frames, ["text \"slow\"", "pong \"ws101 doctor\""], "{told}");
    let sent = "doctor -> GET /chat\ndoctor <- 101\ndoctor >> ping \"ws101 doctor\"\n";
    let received: String =
        frames.into_iter().flat_map(|frame| ["doctor << ", frame, "\n"]).collect();
    plays(&format!("{sent}{received}"), address).await;
}

/// Every transcript that tests have kept is a scenario, all of it.
#[test]
fn every_kept_transcript_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut read = 0;
    for folder in ["tests/snapshots", "tests/examples/snapshots", "tests/transcripts/snapshots"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let file = file.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.splitn(3, "---\n").nth(2).unwrap();
            let is_transcript = text.lines().any(|line| line.contains(" -> GET /"))
                && !file.to_string_lossy().contains("scenarios__");
            // A time that was sent is written <*>, and only the one who sent it knows which.
            let is_known = |line: &&str| !(line.contains(" >> ") && line.contains("<*>"));
            if is_transcript {
                let text: String =
                    text.lines().filter(is_known).flat_map(|line| [line, "\n"]).collect();
                let scenario = text.parse::<Scenario>();
                let scenario =
                    scenario.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
                // Printed again it says the same.
                assert_eq!(scenario.to_string().parse::<Scenario>().unwrap(), scenario);
                read += 1;
            }
        }
    }
    assert!(read > 20, "{read}");
}
