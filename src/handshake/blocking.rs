//! The whole opening handshake over a blocking stream, for a program with threads.

use std::io::{self, Read, Write};

use bytes::Bytes;
use http::Request;

use super::{Policy, Rejection, encode, parse_request};

/// How much is read at a time.
const READ_BUFFER: usize = 1024;

/// Reads a request from `io` and answers it: with 101, or with why not (RFC 6455 §4.2).
///
/// Gives the request and the bytes that came right behind it, the beginning of
/// the first frames. How long it may take is for the stream's own time-outs.
///
/// # Errors
///
/// `Err` if reading or writing failed, `UnexpectedEof` if the client hung up
/// first; `Ok(Err(..))` for a request refused, which has then been told.
pub fn accept(
    io: &mut (impl Read + Write),
    policy: &Policy,
) -> io::Result<Result<(Request<()>, Bytes), Rejection>> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; READ_BUFFER]);
    let verdict = loop {
        let n = io.read(&mut buffer)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..n]);
        match parse_request(&bytes) {
            Ok(None) => {}
            Ok(Some((request, size))) => {
                break policy.answer(&request).map(|granted| (request, size, granted));
            }
            Err(rejection) => break Err(rejection),
        }
    };
    match verdict {
        Ok((request, size, granted)) => {
            io.write_all(&encode(&granted.map(|()| "")))?;
            Ok(Ok((request, Bytes::from(bytes).slice(size..))))
        }
        Err(rejection) => {
            io.write_all(&encode(&rejection.to_response()))?;
            Ok(Err(rejection))
        }
    }
}
