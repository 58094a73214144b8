//! SIGTERM to `full_chat` in the middle of a broadcast to two hundred.

use std::collections::BTreeSet;

use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};
use ws101::chat::SUBPROTOCOL;
use ws101::client::Request;
use ws101::frame::Frame;

use crate::program::{PATIENCE, Program};

const CLIENTS: usize = 200;
const SPEAKERS: usize = 5;

/// How many lines must be accepted before the end is asked for; all speak on meanwhile.
const LINES: usize = 100;

type Client = WebSocketStream<TcpStream>;

/// What a client heard until its end.
struct Heard {
    lines: Vec<String>,
    accepted: Vec<String>,
    last: Value,
    code: Option<CloseCode>,
}

async fn enter(program: &Program) -> Client {
    let tcp = TcpStream::connect(program.address).await.unwrap();
    let uri = format!("ws://{}/", program.address).parse().unwrap();
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    let (mut client, _) = client_async(request, tcp).await.expect("101");
    client.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
    let welcome = timeout(PATIENCE, client.next()).await.expect("in time");
    assert!(welcome.unwrap().unwrap().to_text().unwrap().contains(r#""type":"welcome""#));
    client
}

/// In the room, and reading nothing, not even its goodbye.
async fn mute(program: &Program) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut tcp = socket.connect(program.address).await.unwrap();
    let head = Request::new("/").subprotocol(SUBPROTOCOL).to_bytes("x");
    let hello = Frame::text(r#"{"type":"hello"}"#).masked([1, 2, 3, 4]).to_bytes();
    tcp.write_all(&[head, hello].concat()).await.unwrap();
    tcp
}

/// Hears all until its end; one that speaks says line after line, each when the last was accepted.
async fn stay(mut client: Client, speaker: Option<usize>, accepting: mpsc::Sender<()>) -> Heard {
    let mut heard = Heard { lines: vec![], accepted: vec![], last: Value::Null, code: None };
    let line = |n: usize| {
        let id = format!("{}-{n}", speaker.unwrap_or_default());
        let text =
            json!({"type": "message", "id": id, "content": format!("{id} {}", "x".repeat(900))});
        Message::text(text.to_string())
    };
    if speaker.is_some() {
        client.send(line(0)).await.unwrap();
    }
    loop {
        match timeout(PATIENCE, client.next()).await.expect("in time") {
            Some(Ok(Message::Text(text))) => {
                let said: Value = serde_json::from_str(&text).unwrap();
                let id = || said["id"].as_str().expect("an id").to_owned();
                match said["type"].as_str().expect("a type") {
                    "message" => heard.lines.push(id()),
                    "ack" => {
                        heard.accepted.push(id());
                        let _ = accepting.try_send(());
                        // Said into the end, it need not be accepted any more.
                        let _ = client.send(line(heard.accepted.len())).await;
                    }
                    _ => {}
                }
                heard.last = said;
            }
            Some(Ok(Message::Close(frame))) => heard.code = frame.map(|frame| frame.code),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return heard,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_in_the_middle_of_a_broadcast_loses_nothing_that_was_accepted() {
    let program = Program::start("full_chat", &[("WS_RATE", "0")]).await;
    let mute = mute(&program).await;
    let clients = join_all((0..CLIENTS).map(|_| enter(&program))).await;
    let (accepting, mut accepted) = mpsc::channel(LINES);
    let staying = clients.into_iter().enumerate().map(|(n, client)| {
        tokio::spawn(stay(client, (n < SPEAKERS).then_some(n), accepting.clone()))
    });
    let staying: Vec<_> = staying.collect();
    for _ in 0..LINES {
        timeout(PATIENCE, accepted.recv()).await.expect("they are accepted");
    }

    let asked = Instant::now();
    let ended = program.stop().await;
    let took = asked.elapsed();
    let heard: Vec<_> = join_all(staying).await.into_iter().map(Result::unwrap).collect();
    drop(mute);

    assert_eq!(ended.code, Some(0), "{}", ended.said);
    for client in &heard {
        assert_eq!(client.lines, heard[0].lines, "everyone heard the same");
        assert_eq!(client.last["event"], "shutdown", "the last word is the server's");
        assert_eq!(client.code, Some(CloseCode::Away));
    }
    let lines: BTreeSet<_> = heard[0].lines.iter().collect();
    let accepted: Vec<_> = heard.iter().flat_map(|client| &client.accepted).collect();
    assert!(accepted.iter().all(|id| lines.contains(id)), "what was accepted was heard");
    assert_eq!(lines.len(), heard[0].lines.len(), "and once");
    println!(
        "{} accepted, {} heard by each of {CLIENTS}, 1001 to all, exit code 0 after {took:.1?}",
        accepted.len(),
        lines.len()
    );
}
