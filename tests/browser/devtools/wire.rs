//! One WebSocket to the browser, shared by all its tabs.
//!
//! A command is `{"id":7,"sessionId":"…","method":"Page.navigate","params":{…}}`.
//! Its answer bears the same `id`; whatever bears none is an event. One task owns
//! the socket, hands each answer to whoever waits for it and keeps every event,
//! so that nothing is lost while something else is waited for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use ws101::address::Address;
use ws101::client::{Client, Received, Request, connect, open};
use ws101::frame::{Frame, Opcode};

/// For one command to be answered.
const ANSWER: Duration = Duration::from_secs(30);

/// The most bytes of one message: a picture of a page is the longest.
const KEEP: usize = 64 * 1024 * 1024;

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
    /// Connects to `address`, of the form `ws://127.0.0.1:9222/devtools/browser/…`.
    pub async fn connect(address: &str) -> Result<Self> {
        let address: Address = address.parse()?;
        let tcp = connect(SocketAddr::new(address.host.parse()?, address.port), ANSWER).await?;
        let (host, request) = (address.authority(), Request::new(&address.target));
        let socket = open(tcp, &host, &request, KEEP, Instant::now() + ANSWER).await?;
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
    mut socket: Client<TcpStream>,
    mut to_send: mpsc::Receiver<Call>,
    events: Events,
) -> Result<()> {
    let mut waiting = HashMap::new();
    let mut id = 0_u64;
    let mut message = Vec::new();
    loop {
        tokio::select! {
            call = to_send.recv() => {
                let Some(Call { mut command, answer }) = call else { return Ok(()) };
                id += 1;
                command["id"] = json!(id);
                waiting.insert(id, answer);
                socket.send(Frame::text(command.to_string())).await?;
            }
            received = socket.receive() => {
                let Received::Frame(frame) = received else { return Ok(()) };
                match frame.header.opcode {
                    Opcode::Ping => {
                        socket.send(Frame::pong(frame.payload)).await?;
                        continue;
                    }
                    Opcode::Text | Opcode::Continuation => message.extend(frame.payload),
                    _ => return Ok(()),
                }
                ensure!(frame.digest.is_none() && message.len() <= KEEP, "more than is kept");
                if !frame.header.fin {
                    continue;
                }
                let said: Value = serde_json::from_slice(&std::mem::take(&mut message))?;
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
