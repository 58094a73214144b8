//! No server at all: what harms whoever connects, on purpose.

use std::process::exit;

use anyhow::Result;
use clap::ValueEnum;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use ws101::frame::{Frame, Header, Opcode};
use ws101::handshake::Policy;
use ws101::settings::Settings;

use crate::opening;

/// What it does to a client.
#[derive(Clone, Copy, ValueEnum)]
pub enum Hostility {
    /// Accepts, and says nothing
    Silent,
    /// Answers with bytes that never end and mean nothing
    Babbling,
    /// Answers with headers that never end
    Header,
    /// Says 101, then one short message after another, for ever
    Flood,
    /// Says 101, then promises a message of 4 GiB, and sends it
    Huge,
    /// Says 101, then a text that is no UTF-8
    Garbled,
    /// Says 101, then half a frame, and dies
    Dying,
}

/// Does it to everyone who connects, and listens to no signal.
pub async fn serve(hostility: Hostility) -> Result<()> {
    let listener = Settings::from_env()?.listen()?;
    loop {
        let (tcp, _) = ws101::server::accept(&listener).await;
        // Whoever had enough has gone.
        tokio::spawn(async move { harm(tcp, hostility).await.is_ok() });
    }
}

async fn harm(mut tcp: TcpStream, hostility: Hostility) -> Result<()> {
    match hostility {
        Hostility::Silent => while tcp.read(&mut [0; 1024]).await? > 0 {},
        Hostility::Babbling => endless(&mut tcp, &[0xAA; 4096]).await?,
        Hostility::Header => {
            tcp.write_all(b"HTTP/1.1 101 Switching Protocols\r\n").await?;
            endless(&mut tcp, b"X-And-Another: thing\r\n").await?;
        }
        Hostility::Flood => {
            let mut io = upgraded(tcp).await?;
            endless(&mut io, &Frame::text("more").to_bytes().repeat(500)).await?;
        }
        Hostility::Huge => {
            let mut frame = Frame::text("");
            frame.header = Header::new(Opcode::Text, 4 << 30);
            let mut io = upgraded(tcp).await?;
            io.write_all(&frame.to_bytes()).await?;
            endless(&mut io, &[b'a'; 4096]).await?;
        }
        Hostility::Garbled => {
            let mut io = upgraded(tcp).await?;
            io.write_all(&Frame::text(&[0xFF, 0xFE, 0x80][..]).to_bytes()).await?;
            while io.read(&mut [0; 1024]).await? > 0 {}
        }
        Hostility::Dying => {
            let mut io = upgraded(tcp).await?;
            io.write_all(&Frame::text("Принято: Привет").to_bytes()[..9]).await?;
            exit(1);
        }
    }
    Ok(())
}

async fn upgraded(tcp: TcpStream) -> Result<impl tokio::io::AsyncRead + AsyncWriteExt + Unpin> {
    let accepted = opening::open(tcp, &Policy::default()).await?;
    Ok(accepted.ok_or_else(|| anyhow::anyhow!("it was no handshake"))?.io)
}

async fn endless(io: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> Result<()> {
    loop {
        io.write_all(bytes).await?;
    }
}
