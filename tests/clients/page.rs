//! A client of the canonical protocol, as the page of `full_chat` is.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// For the next event.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Page(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    pub async fn join(server: SocketAddr, name: &str) -> Result<Self> {
        let uri = format!("ws://{server}/ws").parse()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("ws101.chat.v1");
        let mut page = Self(tokio_tungstenite::connect_async(request).await?.0);
        page.send(&json!({ "type": "hello", "v": 1, "username": name })).await?;
        page.sees("welcome").await?;
        Ok(page)
    }

    pub async fn says(&mut self, words: &str) -> Result<()> {
        self.send(&json!({ "type": "message", "id": "1", "content": words })).await
    }

    async fn send(&mut self, object: &Value) -> Result<()> {
        Ok(self.0.send(Message::text(object.to_string())).await?)
    }

    /// Waits for an event of this type, whatever comes before it.
    pub async fn sees(&mut self, kind: &str) -> Result<Value> {
        let seen = async {
            while let Some(message) = self.0.next().await {
                let Message::Text(text) = message? else { continue };
                let seen: Value = serde_json::from_str(&text)?;
                ensure!(seen["type"] != "error", "{text}");
                if seen["type"] == kind {
                    return Ok(seen);
                }
            }
            bail!("the server hung up")
        };
        timeout(PATIENCE, seen).await.with_context(|| format!("no {kind}"))?
    }

    /// Waits for the next line of the chat: who said it, and what.
    pub async fn hears(&mut self) -> Result<[String; 2]> {
        let seen = self.sees("message").await?;
        Ok(["username", "content"].map(|field| seen[field].as_str().unwrap_or_default().to_owned()))
    }
}
