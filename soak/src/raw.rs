//! A client without manners: it writes what it likes, and tells how the connection ended.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use ws101::client::{Answer, Asked, NotOpened, ResponseFault, ask};
use ws101::frame::{Decoder, Frame};

use crate::dialect::Dialect;

/// How long the server may take to answer the handshake, on a machine that is busy.
const ANSWER: Duration = Duration::from_secs(30);

/// How much of a frame is looked at.
const KEEP: usize = 256;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A TCP connection, upgraded or not.
pub struct Raw {
    pub tcp: TcpStream,
    frames: Decoder,
}

impl Raw {
    /// Connects; the kernel holds no more than about `window` bytes that nobody read.
    pub async fn connect(address: SocketAddr, window: Option<u32>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        Ok(Self { tcp: socket.connect(address).await?, frames: Decoder::new(KEEP) })
    }

    /// The opening handshake, and the greeting.
    pub async fn upgrade(mut self, dialect: Dialect) -> io::Result<Self> {
        let host = self.tcp.peer_addr()?.to_string();
        let request = dialect.request().to_bytes(&host);
        let answer = ask(&mut self.tcp, &request, Instant::now() + ANSWER).await;
        let faults = answer.faults(&Asked::of(&request));
        match answer {
            Answer::Response { rest, .. } if !faults.iter().any(ResponseFault::is_fatal) => {
                self.frames.push(&rest);
            }
            _ => return Err(NotOpened(faults).into()),
        }
        if let Some(greeting) = dialect.greeting(&format!("f{:x}", rand::random::<u64>())) {
            self.send(Frame::text(greeting)).await?;
        }
        Ok(self)
    }

    /// Writes a frame, masked as a client's must be.
    pub async fn send(&mut self, frame: Frame) -> io::Result<()> {
        self.tcp.write_all(&frame.masked(MASK).to_bytes()).await
    }

    /// Reads at most `most` bytes; false at the end of the stream.
    pub async fn sip(&mut self, most: usize) -> io::Result<bool> {
        let mut buffer = vec![0; most];
        let n = self.tcp.read(&mut buffer).await?;
        // Or the next frame would begin in the middle of one.
        self.frames.push(&buffer[..n]);
        Ok(n > 0)
    }

    /// Reads to the end: the close frame's code, the status of an HTTP answer, or how it was cut.
    pub async fn end(&mut self) -> String {
        let mut code = None;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            while let Some(frame) = self.frames.next_frame() {
                code = frame.close_code().map(|(code, _)| code.to_string()).or(code);
            }
            match self.tcp.read(&mut buffer).await {
                Ok(0) => return code.unwrap_or_else(|| "cut".to_owned()),
                Err(error) => return code.unwrap_or_else(|| error.kind().to_string()),
                Ok(n) => {
                    if let Some(http) = buffer[..n].strip_prefix(b"HTTP/1.1 ") {
                        let status = &http[..http.len().min(3)];
                        return format!("HTTP {}", String::from_utf8_lossy(status));
                    }
                    self.frames.push(&buffer[..n]);
                }
            }
        }
    }
}
