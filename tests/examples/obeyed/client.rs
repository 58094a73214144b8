//! A client that speaks to any example, each in its own words.

use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use ws101::client::{self, Answer, Received, Request};
use ws101::frame::{Frame, Opcode};

use crate::program::{PATIENCE, socket_path};

/// The longest payload that is kept whole.
const KEEP: usize = 1 << 20;

/// So little that the kernel holds few of the bytes that a client does not read.
const SMALL_WINDOW: u32 = 4096;

/// A connection whose system takes in only a few bytes that nobody reads.
pub async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL_WINDOW).unwrap();
    socket.connect(address).await.unwrap()
}

/// A message of a person, as the example expects it.
pub fn message(example: &str, content: &str) -> Frame {
    Frame::text(match example {
        "broadcast" | "too_fast" => format!(r#"{{"type":"user","content":"{content}"}}"#),
        "reconnect" | "names_and_typing" | "full_chat" => {
            format!(r#"{{"type":"message","content":"{content}"}}"#)
        }
        _ => content.to_owned(),
    })
}

/// The request for a WebSocket.
pub fn request(example: &str) -> Request {
    Request::new(socket_path(example)).subprotocol("ws101.chat.v1")
}

pub struct Client(client::Client<TcpStream>);

impl Client {
    /// Asks for a WebSocket. Gives the status of the answer, and a client of what comes behind it.
    pub async fn ask(mut tcp: TcpStream, request: &Request) -> (u16, Self) {
        tcp.set_nodelay(true).unwrap();
        let request = request.to_bytes("localhost");
        match client::ask(&mut tcp, &request, Instant::now() + PATIENCE).await {
            Answer::Response { response, rest, .. } => {
                (response.status().as_u16(), Self(client::Client::new(tcp, &rest, KEEP)))
            }
            other => panic!("no answer: {other:?}"),
        }
    }

    /// A WebSocket, and a name for its user where the example wants one.
    pub async fn enter(example: &str, tcp: TcpStream, name: &str) -> Self {
        let (_, mut client) = Self::ask(tcp, &request(example)).await;
        match example {
            "names_and_typing" => {
                client.send(Frame::text(format!(r#"{{"type":"join","username":"{name}"}}"#))).await;
            }
            "full_chat" => {
                let hello = format!(r#"{{"type":"hello","v":1,"username":"{name}"}}"#);
                client.send(Frame::text(hello)).await;
            }
            _ => {}
        }
        client
    }

    /// Sends a frame. Gives whether the connection took it.
    pub async fn send(&mut self, frame: Frame) -> bool {
        self.0.send(frame).await.is_ok()
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes).await.unwrap();
    }

    /// The next frame; none at the end of the connection. Rules are not checked, because the bytes
    /// behind a refusal are no frames.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            match self.0.receive().await {
                Received::Frame(frame) | Received::Broken(frame, _) => return Some(frame),
                Received::BrokenHeader(_) => {}
                Received::End(_) => return None,
            }
        }
    }

    /// Reads until a text holds one of `words`. False if the connection ends before.
    pub async fn hears(&mut self, words: &[&str]) -> bool {
        while let Some(frame) = self.next().await {
            let text = String::from_utf8_lossy(&frame.payload);
            if words.iter().any(|word| text.contains(word)) {
                return true;
            }
        }
        false
    }

    /// Reads until a close frame or the end of the connection, without an answer to pings.
    pub async fn ends(&mut self) -> bool {
        while let Some(frame) = self.next().await {
            if frame.header.opcode == Opcode::Close {
                break;
            }
        }
        true
    }
}
