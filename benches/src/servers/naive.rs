//! The naive chat, as most tutorials write it: an unbounded channel and a task for each client.
//!
//! It has default buffers, one flush for each message, and no limits.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use crate::wording::said;

type Room = Arc<Mutex<HashMap<SocketAddr, UnboundedSender<Message>>>>;

/// Serves forever.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let room = Room::default();
    loop {
        let (tcp, address) = listener.accept().await?;
        tokio::spawn(connection(tcp, address, room.clone()));
    }
}

async fn connection(tcp: TcpStream, address: SocketAddr, room: Room) -> anyhow::Result<()> {
    let (mut socket, mut incoming) = accept_async(tcp).await?.split();
    let (sender, mut mailbox) = unbounded_channel();
    let members = || room.lock().unwrap_or_else(PoisonError::into_inner);
    members().insert(address, sender);
    tokio::spawn(async move {
        while let Some(message) = mailbox.recv().await {
            socket.send(message).await?;
        }
        anyhow::Ok(())
    });
    while let Some(Ok(message)) = incoming.next().await {
        let Message::Text(text) = message else { continue };
        let heard: Value = serde_json::from_str(&text)?;
        let message = Message::text(said(heard["content"].as_str().unwrap_or_default()));
        for member in members().values() {
            member.send(message.clone())?;
        }
    }
    members().remove(&address);
    Ok(())
}
