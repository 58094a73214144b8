//! A client that writes any bytes, valid or not, and reports how the connection ended.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};
use ws101::client::{Answer, Asked, NotOpened, Request, ResponseFault, ask};
use ws101::frame::{Decoder, Frame, Opcode};

use crate::dialect::Dialect;

/// How long the server may take to answer the handshake on a busy machine.
const ANSWER: Duration = Duration::from_secs(30);

/// The most bytes of a frame's payload that are kept: enough for the member list of a very large
/// room. The decoder hashes a longer payload, which takes time from the server under test.
const KEEP: usize = 1024 * 1024;

/// The most bytes that [`Raw::next`] reads at once.
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
    /// Connects. The kernel buffers about `window` unread bytes at most.
    ///
    /// # Errors
    ///
    /// If the connection cannot be made.
    pub async fn connect(address: SocketAddr, window: Option<u32>) -> io::Result<Self> {
        Self::connect_from(Ipv4Addr::UNSPECIFIED, address, window).await
    }

    /// The same from the local address `source`: any of 127.0.0.0/8 for a server on loopback.
    ///
    /// # Errors
    ///
    /// If the connection cannot be made.
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

    /// Sends the opening handshake, and a greeting with a random name.
    ///
    /// # Errors
    ///
    /// If the connection ends or the answer is not 101.
    pub async fn upgrade(self, dialect: Dialect) -> io::Result<Self> {
        let mut raw = self.open(dialect.target(), dialect.subprotocol(), Duration::ZERO).await?;
        if let Some(greeting) = dialect.greeting(&format!("f{:x}", rand::random::<u64>())) {
            raw.send(Frame::text(greeting)).await?;
        }
        Ok(raw)
    }

    /// Sends the opening handshake alone, in two halves with `pause` between them; zero sends it whole.
    ///
    /// # Errors
    ///
    /// If the connection ends or the answer is not 101.
    pub async fn open(
        mut self,
        target: &str,
        protocol: Option<&str>,
        pause: Duration,
    ) -> io::Result<Self> {
        let mut request = Request::new(target);
        if let Some(name) = protocol {
            request = request.subprotocol(name);
        }
        let head = request.to_bytes(&self.tcp.peer_addr()?.to_string());
        let half = if pause.is_zero() { 0 } else { head.len() / 2 };
        self.tcp.write_all(&head[..half]).await?;
        if !pause.is_zero() {
            sleep(pause).await;
        }
        let answer = ask(&mut self.tcp, &head[half..], Instant::now() + ANSWER).await;
        let faults = answer.faults(&Asked::of(&head));
        let is_refused = faults.iter().any(ResponseFault::is_fatal);
        match answer {
            Answer::Response { head, rest, .. } if !is_refused => {
                self.received += (head.len() + rest.len()) as u64;
                self.frames.push(&rest);
                Ok(self)
            }
            Answer::Response { response, .. } if response.status() != 101 => {
                Err(io::Error::other(format!("HTTP {}", response.status().as_u16())))
            }
            _ => Err(NotOpened(faults).into()),
        }
    }

    /// Writes a frame, masked as a client must (RFC 6455 §5.3).
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub async fn send(&mut self, frame: Frame) -> io::Result<()> {
        self.tcp.write_all(&frame.masked(MASK).to_bytes()).await
    }

    /// Reads at most `most` bytes. False at the end of the stream.
    ///
    /// # Errors
    ///
    /// If the connection was reset.
    pub async fn sip(&mut self, most: usize) -> io::Result<bool> {
        let mut buffer = vec![0; most];
        let n = self.tcp.read(&mut buffer).await?;
        // Else the next frame would begin in the middle of one.
        self.took(&buffer[..n]);
        Ok(n > 0)
    }

    /// The next frame among the bytes read so far.
    pub fn buffered(&mut self) -> Option<Frame> {
        self.frames.next_frame()
    }

    /// The next frame; `None` at the end of the stream. Answers pings.
    ///
    /// Cancel safe, except while it writes a pong: a partly written pong breaks the connection.
    ///
    /// # Errors
    ///
    /// If the connection was reset.
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

    /// Reads what the socket holds, without waiting. False at the end of the stream. The buffer is on
    /// the stack here, so that thousands of clients' futures do not each hold one.
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

    /// Reads to the end. Returns the close code, the status of an HTTP answer, or how the connection was
    /// cut.
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
