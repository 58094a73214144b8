//! A server that answers as the cases of `odd101` do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use ws101::frame::{Decoder, Frame, Opcode};

use super::odd101::{Case, cases};

/// What the server says behind each answer.
pub const HELLO: &str = "hello";

/// The request and the answer to it, by the number of the case.
pub type Exchanges = Arc<Mutex<Vec<(usize, Vec<u8>, Vec<u8>)>>>;

/// Answers `/N` as case N does, says [`HELLO`], answers pings and Close; any other path is a page.
pub async fn serve() -> (SocketAddr, Exchanges) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let exchanges = Exchanges::default();
    let (cases, log) = (Arc::new(cases()), exchanges.clone());
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (cases, log) = (cases.clone(), log.clone());
            // Errors are a client's that has gone.
            tokio::spawn(async move { drop(answer(tcp, &cases, &log).await) });
        }
    });
    (address, exchanges)
}

async fn answer(mut tcp: TcpStream, cases: &[Case], log: &Exchanges) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if tcp.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let Some((number, case)) = path.parse().ok().and_then(|n: usize| Some((n, cases.get(n)?)))
    else {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\
            Connection: close\r\n\r\n";
        return tcp.write_all(page.as_bytes()).await;
    };
    let key = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("Sec-WebSocket-Key").then_some(value)
    });
    let head = case.to_bytes(key.unwrap_or_default());
    tcp.write_all(&[&head[..], &Frame::text(HELLO).to_bytes()].concat()).await?;
    log.lock().unwrap_or_else(PoisonError::into_inner).push((number, request, head));
    let mut decoder = Decoder::new(125);
    let mut buffer = [0; 1024];
    loop {
        while let Some(frame) = decoder.next_frame() {
            match frame.header.opcode {
                Opcode::Ping => tcp.write_all(&Frame::pong(frame.payload).to_bytes()).await?,
                Opcode::Close => {
                    let close = Frame::new(Opcode::Close, frame.payload);
                    return tcp.write_all(&close.to_bytes()).await;
                }
                _ => {}
            }
        }
        match tcp.read(&mut buffer).await? {
            0 => return Ok(()),
            n => decoder.push(&buffer[..n]),
        }
    }
}
