//! An HTTP client that sends any bytes, and reads only the answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// The most bytes that are read of one answer.
const MOST: usize = 4 * 1024 * 1024;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The server keeps the connection, and the whole answer has been read.
    pub kept: bool,
}

/// A connection over which one request follows another.
pub struct Http {
    tcp: TcpStream,
}

impl Http {
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { tcp: TcpStream::connect(address).await? })
    }

    /// Sends `request` as it is, and reads the answer.
    ///
    /// # Errors
    ///
    /// There is no answer in six seconds, or something that is not HTTP.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let asked = async {
            self.tcp.write_all(request).await?;
            self.answer().await
        };
        timeout(PATIENCE, asked).await?
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break end + 4;
            }
            if bytes.len() > MOST || self.tcp.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let not_http = || io::Error::other("not HTTP");
        let text = std::str::from_utf8(&bytes[..head]).map_err(|_| not_http())?;
        let line = text.strip_prefix("HTTP/1.").ok_or_else(not_http)?;
        let status = line.get(2..5).and_then(|status| status.parse().ok()).ok_or_else(not_http)?;
        let lower = text.to_ascii_lowercase();
        let header = |name: &str| lower.lines().find_map(|line| line.strip_prefix(name));
        let length = header("content-length:").and_then(|n| n.trim().parse::<usize>().ok());
        let closes = header("connection:").is_some_and(|value| value.contains("close"));
        let Some(length) = length.filter(|length| !closes && *length <= MOST && status != 101)
        else {
            return Ok(Answer { status, kept: false });
        };
        while bytes.len() < head + length {
            if self.tcp.read_buf(&mut bytes).await? == 0 {
                return Ok(Answer { status, kept: false });
            }
        }
        Ok(Answer { status, kept: true })
    }
}
