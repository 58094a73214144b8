//! A running `ws101 lesson`, and what pages ask of it.

// No test uses all of it.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};
use ws101::client::{Client, Received, Request, open};
use ws101::frame::Frame;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A classroom.
pub struct Lesson {
    pub child: Child,
    pub at: SocketAddr,
    /// The teacher's key.
    pub key: String,
    /// The lines up to the teacher's address.
    pub welcome: String,
    pub said: Lines<BufReader<ChildStdout>>,
}

/// The command with these words, without a terminal.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.arg("lesson").args(words).args(["--lang", "en"]);
    // Where servers in Node find their libraries.
    command.env("NODE_PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients/node_modules"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Lesson {
    /// Lesson 3 with this server, on a port that the system chooses.
    pub async fn start(mine: &str, options: &[&str]) -> Self {
        let mut words = vec!["3", "--port", "0", "--mine", mine];
        words.extend(options);
        let mut child = command(&words).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut welcome = String::new();
        let (port, key) = loop {
            let line = timeout(PATIENCE, said.next_line()).await.expect("it is ready").unwrap();
            let Some(line) = line else {
                let mut error = String::new();
                child.stderr.take().unwrap().read_to_string(&mut error).await.unwrap();
                panic!("{welcome}{error}");
            };
            welcome.extend([&*line, "\n"]);
            let teacher = line.split_once("http://localhost:").filter(|_| line.contains('#'));
            if let Some((port, key)) =
                teacher.and_then(|(_, rest)| rest.split_once("/class/teach#"))
            {
                break (port.parse().unwrap(), key.to_owned());
            }
        };
        Self { child, at: SocketAddr::from(([127, 0, 0, 1], port)), key, welcome, said }
    }

    /// The status and the whole answer to a request with these headers.
    pub async fn ask(&self, line: &str, headers: &[&str], body: &str) -> (u16, String) {
        let host = format!("Host: {}", self.at);
        let mut request = format!("{line} HTTP/1.1\r\nContent-Length: {}\r\n", body.len());
        let has_host = headers.iter().any(|header| header.starts_with("Host:"));
        for header in headers.iter().copied().chain((!has_host).then_some(&*host)) {
            request.extend([header, "\r\n"]);
        }
        request.extend(["\r\n", body]);
        let mut tcp = TcpStream::connect(self.at).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, tcp.read_to_end(&mut answer)).await.expect("it answers").unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("{line}: {answer}")), answer)
    }

    /// The header with the teacher's key.
    pub fn header(&self) -> String {
        format!("Authorization: Bearer {}", self.key)
    }

    /// The answer to the teacher: the status and the JSON.
    pub async fn teacher(&self, line: &str, body: &str) -> (u16, Value) {
        let (status, answer) = self.ask(line, &[&self.header()], body).await;
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    /// Sets a fault; gives its number.
    pub async fn fault(&self, fault: &str) -> u64 {
        let body = serde_json::json!({ "fault": fault }).to_string();
        let (status, told) = self.teacher("POST /class/faults", &body).await;
        assert_eq!(status, 201, "{told}");
        told["id"].as_u64().unwrap()
    }

    /// A client behind the tap.
    pub async fn client(&self) -> Client<TcpStream> {
        self.open("/ws").await
    }

    /// A page of the class that is told the events.
    pub async fn viewer(&self) -> Client<TcpStream> {
        self.open("/class/events").await
    }

    /// A phone, which is told of the class only.
    pub async fn phone(&self) -> Client<TcpStream> {
        self.open("/class/events?only=class").await
    }

    /// The same, as soon as there is a place for it.
    pub async fn phone_at_last(&self) -> Client<TcpStream> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let tcp = TcpStream::connect(self.at).await.unwrap();
            let request = Request::new("/class/events?only=class");
            match open(tcp, &self.at.to_string(), &request, 1 << 20, deadline).await {
                Ok(client) => return client,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn open(&self, path: &str) -> Client<TcpStream> {
        let tcp = TcpStream::connect(self.at).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        open(tcp, &self.at.to_string(), &Request::new(path), 1 << 20, deadline).await.unwrap()
    }

    /// Asks it to end; gives the rest of what it printed.
    pub async fn end(mut self) -> String {
        let id = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        let mut rest = String::new();
        while let Some(line) =
            timeout(PATIENCE, self.said.next_line()).await.expect("it ends").unwrap()
        {
            rest.extend([&*line, "\n"]);
        }
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        assert_eq!(status.code(), Some(0), "{rest}");
        rest
    }
}

/// The next frame.
pub async fn received(client: &mut Client<TcpStream>) -> Frame {
    match timeout(PATIENCE, client.receive()).await.expect("a frame") {
        Received::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

/// The next event of a viewer that this is true of.
pub async fn event(viewer: &mut Client<TcpStream>, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let frame = received(viewer).await;
        let Ok(event) = serde_json::from_slice::<Value>(&frame.payload) else { continue };
        if is_it(&event) {
            return event;
        }
    }
}

/// Says a text through a connection, and hears it back.
pub async fn echoes(client: &mut Client<TcpStream>, text: &'static str) {
    client.send(Frame::text(text)).await.unwrap();
    assert_eq!(received(client).await, Frame::text(text));
}
