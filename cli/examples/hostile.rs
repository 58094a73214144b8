//! No server at all, and no client: what harms whoever it meets, on purpose.
//!
//!     cargo run -p ws101-cli --example ws101-hostile -- flood
//!
//! The grader is graded with it.

use std::env;
use std::process::exit;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use ws101::frame::{Frame, Header, Opcode};
use ws101::handshake::Policy;
use ws101::limits::HEAD_DEADLINE;
use ws101::program;
use ws101::settings::Settings;
use ws101::stream::Rewind;
use ws101::upgrade::accept;

/// How a client begins that is let in.
const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \
    dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The harm that the program does to its peer.
#[derive(Clone, Copy, ValueEnum)]
enum Hostility {
    /// Connects, and says nothing
    Silent,
    /// Speaks in bytes that never end and mean nothing
    Babbling,
    /// Has headers that never end
    Header,
    /// Shakes hands, then one short message after another, for ever
    Flood,
    /// Shakes hands, then promises a message of 4 GiB, and sends it
    Huge,
    /// Shakes hands, then a text that is no UTF-8
    Garbled,
    /// Shakes hands, then half a frame, and dies
    Dying,
}

/// The two ends of a connection.
#[derive(Clone, Copy)]
enum Role {
    Server,
    Client,
}

/// Harms everyone who connects, or whoever is at `WS_URL`, and listens to no signal.
#[derive(Parser)]
struct Cli {
    hostility: Hostility,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Cli { hostility } = Cli::parse();
    if let Ok(url) = env::var("WS_URL") {
        let address = url.trim_start_matches("ws://").trim_end_matches("/ws");
        loop {
            let tcp = TcpStream::connect(address).await?;
            // It comes back as soon as it is thrown out.
            let _ = harm(tcp, Role::Client, hostility).await;
        }
    }
    let listener = program::listen(&program::settings(Settings::default())?)?;
    loop {
        let (tcp, _) = ws101::server::accept(&listener).await;
        // An error means that the client has gone.
        tokio::spawn(async move { harm(tcp, Role::Server, hostility).await.is_ok() });
    }
}

async fn harm(mut tcp: TcpStream, role: Role, hostility: Hostility) -> Result<()> {
    match hostility {
        Hostility::Silent => while tcp.read(&mut [0; 1024]).await? > 0 {},
        Hostility::Babbling => endless(&mut tcp, &[0xAA; 4096]).await?,
        Hostility::Header => {
            tcp.write_all(match role {
                Role::Server => b"HTTP/1.1 101 Switching Protocols\r\n",
                Role::Client => &REQUEST[..REQUEST.len() - 2],
            })
            .await?;
            endless(&mut tcp, b"X-And-Another: thing\r\n").await?;
        }
        Hostility::Flood => {
            let mut io = upgraded(tcp, role).await?;
            endless(&mut io, &Frame::text("more").to_bytes().repeat(500)).await?;
        }
        Hostility::Huge => {
            let mut frame = Frame::text("");
            frame.header = Header::new(Opcode::Text, 4 << 30);
            let mut io = upgraded(tcp, role).await?;
            io.write_all(&frame.to_bytes()).await?;
            endless(&mut io, &[b'a'; 4096]).await?;
        }
        Hostility::Garbled => {
            let mut io = upgraded(tcp, role).await?;
            io.write_all(&Frame::text(&[0xFF, 0xFE, 0x80][..]).to_bytes()).await?;
            while io.read(&mut [0; 1024]).await? > 0 {}
        }
        Hostility::Dying => {
            let mut io = upgraded(tcp, role).await?;
            io.write_all(&Frame::text("Принято: Привет").to_bytes()[..9]).await?;
            exit(1);
        }
    }
    Ok(())
}

async fn upgraded(mut tcp: TcpStream, role: Role) -> Result<Rewind<TcpStream>> {
    match role {
        Role::Server => {
            let policy = Policy::default();
            Ok(accept(tcp, &policy, HEAD_DEADLINE).await?.io)
        }
        Role::Client => {
            tcp.write_all(REQUEST).await?;
            Ok(Rewind::new(&[], tcp))
        }
    }
}

async fn endless(io: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> Result<()> {
    loop {
        io.write_all(bytes).await?;
    }
}
