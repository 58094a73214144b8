//! A client that writes what it is told to, well-formed or not, and tells how the connection ended.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;
use ws101::frame::{Decoder, Frame, Opcode};

use crate::dialect::Dialect;

/// More than any answer to a handshake has.
const HEAD: usize = 4096;

/// How much of a frame's payload is kept: all of it, up to the list of a very large room. The
/// decoder would hash a longer payload, which takes time that the server under test needs.
const KEEP: usize = 1024 * 1024;

/// Bytes taken from the socket at once by [`Raw::next`].
const PIECE: usize = 16 * 1024;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A TCP connection, upgraded or not.
pub struct Raw {
    pub tcp: TcpStream,
    /// Bytes received, the answer to the handshake included.
    pub received: u64,
    frames: Decoder,
}

impl Raw {
    /// Connects; the kernel holds no more than about `window` bytes that nobody read.
    ///
    /// # Errors
    ///
    /// The connection cannot be made.
    pub async fn connect(address: SocketAddr, window: Option<u32>) -> io::Result<Self> {
        Self::connect_from(Ipv4Addr::UNSPECIFIED, address, window).await
    }

    /// The same from the address `source` of this computer: any of 127.0.0.0/8, for a server on loopback.
    ///
    /// # Errors
    ///
    /// The connection cannot be made.
    pub async fn connect_from(
        source: Ipv4Addr,
        address: SocketAddr,
        window: Option<u32>,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        if !source.is_unspecified() {
            socket.bind((source, 0).into())?;
        }
        let tcp = socket.connect(address).await?;
        Ok(Self { tcp, received: 0, frames: Decoder::new(KEEP) })
    }

    /// The opening handshake, and a greeting with a name made up by chance.
    ///
    /// # Errors
    ///
    /// The connection ends, or the answer is no 101.
    pub async fn upgrade(self, dialect: Dialect) -> io::Result<Self> {
        let mut raw = self.open(dialect.target(), dialect.subprotocol(), Duration::ZERO).await?;
        if let Some(greeting) = dialect.greeting(&format!("f{:x}", rand::random::<u64>())) {
            raw.send(Frame::text(greeting)).await?;
        }
        Ok(raw)
    }

    /// The opening handshake alone. The request is sent in two halves, `pause` apart; zero sends it whole.
    ///
    /// # Errors
    ///
    /// The connection ends, or the answer is no 101.
    pub async fn open(
        mut self,
        target: &str,
        protocol: Option<&str>,
        pause: Duration,
    ) -> io::Result<Self> {
        let protocol = protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}\r\n",
            self.tcp.peer_addr()?,
            protocol.unwrap_or_default(),
        );
        let half = if pause.is_zero() { 0 } else { head.len() / 2 };
        self.tcp.write_all(&head.as_bytes()[..half]).await?;
        if !pause.is_zero() {
            sleep(pause).await;
        }
        self.tcp.write_all(&head.as_bytes()[half..]).await?;
        let mut answer = BytesMut::with_capacity(HEAD);
        loop {
            if let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") {
                self.received += answer.len() as u64;
                self.frames.push(&answer[end + 4..]);
                break;
            }
            if answer.len() > HEAD || self.tcp.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
        match status {
            Some(b"101") => Ok(self),
            Some(other) => {
                Err(io::Error::other(format!("HTTP {}", String::from_utf8_lossy(other))))
            }
            None => Err(io::Error::other("no HTTP")),
        }
    }

    /// Writes a frame, masked as a client's must be.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn send(&mut self, frame: Frame) -> io::Result<()> {
        self.tcp.write_all(&frame.masked(MASK).to_bytes()).await
    }

    /// Reads at most `most` bytes; false at the end of the stream.
    ///
    /// # Errors
    ///
    /// The connection was reset.
    pub async fn sip(&mut self, most: usize) -> io::Result<bool> {
        let mut buffer = vec![0; most];
        let n = self.tcp.read(&mut buffer).await?;
        // Or the next frame would begin in the middle of one.
        self.took(&buffer[..n]);
        Ok(n > 0)
    }

    /// The next frame among the bytes that have been read already.
    pub fn buffered(&mut self) -> Option<Frame> {
        self.frames.next_frame()
    }

    /// The next frame; `None` at the end of the stream. A ping is answered. Cancel safe between
    /// frames; a pong that is cut short breaks the connection.
    ///
    /// # Errors
    ///
    /// The connection was reset.
    pub async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.frames.next_frame() {
                if frame.header.opcode == Opcode::Ping {
                    self.send(Frame::pong(frame.payload.clone())).await?;
                }
                return Ok(Some(frame));
            }
            self.tcp.readable().await?;
            match self.take() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes what the socket has, without waiting; false at the end of the stream. The buffer is
    /// on the stack here, not in the future of each of thousands of clients.
    fn take(&mut self) -> io::Result<bool> {
        let mut buffer = [0; PIECE];
        let n = self.tcp.try_read(&mut buffer)?;
        self.took(&buffer[..n]);
        Ok(n > 0)
    }

    fn took(&mut self, bytes: &[u8]) {
        self.received += bytes.len() as u64;
        self.frames.push(bytes);
    }

    /// Reads to the end: the close frame's code, the status of an HTTP answer, or how it was cut.
    pub async fn end(&mut self) -> String {
        let mut code = None;
        let mut buffer = vec![0; PIECE];
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
                    self.took(&buffer[..n]);
                }
            }
        }
    }
}
