//! The dialect `reconnect`: `connections` and `reconnect`.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use ws101::transcript::Request;

use crate::program::{PATIENCE, Program};
use crate::talk_to;

#[tokio::test]
async fn g5_connections_are_written_down_while_they_last() {
    let program = Program::start("connections", &[]).await;
    let mut t = talk_to(program.address);
    t.any("serverTime");
    let list = || Request::raw("GET /connections HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    t.step("one attempt, 101, and an id of its own");
    t.connect("ann", Request::new("/ws").header("User-Agent", "a phone")).await;
    t.step("a ping comes back as it went, whatever it carries");
    t.send("ann", r#"{"type":"ping","timestamp":"abc"}"#).await;
    t.send("ann", r#"{"type":"ping","timestamp":1767268800000}"#).await;
    t.step("what is no ping is nobody's business");
    t.send("ann", r#"{"type":"connection_established"}"#).await;
    t.send("ann", "not JSON").await;
    t.step("the teacher's list");
    t.connect("teacher", list()).await;
    t.step("ann vanishes, and so does her line");
    t.vanish("ann").await;
    t.connect("teacher", list()).await;
    t.step("the socket is at /ws, and only there");
    t.connect("lost", "/").await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn reconnect_resumes_without_loss_or_doubles() {
    let program = Program::start("reconnect", &[]).await;
    let epoch = epoch(&program).await;
    let mut t = talk_to(program.address);
    t.any("serverTime");
    t.step("ann and bob talk");
    t.connect("ann", "/ws").await;
    t.connect("bob", "/ws").await;
    t.send("ann", r#"{"type":"message","id":"a1","content":"раз"}"#).await;
    t.step("bob is cut off, and misses two lines");
    t.vanish("bob").await;
    t.send("ann", r#"{"type":"message","id":"a2","content":"два"}"#).await;
    t.send("ann", r#"{"type":"message","id":"a3","content":"три"}"#).await;
    t.step("he comes back and is told them");
    t.connect("bob", format!("/ws?epoch={epoch}&since=1").as_str()).await;
    t.step("what ann sends twice is said once; she gets her receipt again");
    t.send("ann", r#"{"type":"message","id":"a3","content":"три"}"#).await;
    t.step("something else under that id is refused; bob's own id of that name is his");
    t.send("ann", r#"{"type":"message","id":"a3","content":"четыре"}"#).await;
    t.send("bob", r#"{"type":"message","id":"a3","content":"три"}"#).await;
    t.step("who names its session is the same client on its next connection");
    t.connect("dan", "/ws?session=dans").await;
    t.send("dan", r#"{"type":"message","id":"d1","content":"пять"}"#).await;
    t.vanish("dan").await;
    t.connect("dan", "/ws?session=dans").await;
    t.send("dan", r#"{"type":"message","id":"d1","content":"пять"}"#).await;
    t.vanish("dan").await;
    t.step("nothing was missed: that is a recovery too");
    t.connect("cat", format!("/ws?epoch={epoch}&since=5").as_str()).await;
    t.step("a number not reached yet, another epoch, nonsense: lines may be missing");
    t.connect("cat", format!("/ws?epoch={epoch}&since=6").as_str()).await;
    t.connect("cat", "/ws?epoch=another&since=1").await;
    t.connect("cat", format!("/ws?epoch={epoch}&since=one").as_str()).await;
    t.step("a forged event is not understood, and goes to nobody");
    t.send("cat", r#"{"type":"connection_established","epoch":"mine"}"#).await;
    t.send("cat", r#"{"type":"message"}"#).await;
    for text in ["not JSON", r#"["message"]"#, "7", "{}", r#"{"type":7}"#] {
        t.send("cat", text).await;
    }
    t.step("SIGTERM");
    let ended = program.stop().await;
    t.pass(std::time::Duration::from_millis(10)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    insta::assert_snapshot!(t);
}

/// The name of this life of the history, as any client is told it.
/// Everybody hears the id of a connection.
#[tokio::test]
async fn a_connections_id_names_no_session_of_another() {
    let program = Program::start("reconnect", &[]).await;
    let address = format!("ws://{}/ws", program.address);
    let (mut ann, _) = connect_async(&address).await.expect("ann is let in");
    let hello = next(&mut ann).await;
    let id = hello["connectionId"].as_str().expect("it has an id");
    let (mut eve, _) = connect_async(format!("{address}?session={id}")).await.expect("eve, too");
    next(&mut eve).await;
    for (socket, content) in [(&mut eve, "of eve"), (&mut ann, "of ann")] {
        let line = json!({"type": "message", "id": "m1", "content": content});
        socket.send(Message::text(line.to_string())).await.expect("it is sent");
    }
    let heard = [next(&mut ann).await, next(&mut ann).await];
    let mut heard = heard.map(|line| line["content"].as_str().unwrap_or_default().to_owned());
    heard.sort_unstable();
    assert_eq!(heard, ["of ann", "of eve"]);
}

async fn next(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Value {
    let message = timeout(PATIENCE, socket.next()).await.expect("it comes in time");
    let text = message.expect("it comes").expect("it is whole").into_text().expect("it is text");
    serde_json::from_str(&text).expect("it is JSON")
}

async fn epoch(program: &Program) -> String {
    let address = format!("ws://{}/ws", program.address);
    let (mut socket, _) = connect_async(address).await.expect("it is let in");
    next(&mut socket).await["epoch"].as_str().expect("it has an epoch").to_owned()
}
