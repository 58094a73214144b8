//! Ending a WebSocket so that both sides know why (RFC 6455 §7).
//!
//! tungstenite reports a broken rule as an error and sends nothing; a server
//! that then drops the socket leaves its peer with 1006, which explains
//! nothing. Here every end has a code, whoever broke a rule is told which, and
//! the connection is let go slowly enough for the telling to arrive.

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

/// How a connection ended: what a browser's `CloseEvent` reports, and who began it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close frame's code; 1005 if it carried none, 1006 if there was no
    /// close frame at all (RFC 6455 §7.1.5).
    pub code: CloseCode,
    /// The close frame's reason, or what broke.
    pub reason: Utf8Bytes,
    /// Who ended it.
    pub by: Side,
    /// Both sides said goodbye (RFC 6455 §7.1.4).
    pub clean: bool,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            Side::Peer => "peer",
            Side::Us => "us",
            Side::Nobody => "nobody",
        };
        write!(f, "{} by {by}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, ": {}", Line::of(&*self.reason))?;
        }
        Ok(())
    }
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The other end.
    Peer,
    /// This end.
    Us,
    /// Neither: the connection broke under both.
    Nobody,
}

/// Why a conversation is over, before the goodbye.
#[derive(Debug)]
pub enum End {
    /// The peer closed it, or broke a rule, or was lost, as reading reported.
    Peer(Result<Option<CloseFrame>, Error>),
    /// This end closes it.
    Us(CloseFrame),
}

/// What a conversation returns: it goes on until there is a reason to stop.
pub type Ended = Result<Infallible, End>;

/// Reading or writing said why.
impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Peer(Err(error))
    }
}

/// This end has a goodbye to say.
impl From<CloseFrame> for End {
    fn from(frame: CloseFrame) -> Self {
        Self::Us(frame)
    }
}

/// How a hub's mailbox ends: with the hub's goodbye, or the stream's error.
impl From<io::Result<CloseFrame>> for End {
    fn from(ended: io::Result<CloseFrame>) -> Self {
        ended.map_or_else(|error| Self::Peer(Err(error.into())), Self::Us)
    }
}

/// A close frame with `code` and as much of `reason` as fits.
///
/// A control frame carries at most 125 bytes, two of them the code
/// (RFC 6455 §5.5); a longer reason is cut at a character.
pub fn close_frame(code: CloseCode, reason: &str) -> CloseFrame {
    let fits = reason.floor_char_boundary(CLOSE_REASON_LIMIT);
    CloseFrame { code, reason: reason[..fits].into() }
}

/// The close frame a broken rule earns (RFC 6455 §7.4.1), or `None` if nobody is left to tell.
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
            let excess = LimitError::of(error)?;
            Some(close_frame(CloseCode::Policy, &excess.to_string()))
        }
        _ => None,
    }
}

/// The rule that was broken. tungstenite says it for a log; this is for the one who broke it.
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

/// The next message, or why there will be none. Cancel safe.
///
/// # Errors
///
/// How the conversation ended, ready for [`finish`].
pub async fn next_message<S>(socket: &mut WebSocketStream<S>) -> Result<Message, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match socket.next().await {
        Some(Ok(Message::Close(frame))) => Err(End::Peer(Ok(frame))),
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(error.into()),
        None => Err(Error::ConnectionClosed.into()),
    }
}

/// Says the goodbye that is due: [`start`] or [`reply`], with their deadlines.
pub async fn finish<S>(socket: &mut WebSocketStream<S>, end: End) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    finish_within(socket, end, CLOSE_DEADLINE).await
}

/// The same, with `deadline` instead of [`CLOSE_DEADLINE`].
pub async fn finish_within<S>(
    socket: &mut WebSocketStream<S>,
    end: End,
    deadline: Duration,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match end {
        End::Peer(ended) => reply_within(socket, ended, deadline).await,
        End::Us(frame) => start_within(socket, frame, deadline).await,
    }
}

/// Ends the connection from this side: says `frame`, waits for the answer, hangs up.
///
/// What the peer still sends meanwhile is read and thrown away. Takes at most
/// [`CLOSE_DEADLINE`] and then [`LINGER`].
pub async fn start<S>(socket: &mut WebSocketStream<S>, frame: CloseFrame) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    start_within(socket, frame, CLOSE_DEADLINE).await
}

async fn start_within<S>(
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
    Closed { code: frame.code, reason: frame.reason, by: Side::Us, clean }
}

/// Ends a connection that the peer closed, broke or lost, as reading it reported.
///
/// `Ok` is the peer's close frame: it is answered with its own code. One with a code
/// that nobody may send (RFC 6455 §7.4) is not seen here: tungstenite puts 1002
/// "Protocol violation" in its place, so that this is answered, and what [`Closed`]
/// says the peer said. `Err` is a rule broken, and the peer is told which
/// ([`frame_for`]), or a connection lost.
/// Takes at most [`CLOSE_DEADLINE`] and then [`LINGER`].
pub async fn reply<S>(
    socket: &mut WebSocketStream<S>,
    ended: Result<Option<CloseFrame>, Error>,
) -> Closed
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    reply_within(socket, ended, CLOSE_DEADLINE).await
}

async fn reply_within<S>(
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
            let CloseFrame { code, reason } =
                frame.unwrap_or_else(|| close_frame(CloseCode::Status, ""));
            Closed { code, reason, by: Side::Peer, clean: answered.is_ok_and(|sent| sent.is_ok()) }
        }
        Err(error) => match frame_for(&error) {
            Some(frame) => {
                // A peer that broke the rules need not be waited for (RFC 6455 §7.1.7).
                let told = socket.send(Message::Close(Some(frame.clone())));
                let _ = timeout(deadline, told).await;
                linger(socket.get_mut(), LINGER).await;
                Closed { code: frame.code, reason: frame.reason, by: Side::Us, clean: false }
            }
            None => lost(&error),
        },
    }
}

/// The end of a connection that broke with nobody left to tell: 1006.
#[must_use]
pub fn lost(error: &Error) -> Closed {
    let reason = match error {
        Error::ConnectionClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "cut off".into()
        }
        other => other.to_string().into(),
    };
    Closed { code: CloseCode::Abnormal, reason, by: Side::Nobody, clean: false }
}

async fn flushed<S>(socket: &mut WebSocketStream<S>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match socket.flush().await {
        // The answer is out and tungstenite is done with the connection.
        Ok(()) | Err(Error::ConnectionClosed) => Ok(()),
        Err(error) => Err(error),
    }
}
