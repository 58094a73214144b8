//! A program among the people: a plain WebSocket client that speaks the chat's protocol.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use ws101::client::{Client, Received, Request, connect, open};
use ws101::frame::{Frame, Opcode};

pub const SUBPROTOCOL: &str = "ws101.chat.v1";

/// For an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most bytes of one event.
const KEEP: usize = 16 * 1024 * 1024;

/// It listens only while it waits for an answer.
pub struct Program(Client<TcpStream>);

impl Program {
    pub async fn join(server: SocketAddr, name: &str) -> Result<Self> {
        let tcp = connect(server, PATIENCE).await?;
        let request = Request::new("/ws").subprotocol(SUBPROTOCOL);
        let deadline = Instant::now() + PATIENCE;
        let client = open(tcp, &server.to_string(), &request, KEEP, deadline).await?;
        let mut program = Self(client);
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
        Ok(self.0.send(Frame::text(object.to_string())).await?)
    }

    /// Waits for an event of this type, whatever comes before it.
    pub async fn until(&mut self, kind: &str) -> Result<Value> {
        let heard = async {
            loop {
                let frame = match self.0.receive().await {
                    Received::Frame(frame) => frame,
                    other => bail!("no frame: {other:?}"),
                };
                match frame.header.opcode {
                    Opcode::Text => {}
                    Opcode::Ping => {
                        self.0.send(Frame::pong(frame.payload)).await?;
                        continue;
                    }
                    _ => bail!("the server hung up: {frame}"),
                }
                let heard: Value = serde_json::from_slice(&frame.payload)?;
                ensure!(heard["type"] != "error", "{frame}");
                if heard["type"] == kind {
                    return Ok(heard);
                }
            }
        };
        timeout(PATIENCE, heard).await.with_context(|| format!("no {kind}"))?
    }
}
