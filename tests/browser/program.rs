//! A program among the people: a plain WebSocket client that speaks the chat's protocol.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub const SUBPROTOCOL: &str = "ws101.chat.v1";

/// For an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// It listens only while it waits for an answer.
pub struct Program(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Program {
    pub async fn join(server: SocketAddr, name: &str) -> Result<Self> {
        let uri = format!("ws://{server}/ws").parse()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        let mut program = Self(socket);
        program.send(&json!({ "type": "hello", "v": 1, "username": name })).await?;
        program.until("welcome").await?;
        Ok(program)
    }

    /// Says something, and waits until the server has told everyone.
    pub async fn say(&mut self, words: &str) -> Result<()> {
        let id = ws101::id::random();
        self.send(&json!({ "type": "message", "id": id, "content": words })).await?;
        self.until("ack").await?;
        Ok(())
    }

    pub async fn send(&mut self, object: &Value) -> Result<()> {
        Ok(self.0.send(Message::text(object.to_string())).await?)
    }

    /// Waits for an event of this type, whatever comes before it.
    pub async fn until(&mut self, kind: &str) -> Result<Value> {
        let heard = async {
            while let Some(message) = self.0.next().await {
                let Message::Text(text) = message? else { continue };
                let heard: Value = serde_json::from_str(&text)?;
                ensure!(heard["type"] != "error", "{text}");
                if heard["type"] == kind {
                    return Ok(heard);
                }
            }
            bail!("the server hung up")
        };
        timeout(PATIENCE, heard).await.with_context(|| format!("no {kind}"))?
    }
}
