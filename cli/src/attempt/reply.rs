//! Sends one request to a server, and tells whether the server itself answers.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::timeout;
use ws101::client::{Answer, Client, ConnectError, Connection, Received};
use ws101::frame::{Frame, Opcode};
use ws101::transcript::Request;

use crate::place::Place;

/// How long a server may take to end a connection that was only opened to see whether it opens.
const CLOSING: Duration = Duration::from_millis(300);

/// The payload of the ping on a new connection.
const TOKEN: &str = "ws101 alive";

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Bytes of the server, or of a proxy that has reached it.
    Answer,
    /// The status 500.
    Failure,
    /// The status by which a proxy says that it has not reached the server: 502, 503 or 504.
    NobodyBehind(u16),
    /// The end of the connection, in order or by a reset.
    End,
    /// Nothing within the time.
    Silence,
    /// No connection.
    Refused,
}

/// A WebSocket that was opened to see whether one opens.
pub struct Opened(Client<Box<dyn Connection>>);

/// Sends a request, and waits for the head of the answer or the end of the connection.
pub async fn ask(place: &Place, request: Request, limit: Duration) -> Reply {
    reply(&place.ask(request, limit).await)
}

/// Sends a handshake, and if it is answered by 101 and `pings`, a ping, whose answer it waits for.
///
/// Cancel safe: a dropped call cuts the connection.
pub async fn open(
    place: &Place,
    handshake: Request,
    pings: bool,
    limit: Duration,
) -> (Reply, Option<Opened>) {
    let asked = place.ask(handshake, limit).await;
    let reply = reply(&asked);
    let Ok((io, Answer::Response { response, rest, .. })) = asked else { return (reply, None) };
    if response.status().as_u16() != 101 {
        return (reply, None);
    }
    // No payload but that of the pong is looked at.
    let mut client = Client::new(io, &rest, TOKEN.len());
    if pings && client.send(Frame::ping(TOKEN)).await.is_ok() {
        wait_for_pong(&mut client).await;
    }
    (reply, Some(Opened(client)))
}

/// Waits for the pong, or for anything after which none comes. Cancel safe.
async fn wait_for_pong(client: &mut Client<Box<dyn Connection>>) {
    loop {
        match client.receive().await {
            Received::Frame(frame) => {
                let is_close = frame.header.opcode == Opcode::Close;
                if is_close || frame.header.opcode == Opcode::Pong && frame.payload == TOKEN {
                    return;
                }
            }
            Received::Broken(..) | Received::BrokenHeader(_) | Received::End(_) => return,
        }
    }
}

impl Opened {
    /// Closes it, so that the server counts it no more. Cancel safe: a dropped call cuts the connection.
    pub async fn close(mut self) {
        let closing = async {
            if self.0.send(Frame::close(1000, "")).await.is_ok() {
                while !matches!(self.0.receive().await, Received::End(_)) {}
            }
        };
        // After that it is cut.
        let _ = timeout(CLOSING, closing).await;
    }
}

fn reply(asked: &Result<(Box<dyn Connection>, Answer), ConnectError>) -> Reply {
    match asked {
        Ok((_, Answer::Silence)) => Reply::Silence,
        Ok((_, Answer::Eof | Answer::Reset)) => Reply::End,
        Ok((_, Answer::Response { response, .. })) => match response.status().as_u16() {
            500 => Reply::Failure,
            status @ 502..=504 => Reply::NobodyBehind(status),
            _ => Reply::Answer,
        },
        Ok(_) => Reply::Answer,
        Err(error) if error.kind() == ErrorKind::TimedOut => Reply::Silence,
        Err(_) => Reply::Refused,
    }
}
