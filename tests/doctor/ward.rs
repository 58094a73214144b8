//! Servers on loopback that are ill, and what the doctor says of them.

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use ws101::doctor::{Diagnosis, Target, examine};
use ws101::frame::Frame;
use ws101::handshake::AcceptKey;

/// Long enough for a busy machine, short enough for the illnesses of silence.
pub const TIMEOUT: Duration = Duration::from_millis(800);

/// The behaviour of an ill server on one connection, whose first bytes it has read.
pub type Illness = fn(Call) -> BoxFuture<'static, ()>;

/// One connection.
pub struct Call {
    pub tcp: TcpStream,
    /// The first bytes that came, as text: a request, or not.
    pub request: String,
    /// The number of connections before it.
    pub before: usize,
}

impl Call {
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.tcp.write_all(bytes.as_ref()).await;
    }

    /// Says it again and again, and reads nothing.
    pub async fn flood(mut self, frame: Frame) {
        let bytes = frame.to_bytes().repeat(10_000);
        while self.tcp.write_all(&bytes).await.is_ok() {}
    }

    /// Answers the pings that are easy to see, and reads on.
    pub async fn answer_pings(mut self) {
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
    pub async fn hold(mut self) {
        while self.tcp.read(&mut [0; 1024]).await.is_ok_and(|n| n > 0) {}
    }

    /// A 101 as it should be, with `lines` more.
    pub async fn switch(&mut self, lines: &str) {
        let accept = AcceptKey::derive(self.header("Sec-WebSocket-Key")).accept;
        let usual = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
        self.say(format!("{usual}\r\nSec-WebSocket-Accept: {accept}\r\n{lines}\r\n")).await;
    }

    pub fn header(&self, name: &str) -> &str {
        let named = |line: &'_ str| line.split_once(": ").is_some_and(|(left, _)| left == name);
        let line = self.request.lines().find(|line| named(line));
        line.map_or("", |line| &line[name.len() + 2..])
    }

    pub fn path(&self) -> &str {
        self.request.split(' ').nth(1).unwrap_or_default()
    }
}

pub fn ward(illness: Illness) -> SocketAddr {
    let socket = TcpSocket::new_v4().unwrap();
    // Bytes that they do not read soon stay with the sender.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1024).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for before in 0.. {
            let Ok((mut tcp, _)) = listener.accept().await else { break };
            tokio::spawn(async move {
                let mut first = [0; 4096];
                let n = tcp.read(&mut first).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&first[..n]).into_owned();
                illness(Call { tcp, request, before }).await;
            });
        }
    });
    address
}

pub fn target(url: &str) -> Target {
    Target { timeout: TIMEOUT, ..Target::new(url.parse().unwrap()) }
}

/// The doctor's diagnosis of a server so ill, by its usual address.
pub async fn diagnosed(illness: Illness) -> (Diagnosis, SocketAddr) {
    let address = ward(illness);
    let target = target(&format!("ws://{address}/ws"));
    let diagnosis = timeout(target.limit(), examine(&target)).await;
    (diagnosis.expect("found in time"), address)
}

/// The evidence in English, as lines.
pub fn told(diagnosis: &Diagnosis) -> String {
    let steps: Vec<_> = diagnosis.evidence.iter().map(ToString::to_string).collect();
    steps.join("\n")
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
