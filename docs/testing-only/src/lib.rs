//! A server by hand: it answers one handshake, and sends every text back in capitals.

use std::io::{Error, Result};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ws101::bytes::BytesMut;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101::handshake::{HEAD_LIMIT, Policy, encode, parse_request};

/// The longest text that is sent back, in bytes. A longer one is cut there.
const MAX_TEXT: usize = 1024;

/// Serves one connection until it ends.
///
/// # Errors
///
/// Those of the stream, and a request that is not a handshake.
pub async fn serve(mut io: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    let mut read = BytesMut::with_capacity(HEAD_LIMIT);
    let (request, size) = loop {
        match parse_request(&read).map_err(Error::other)? {
            Some(parsed) => break parsed,
            None if io.read_buf(&mut read).await? == 0 => return Ok(()),
            None => {}
        }
    };
    let agreement = Policy::default().answer(&request).map_err(Error::other)?;
    io.write_all(&encode(&agreement.to_response())).await?;

    let mut decoder = Decoder::new(MAX_TEXT);
    decoder.push(&read[size..]);
    loop {
        while let Some(frame) = decoder.next_frame() {
            let reply = match frame.header.opcode {
                Opcode::Text => Frame::text(String::from_utf8_lossy(&frame.payload).to_uppercase()),
                Opcode::Close => Frame::new(Opcode::Close, frame.payload),
                _ => continue,
            };
            io.write_all(&reply.to_bytes()).await?;
            if reply.header.opcode == Opcode::Close {
                return Ok(());
            }
        }
        read.clear();
        if io.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
        decoder.push(&read);
    }
}
