//! A client that speaks to any example, each in its own words.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use ws101::frame::{Decoder, Frame, Opcode};

/// The longest frame that is kept.
const LONGEST: usize = 1 << 20;

/// The key of every frame's mask.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// So little that the kernel holds few of the bytes that a client does not read.
const SMALL_WINDOW: u32 = 4096;

/// A connection whose system takes in only a few bytes that nobody reads.
pub async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL_WINDOW).unwrap();
    socket.connect(address).await.unwrap()
}

/// What an example takes for a message of a person.
pub fn message(example: &str, content: &str) -> Frame {
    Frame::text(match example {
        "broadcast" => format!(r#"{{"type":"user","content":"{content}"}}"#),
        "reconnect" | "names_and_typing" | "full_chat" => {
            format!(r#"{{"type":"message","content":"{content}"}}"#)
        }
        _ => content.to_owned(),
    })
}

/// The request for a WebSocket, with more headers.
pub fn request(example: &str, headers: &str) -> String {
    let path = match example {
        "handshake" | "poll_vs_push" | "connections" | "reconnect" | "full_chat" => "/ws",
        _ => "/",
    };
    format!(
        "GET {path} HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: ws101.chat.v1\r\n{headers}\r\n"
    )
}

pub struct Client {
    pub tcp: TcpStream,
    decoder: Decoder,
}

impl Client {
    /// Asks for a WebSocket. Gives the status of the answer, and the client if it is 101.
    pub async fn ask(mut tcp: TcpStream, request: &str) -> (u16, Self) {
        tcp.set_nodelay(true).unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.expect("an answer"));
        }
        let head = String::from_utf8_lossy(&head);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), Self { tcp, decoder: Decoder::new(LONGEST) })
    }

    /// A WebSocket, and a name for its user where the example wants one.
    pub async fn enter(example: &str, tcp: TcpStream, name: &str) -> Self {
        let (_, mut client) = Self::ask(tcp, &request(example, "Host: localhost\r\n")).await;
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
        let frame = frame.masked(MASK);
        self.tcp.write_all(&frame.to_bytes()).await.is_ok()
    }

    /// The next frame; none at the end of the connection.
    pub async fn next(&mut self) -> Option<Frame> {
        let mut buffer = vec![0; 4096];
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                return Some(frame);
            }
            match self.tcp.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(n) => self.decoder.push(&buffer[..n]),
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
