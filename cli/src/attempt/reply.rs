//! Sends one request to a server, and tells whether the server itself answers.

use std::io::ErrorKind;
use std::time::Duration;

use ws101::client::Answer;
use ws101::transcript::Request;

use crate::place::Place;

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Bytes of the server, or of a proxy that has reached it.
    Answer,
    /// The status by which a proxy says that it has not reached the server: 502, 503 or 504.
    NobodyBehind(u16),
    /// The end of the connection, in order or by a reset.
    End,
    /// Nothing within the time.
    Silence,
    /// No connection.
    Refused,
}

/// Sends a request, and waits for the head of the answer or the end of the connection.
pub async fn ask(place: &Place, request: Request, limit: Duration) -> Reply {
    match place.ask(request, limit).await {
        Ok(Answer::Silence) => Reply::Silence,
        Ok(Answer::Eof | Answer::Reset) => Reply::End,
        Ok(Answer::Response { response, .. }) => match response.status().as_u16() {
            status @ 502..=504 => Reply::NobodyBehind(status),
            _ => Reply::Answer,
        },
        Ok(_) => Reply::Answer,
        Err(error) if error.kind() == ErrorKind::TimedOut => Reply::Silence,
        Err(_) => Reply::Refused,
    }
}
