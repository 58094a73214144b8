//! One WebSocket to the browser, shared by all its tabs.
//!
//! A command is `{"id":7,"sessionId":"…","method":"Page.navigate","params":{…}}`.
//! Its answer bears the same `id`; whatever bears none is an event. One task owns
//! the socket, hands each answer to whoever waits for it and keeps every event,
//! so that nothing is lost while something else is waited for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// For one command to be answered.
const ANSWER: Duration = Duration::from_secs(30);

/// All events, by session, in the order in which they came.
type Events = Arc<Mutex<HashMap<String, Vec<Value>>>>;

#[derive(Clone)]
pub struct Wire {
    calls: mpsc::Sender<Call>,
    events: Events,
}

struct Call {
    command: Value,
    answer: oneshot::Sender<Value>,
}

impl Wire {
    pub async fn connect(address: &str) -> Result<Self> {
        let (socket, _) = tokio_tungstenite::connect_async(address).await?;
        let (calls, to_send) = mpsc::channel(16);
        let wire = Self { calls, events: Events::default() };
        tokio::spawn(carry(socket, to_send, wire.events.clone()));
        Ok(wire)
    }

    /// Has a command carried out, and returns its result.
    pub async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let mut command = json!({ "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let (answer, answered) = oneshot::channel();
        let exchange = async {
            self.calls.send(Call { command, answer }).await.ok()?;
            answered.await.ok()
        };
        let Ok(answer) = timeout(ANSWER, exchange).await else {
            bail!("{method}: no answer within {ANSWER:?}");
        };
        let mut answer = answer.with_context(|| format!("{method}: Chromium has gone"))?;
        if let Some(error) = answer.get("error") {
            bail!("{method}: {error}");
        }
        Ok(answer["result"].take())
    }

    /// What `pick` makes of the events of a session so far.
    pub fn events<T>(&self, session: &str, pick: impl FnMut(&Value) -> Option<T>) -> Vec<T> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.get(session).into_iter().flatten().filter_map(pick).collect()
    }
}

/// Ends when either side has gone, and with it everyone's wait for an answer.
async fn carry(
    mut socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut to_send: mpsc::Receiver<Call>,
    events: Events,
) -> Result<()> {
    let mut waiting = HashMap::new();
    let mut id = 0_u64;
    loop {
        tokio::select! {
            call = to_send.recv() => {
                let Some(Call { mut command, answer }) = call else { return Ok(()) };
                id += 1;
                command["id"] = json!(id);
                waiting.insert(id, answer);
                socket.send(Message::text(command.to_string())).await?;
            }
            said = socket.next() => {
                let Some(said) = said else { return Ok(()) };
                let Message::Text(said) = said? else { continue };
                let said: Value = serde_json::from_str(&said)?;
                if let Some(answer) = said["id"].as_u64().and_then(|id| waiting.remove(&id)) {
                    // Whoever asked may have lost patience.
                    let _ = answer.send(said);
                } else {
                    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                    events.entry(text(&said["sessionId"])).or_default().push(said);
                }
            }
        }
    }
}

/// A JSON string, or nothing.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
