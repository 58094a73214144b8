//! Ends a WebSocket so that both sides learn why (RFC 6455 §7).
//!
//! tungstenite reports a broken rule as an error and sends nothing. A server that then drops the
//! socket leaves its peer with code 1006, which explains nothing. Here every end has a code, a peer
//! that broke a rule is told which, and the TCP connection stays open until the close frame has
//! arrived.
//!
//! ```
//! use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};
//! use ws101::close::{CLOSE_DEADLINE, finish, next_message};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let (near, far) = tokio::io::duplex(1024);
//! let mut server = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
//! let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
//! tokio::spawn(async move {
//!     let _ = client.close(None).await;
//!     while next_message(&mut client).await.is_ok() {}
//! });
//!
//! let Err(ending) = next_message(&mut server).await else { panic!("a message") };
//! let closed = finish(&mut server, ending, CLOSE_DEADLINE).await;
//! assert_eq!(closed.to_string(), "1005 by peer");
//! assert!(closed.clean);
//! # });
//! ```

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::escape::Line;
use crate::frame::CLOSE_REASON_LIMIT;
pub use crate::limits::CLOSE_DEADLINE;
use crate::limits::LimitError;
use crate::stream::{LINGER, linger};

/// How a connection ended: the fields of a browser's `CloseEvent`, and the side that began it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The code of the close frame: 1005 if the frame had none, 1006 if there was no close frame
    /// (RFC 6455 §7.1.5).
    pub code: CloseCode,
    /// The reason of the close frame; without one, the error that ended the connection.
    pub reason: Utf8Bytes,
    /// The side that ended the connection.
    pub by: ClosedBy,
    /// Whether both sides sent a close frame (RFC 6455 §7.1.4).
    pub clean: bool,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            ClosedBy::Peer => "peer",
            ClosedBy::Us => "us",
            ClosedBy::Nobody => "nobody",
        };
        write!(f, "{} by {by}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, ": {}", Line::of(&*self.reason))?;
        }
        Ok(())
    }
}

/// The side that ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// The other end.
    Peer,
    /// This end.
    Us,
    /// Neither: the connection was lost.
    Nobody,
}

/// Why no more messages follow. [`finish`] turns it into the closing handshake that is due.
#[derive(Debug)]
pub enum Ending {
    /// Reading ended: with the peer's close frame, a broken rule, or a lost connection.
    Peer(Result<Option<CloseFrame>, Error>),
    /// This end closes the connection with this frame.
    Us(CloseFrame),
}

/// The result of a loop that reads messages until the connection ends: always an [`Ending`].
pub type Ended = Result<Infallible, Ending>;

/// An error of reading or writing.
impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        Self::Peer(Err(error))
    }
}

/// The result of a loop such as [`echo`](crate::echo::echo).
impl From<Result<Option<CloseFrame>, Error>> for Ending {
    fn from(ended: Result<Option<CloseFrame>, Error>) -> Self {
        Self::Peer(ended)
    }
}

/// A close frame that this end sends.
impl From<CloseFrame> for Ending {
    fn from(frame: CloseFrame) -> Self {
        Self::Us(frame)
    }
}

/// The end of a hub's mailbox: the hub's close frame, or an error of the stream.
impl From<io::Result<CloseFrame>> for Ending {
    fn from(ended: io::Result<CloseFrame>) -> Self {
        ended.map_or_else(|error| Self::Peer(Err(error.into())), Self::Us)
    }
}

/// A close frame with `code` and as much of `reason` as fits.
///
/// A control frame carries at most 125 bytes, two of which are the code (RFC 6455 §5.5). A longer
/// reason is cut between two characters.
pub fn close_frame(code: CloseCode, reason: &str) -> CloseFrame {
    let fits = reason.floor_char_boundary(CLOSE_REASON_LIMIT);
    CloseFrame { code, reason: reason[..fits].into() }
}

/// The close frame that tells a peer which rule it broke (RFC 6455 §7.4.1); `None` if the
/// connection is lost, so that no frame can be sent.
#[must_use]
pub fn frame_for(error: &Error) -> Option<CloseFrame> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(broken) => Some(close_frame(CloseCode::Protocol, rule(broken))),
        Error::Utf8(_) => {
            Some(close_frame(CloseCode::Invalid, "the text is not UTF-8 (RFC 6455 8.1)"))
        }
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
            let reason = format!("a message may have {max_size} bytes (RFC 6455 7.4.1)");
            Some(close_frame(CloseCode::Size, &reason))
        }
        Error::Capacity(_) => Some(close_frame(CloseCode::Size, "too long (RFC 6455 7.4.1)")),
        Error::Io(error) => {
            let limit = LimitError::of(error)?;
            Some(close_frame(CloseCode::Policy, &limit.to_string()))
        }
        _ => None,
    }
}

