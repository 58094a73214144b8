//! `ws101 doctor --class`: a client with another address of loopback stands for the phone.

// Only Linux has all of 127.0.0.0/8 on loopback.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};
use ws101::client::{Client, Received, Request, open};
use ws101::frame::Frame;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const THIS_COMPUTER: [u8; 4] = [127, 0, 0, 1];
const PHONE: [u8; 4] = [127, 0, 0, 2];

struct Doctor {
    child: Child,
    at: SocketAddr,
    said: Lines<BufReader<ChildStdout>>,
}

impl Doctor {
    async fn start(lang: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
        command.args(["doctor", "--class", "--on", "127.0.0.1", "--port", "0", "--timeout", "1"]);
        command.args(["--lang", lang]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut doctor = Self { child, at: SocketAddr::from((THIS_COMPUTER, 0)), said };
        let line = doctor.says("/phone").await;
        let (_, address) = line.split_once("http://").unwrap();
        doctor.at = address.trim_end_matches("/phone").parse().unwrap();
        doctor
    }

    /// The next line with these words.
    async fn says(&mut self, words: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.said.next_line()).await.expect(words).unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    async fn connect(&self, from: [u8; 4]) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        socket.connect(self.at).await.unwrap()
    }

    /// The answer to `GET path`.
    async fn get(&self, from: [u8; 4], path: &str, host: &str) -> String {
        let mut tcp = self.connect(from).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        answer
    }

    async fn state(&self) -> Value {
        let answer = self.get(THIS_COMPUTER, "/state.json", &self.at.to_string()).await;
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    async fn socket(&self, from: [u8; 4]) -> Client<TcpStream> {
        let tcp = self.connect(from).await;
        let deadline = Instant::now() + PATIENCE;
        open(tcp, &self.at.to_string(), &Request::new("/ws"), 1 << 16, deadline).await.unwrap()
    }

    async fn end(mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap().code()
    }

    async fn interrupted(self) -> Option<i32> {
        let id = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        self.end().await
    }
}

async fn received(client: &mut Client<TcpStream>) -> Value {
    match timeout(PATIENCE, client.receive()).await.expect("a frame") {
        Received::Frame(frame) => serde_json::from_slice(&frame.payload).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Sends a frame, and repeats what comes.
async fn talks(client: &mut Client<TcpStream>) {
    client.send(Frame::text(r#"{"type":"hello"}"#)).await.unwrap();
    let told = received(client).await;
    assert_eq!(told["type"], "repeat");
    client.send(Frame::text(json!({"heard": told["text"]}).to_string())).await.unwrap();
    assert_eq!(received(client).await["type"], "done");
}

#[tokio::test]
async fn a_phone_that_sends_and_receives_a_frame_turns_it_green() {
    let mut doctor = Doctor::start("en").await;
    assert_eq!(doctor.state().await["state"], "waiting");
    let host = doctor.at.to_string();
    assert!(doctor.get(PHONE, "/phone", &host).await.contains("device.js"));
    assert!(doctor.get(PHONE, "/device.js", &host).await.starts_with("HTTP/1.1 200 "));
    let mut phone = doctor.socket(PHONE).await;
    // A text that nobody sent is no proof that a frame was received.
    phone.send(Frame::text(r#"{"heard":"guessed"}"#)).await.unwrap();
    assert_eq!(received(&mut phone).await["type"], "repeat");
    doctor.says("it sent a frame").await;
    talks(&mut phone).await;
    assert_eq!(doctor.state().await["state"], "works");
    doctor.says("OK  a second device").await;
    assert_eq!(doctor.end().await, Some(0));
}

#[tokio::test]
async fn this_computer_is_no_second_device() {
    let doctor = Doctor::start("en").await;
    doctor.get(THIS_COMPUTER, "/phone", &doctor.at.to_string()).await;
    talks(&mut doctor.socket(THIS_COMPUTER).await).await;
    assert_eq!(doctor.state().await["furthest"], Value::Null);
    assert_eq!(doctor.interrupted().await, Some(1));
}

#[tokio::test]
async fn each_fault_of_a_room_is_told() {
    // No phone came: whichever of the three it is, depends on this computer.
    let mut nobody = Doctor::start("ru").await;
    let mut tls = Doctor::start("en").await;
    tls.connect(PHONE).await.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
    tls.says("a browser asked for https").await;
    assert_eq!(tls.state().await["why"], "asked_for_tls");

    let mut named = Doctor::start("en").await;
    let answer = named.get(PHONE, "/phone", "class.example.com").await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    named.says("browsers change http to https").await;

    let mut filtered = Doctor::start("en").await;
    filtered.get(PHONE, "/phone", &filtered.at.to_string()).await;
    filtered.says("lets only HTTP through").await;

    // The same doctor goes on: the phone comes further, and stops again.
    let mut phone = filtered.socket(PHONE).await;
    filtered.says("no frame came through it").await;
    phone.send(Frame::text("{}")).await.unwrap();
    assert_eq!(received(&mut phone).await["type"], "repeat");
    filtered.says("ours do not reach it").await;
    talks(&mut phone).await;
    filtered.says("OK  ").await;

    nobody.says("телефон не пришёл").await;
    let why = nobody.state().await["why"].clone();
    let known = ["firewall", "mobile_data", "isolated_wifi"];
    assert!(known.iter().any(|it| why == *it), "{why}");
}

#[tokio::test]
async fn a_phone_sees_no_page_of_the_teacher() {
    let doctor = Doctor::start("en").await;
    let host = doctor.at.to_string();
    assert!(doctor.get(THIS_COMPUTER, "/", &host).await.contains("room.js"));
    assert!(doctor.get(PHONE, "/", &host).await.contains("device.js"));
    assert!(doctor.get(PHONE, "/state.json", &host).await.starts_with("HTTP/1.1 404 "));
    assert!(doctor.get(PHONE, "/../secret", &host).await.starts_with("HTTP/1.1 404 "));
}
