//! Crowds over TCP: each example that tells who comes and goes, or lists who is here.

use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use ws101::crowd::LISTED;

use crate::program::{PATIENCE, Program};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// More than are told one by one in any second, and more than a list names.
const CROWD: usize = 120;

async fn connect(program: &Program, path: &str) -> Client {
    connect_async(format!("ws://{}{path}", program.address)).await.expect("it may come in").0
}

/// A member of `names_and_typing`.
async fn join(program: &Program, name: &str) -> Client {
    let mut client = connect(program, "/").await;
    let join = json!({"type": "join", "username": name});
    client.send(Message::text(join.to_string())).await.unwrap();
    client
}

/// Reads until `found` says that the end has come; the events up to then.
async fn until(client: &mut Client, found: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut heard = Vec::new();
    let reading = async {
        while let Some(Ok(message)) = client.next().await {
            let Message::Text(text) = message else { continue };
            heard.push(serde_json::from_str(&text).unwrap());
            if found(heard.last().unwrap()) {
                return;
            }
        }
        panic!("it was cut off after {heard:?}");
    };
    timeout(PATIENCE, reading).await.expect("it is told in time");
    heard
}

#[tokio::test]
async fn a_crowd_is_counted_together_wherever_clients_are_counted() {
    for example in ["echo_broadcast", "heartbeat", "stats", "shutdown"] {
        let program = Program::start(example, &[("WS_STATS_MS", "600000")]).await;
        let mut watcher = connect(&program, "/").await;
        let crowd = join_all((0..CROWD).map(|_| connect(&program, "/"))).await;
        let came = until(&mut watcher, |said| said["clientsCount"] == CROWD + 1).await;

        assert!(came.len() < CROWD, "{example}: {} events", came.len());
        assert!(came.iter().any(|said| said["event"] == "presence"), "{example}: {came:?}");
        drop(crowd);
        let went = until(&mut watcher, |said| said["clientsCount"] == 1).await;
        assert!(went.len() < CROWD, "{example}: {} events", went.len());
    }
}

#[tokio::test]
async fn a_crowd_with_names_is_listed_in_part_and_told_together() {
    let program = Program::start("names_and_typing", &[]).await;
    let mut watcher = join(&program, "watcher").await;
    until(&mut watcher, |said| said["type"] == "welcome").await;
    let names: Vec<_> = (0..CROWD).map(|n| format!("member {n}")).collect();
    let crowd = join_all(names.iter().map(|name| join(&program, name))).await;
    let came = until(&mut watcher, |said| said["count"] == CROWD + 1).await;
    assert!(came.len() < CROWD, "{} events", came.len());
    let lists = came.iter().map(|said| said["users"].as_array().unwrap().len());
    assert_eq!(lists.max(), Some(LISTED));
    drop(crowd);
    let went = until(&mut watcher, |said| said["users"] == json!(["watcher"])).await;
    assert!(went.len() < CROWD, "{} events", went.len());
    assert!(went.last().unwrap()["count"].is_null(), "a list of all needs no count");
}

#[tokio::test]
async fn a_list_of_connections_is_cut_and_says_how_many_there_are() {
    let program = Program::start("connections", &[]).await;
    let mut crowd = join_all((0..CROWD).map(|_| connect(&program, "/ws"))).await;
    for client in &mut crowd {
        until(client, |said| said["type"] == "connection_established").await;
    }
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    let request = b"GET /connections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    tcp.write_all(request).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.expect("in time").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains(&format!("x-total-count: {CROWD}\r\n")), "{head}");
    let list: Vec<Value> = serde_json::from_str(body).unwrap();
    assert_eq!(list.len(), LISTED);
}