/// The rule that was broken, in words for the peer. tungstenite's own words are for a log.
fn rule(broken: &ProtocolError) -> &'static str {
    match broken {
        ProtocolError::UnmaskedFrameFromClient => "the frame is not masked (RFC 6455 5.1)",
        ProtocolError::MaskedFrameFromServer => "the frame is masked (RFC 6455 5.1)",
        ProtocolError::NonZeroReservedBits => "reserved bits are set (RFC 6455 5.2)",
        ProtocolError::InvalidOpcode(_)
        | ProtocolError::UnknownControlFrameType(_)
        | ProtocolError::UnknownDataFrameType(_) => "the opcode is reserved (RFC 6455 5.2)",
        ProtocolError::UnexpectedContinueFrame => "a continuation without a start (RFC 6455 5.4)",
        ProtocolError::ExpectedFragment(_) => "a message inside a message (RFC 6455 5.4)",
        ProtocolError::ControlFrameTooBig => "a control frame of over 125 bytes (RFC 6455 5.5)",
        ProtocolError::FragmentedControlFrame => "a control frame in fragments (RFC 6455 5.5)",
        ProtocolError::InvalidCloseSequence => "a close frame of 1 byte (RFC 6455 5.5.1)",
        _ => "the protocol was not kept (RFC 6455 7.1.7)",
    }
}

/// The next message of the peer, pings and pongs included.
///
/// Cancel safe: a message that has begun to arrive is continued by the next call.
///
/// # Errors
///
/// The end of the connection, for [`finish`].
pub async fn next_message<S>(socket: &mut WebSocketStream<S>) -> Result<Message, Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match socket.next().await {
        Some(Ok(Message::Close(frame))) => Err(Ending::Peer(Ok(frame))),
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(error.into()),
        None => Err(Error::ConnectionClosed.into()),
    }
}

/// Ends the connection by the closing handshake that is due: [`reply`] if the peer ended it,
/// [`start`] if this end does.
///
/// Takes at most `deadline`, for example [`CLOSE_DEADLINE`], and then [`LINGER`]. Not cancel safe:
/// dropped, it may have sent part of the close frame.
pub async fn finish<S>(
    socket: &mut WebSocketStream<S>,
    ending: Ending,
    deadline: Duration,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match ending {
        Ending::Peer(ended) => reply(socket, ended, deadline).await,
        Ending::Us(frame) => start(socket, frame, deadline).await,
    }
}

/// Ends the connection from this end: sends `frame`, waits for the peer's close frame, and closes
/// the TCP connection (RFC 6455 §7.1.2).
///
/// Messages that the peer still sends are read and discarded. Takes at most `deadline`, for
/// example [`CLOSE_DEADLINE`], and then [`LINGER`]. Not cancel safe: dropped, it may have sent part
/// of the close frame.
pub async fn start<S>(
    socket: &mut WebSocketStream<S>,
    frame: CloseFrame,
    deadline: Duration,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = async {
        socket.send(Message::Close(Some(frame.clone()))).await?;
        while let Some(message) = socket.next().await {
            if message?.is_close() {
                return Ok(true);
            }
        }
        Ok::<_, Error>(false)
    };
    let clean = matches!(timeout(deadline, exchange).await, Ok(Ok(true)));
    linger(socket.get_mut(), LINGER).await;
    Closed { code: frame.code, reason: frame.reason, by: ClosedBy::Us, clean }
}

/// Ends a connection that the peer closed, broke or lost; `ended` is the result of reading it.
///
/// `Ok` is the peer's close frame. It is answered with its own code. tungstenite replaces a frame
/// whose code may not be sent (RFC 6455 §7.4) by 1002 "Protocol violation", so that is the answer,
/// and also the code in [`Closed`].
///
/// `Err` is a broken rule, and the peer gets the close frame of [`frame_for`]; or it is a lost
/// connection, and nothing is sent.
///
/// Takes at most `deadline`, for example [`CLOSE_DEADLINE`], and then [`LINGER`]. Not cancel safe:
/// dropped, it may have sent part of the close frame.
pub async fn reply<S>(
    socket: &mut WebSocketStream<S>,
    ended: Result<Option<CloseFrame>, Error>,
    deadline: Duration,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match ended {
        Ok(frame) => {
            // tungstenite has prepared the answer; this sends it.
            let answered = timeout(deadline, flushed(socket)).await;
            linger(socket.get_mut(), LINGER).await;
            let frame = frame.unwrap_or_else(|| close_frame(CloseCode::Status, ""));
            let clean = answered.is_ok_and(|sent| sent.is_ok());
            Closed { code: frame.code, reason: frame.reason, by: ClosedBy::Peer, clean }
        }
        Err(error) => match frame_for(&error) {
            Some(frame) => {
                // The peer broke a rule, so its close frame is not awaited (RFC 6455 §7.1.7).
                let sent = socket.send(Message::Close(Some(frame.clone())));
                let _ = timeout(deadline, sent).await;
                linger(socket.get_mut(), LINGER).await;
                Closed { code: frame.code, reason: frame.reason, by: ClosedBy::Us, clean: false }
            }
            None => lost(&error),
        },
    }
}

/// The end of a lost connection: 1006, by neither side (RFC 6455 §7.1.5).
#[must_use]
pub fn lost(error: &Error) -> Closed {
    let reason = match error {
        Error::ConnectionClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "cut off".into()
        }
        other => other.to_string().into(),
    };
    Closed { code: CloseCode::Abnormal, reason, by: ClosedBy::Nobody, clean: false }
}

async fn flushed<S>(socket: &mut WebSocketStream<S>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match socket.flush().await {
        // tungstenite has sent the answer, and reports that the connection is closed.
        Ok(()) | Err(Error::ConnectionClosed) => Ok(()),
        Err(error) => Err(error),
    }
}
