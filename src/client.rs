//! The client end of a WebSocket over any stream: sends a head, judges the answer, exchanges frames.
//!
//! [`connect`] makes a TCP connection, [`ask`] sends a request head over any stream and reads the
//! answer, [`judge_response`] tells every fault of that answer, and [`Client`] sends and receives
//! frames. [`open`] does the last three in one call. The doctor, `ws101 connect`, transcripts,
//! scenarios, the soak and the benchmarks all judge an answer here, so they cannot disagree.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use ws101::client::{Asked, Request, ResponseFault, judge_response};
//!
//! let request = Request::new("/chat").to_bytes("localhost:8080");
//! let answer = b"HTTP/1.1 101 Switching Protocols\r\n\
//!     Upgrade: websocket\r\n\
//!     Connection: Upgrade\r\n\
//!     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
//!     Sec-WebSocket-Protocol: soup\r\n\r\n";
//! let faults = judge_response(&Asked::of(&request), answer);
//! assert_eq!(faults, [ResponseFault::SubprotocolUnasked("soup".to_owned())]);
//! assert!(faults[0].is_fatal(), "a browser fails the connection");
//! # }
//! ```

mod answer;
mod certificate;
mod connect_error;
mod extensions;
mod fact;
mod fault;
mod judge;
mod request;
mod route;
mod russian;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

pub use crate::wst::ResponsePart;
pub use answer::{Answer, ask, ask_head};
pub(crate) use answer::{ask_whole, final_response};
pub use certificate::CertificateFault;
pub use connect_error::{ConnectError, ProxyFault, TlsFault};
pub use fact::Fact;
pub use fault::ResponseFault;
pub(crate) use fault::status_named;
pub use judge::{Asked, judge_response};
pub use request::{Request, with_headers};
pub use route::{Connection, Route, RouteFuture, Tcp};
pub use russian::error_in_russian;

use crate::frame::{Checker, Decoder, Frame, Role, Torn, Violation};

/// How many bytes [`Client::receive`] reads at a time.
const READ_SIZE: usize = 8 * 1024;

/// A TCP connection to `peer`, with `TCP_NODELAY` set, so that every frame is sent at once.
///
/// Cancel safe: a dropped call leaves no connection.
///
/// # Errors
///
/// Those of the system; `TimedOut` if it takes longer than `limit`.
pub async fn connect(peer: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let connecting = timeout(limit, TcpStream::connect(peer)).await;
    let tcp = connecting.map_err(io::Error::from).flatten()?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

/// Opens a WebSocket over `io`: sends `request` for `host`, and judges the answer, until `deadline`.
///
/// `keep` is how many bytes of each received payload the client keeps; see [`Decoder::new`].
/// Not cancel safe: a dropped call leaves the handshake half done.
///
/// # Errors
///
/// Every fault of the answer if at least one of them is fatal; see [`ResponseFault::is_fatal`].
pub async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    mut io: S,
    host: &str,
    request: &Request,
    keep: usize,
    deadline: Instant,
) -> Result<Client<S>, NotOpened> {
    let request = request.to_bytes(host);
    let answer = ask(&mut io, &request, deadline).await;
    let faults = answer.faults(&Asked::of(&request));
    match answer {
        Answer::Response { rest, .. } if !faults.iter().any(ResponseFault::is_fatal) => {
            Ok(Client::new(io, &rest, keep))
        }
        _ => Err(NotOpened(faults)),
    }
}

/// Why [`open`] gave no WebSocket: every fault of the answer, at least one of them fatal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct NotOpened(pub Vec<ResponseFault>);

impl From<NotOpened> for io::Error {
    fn from(faults: NotOpened) -> Self {
        let kind = match faults.0[..] {
            [ResponseFault::NoAnswer(kind)] => kind,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, faults)
    }
}

/// The client end of an open WebSocket. It gives every frame to the caller and answers none by itself.
#[derive(Debug)]
pub struct Client<S> {
    io: S,
    decoder: Decoder,
    checker: Checker,
    buffer: Vec<u8>,
    /// When the first bytes of an incomplete frame came.
    begun: Option<Instant>,
    /// The header of that frame breaks a rule, and the caller was told.
    is_refused: bool,
}

/// The result of [`Client::receive`].
#[derive(Debug)]
pub enum Received {
    /// A frame that keeps the rules of RFC 6455 §5.
    Frame(Frame),
    /// A frame that breaks a rule, and the rule.
    Broken(Frame, Violation),
    /// The header of an incomplete frame breaks a rule, such as a length of 2^64 - 1 bytes. It is given
    /// once for each frame, and the caller may receive more.
    BrokenHeader(Violation),
    /// The connection ended, with the error if it did not end in order.
    End(Option<io::Error>),
}

impl<S> Client<S> {
    /// A client whose handshake over `io` is done; `early` came right behind the server's head.
    ///
    /// `keep` is how many bytes of each received payload are kept; see [`Decoder::new`].
    pub fn new(io: S, early: &[u8], keep: usize) -> Self {
        let mut decoder = Decoder::new(keep);
        decoder.push(early);
        Self {
            io,
            decoder,
            checker: Checker::new(Role::Server),
            buffer: vec![0; READ_SIZE],
            begun: None,
            is_refused: false,
        }
    }

    /// The stream, without the bytes that were received and not yet returned as a frame.
    pub fn into_io(self) -> S {
        self.io
    }

    /// The stream itself.
    pub fn io(&self) -> &S {
        &self.io
    }

    /// The part of an incomplete frame, if one has begun.
    #[must_use]
    pub fn torn(&self) -> Option<Torn> {
        self.decoder.pending()
    }

    /// The bytes of an incomplete frame, as far as they are kept.
    #[must_use]
    pub fn torn_bytes(&self) -> Vec<u8> {
        self.decoder.pending_bytes()
    }

    /// When the first bytes of an incomplete frame came, if one has begun.
    #[must_use]
    pub fn torn_since(&self) -> Option<Instant> {
        self.begun
    }

    /// Whether a frame has begun and is incomplete.
    #[must_use]
    pub fn is_within_frame(&self) -> bool {
        self.decoder.pending().is_some()
    }
}

impl<S: AsyncWrite + Unpin> Client<S> {
    /// Sends `frame`, masked by a random key, as a client must (RFC 6455 §5.3). Not cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub async fn send(&mut self, frame: Frame) -> io::Result<()> {
        let mut mask = [0; 4];
        getrandom::fill(&mut mask)?;
        self.write(&frame.masked(mask).to_bytes()).await
    }

    /// Sends these bytes as they are. Not cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }
}

impl<S: AsyncRead + Unpin> Client<S> {
    /// The next frame, judged by the rules of RFC 6455 §5, or the end. Cancel safe.
    pub async fn receive(&mut self) -> Received {
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                self.begun = None;
                self.is_refused = false;
                return match self.checker.check(&frame) {
                    Ok(()) => Received::Frame(frame),
                    Err(violation) => Received::Broken(frame, violation),
                };
            }
            if let Some(torn) = self.decoder.pending() {
                self.begun.get_or_insert_with(Instant::now);
                if let Some(header) = torn.header.filter(|_| !self.is_refused)
                    && let Err(violation) = self.checker.check_header(&header)
                {
                    self.is_refused = true;
                    return Received::BrokenHeader(violation);
                }
            }
            match self.io.read(&mut self.buffer).await {
                Ok(0) => return Received::End(None),
                Ok(n) => self.decoder.push(&self.buffer[..n]),
                Err(error) => return Received::End(Some(error)),
            }
        }
    }
}
