//! What `full_chat` pays for clients that never read. Figures are printed: `--nocapture`.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use ws101::chat::SUBPROTOCOL;
use ws101::frame::Frame;

use crate::program::{PATIENCE, Program};
use crate::{HEAD, SWITCHED, read};

const MIB: usize = 1 << 20;

/// Between two looks at the statistics.
const LOOK: Duration = Duration::from_millis(100);

/// Nothing but memory is to be the limit.
const WITHOUT_LIMITS: [(&str, &str); 4] =
    [("WS_RATE", "0"), ("WS_HEARTBEAT_MS", "0"), ("WS_IDLE_MS", "0"), ("WS_WRITE_MS", "600000")];

/// As much as was promised where the machine is ours for a while; else a tenth of it.
fn promised(mib: usize) -> usize {
    if std::env::var_os("CI").is_some() { mib } else { mib / 10 }
}

/// Connects with a small window, so that the kernel holds little of what is not read.
async fn deaf(program: &Program) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(program.address).await.unwrap()
}

#[tokio::test]
async fn pings_from_a_client_that_never_reads_take_no_memory() {
    let program = Program::start("full_chat", &WITHOUT_LIMITS).await;
    let mut client = deaf(&program).await;
    client.write_all(HEAD.as_bytes()).await.unwrap();
    read(&mut client, SWITCHED).await;
    let ping = Frame::ping(vec![b'p'; 125]).masked([1, 2, 3, 4]).to_bytes();
    let pings = ping.repeat(MIB / ping.len());
    let before = program.memory().await;
    let (mib, mut peak) = (promised(500), 0);
    for sent in 1..=mib {
        timeout(PATIENCE, client.write_all(&pings)).await.expect("it is read").unwrap();
        if sent % 10 == 0 {
            peak = peak.max(program.memory().await);
        }
    }
    assert_eq!(program.stats().await["connections"], 1, "whoever writes is there");
    let grown = peak.max(program.memory().await).saturating_sub(before);
    println!("{mib} MiB of pings, no pong read: {} KiB more", grown >> 10);
    assert!(grown < 4 * MIB as u64, "{grown} bytes");
}

async fn v1(tcp: TcpStream, address: std::net::SocketAddr) -> WebSocketStream<TcpStream> {
    let uri = format!("ws://{address}/").parse().unwrap();
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    let (mut client, _) = tokio_tungstenite::client_async(request, tcp).await.expect("101");
    client.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
    let welcome = timeout(PATIENCE, client.next()).await.expect("in time");
    assert!(welcome.unwrap().unwrap().to_text().unwrap().contains(r#""type":"welcome""#));
    client
}

#[tokio::test]
async fn a_broadcast_to_a_client_that_never_reads_takes_what_its_queue_may_and_no_more() {
    let program = Program::start("full_chat", &WITHOUT_LIMITS).await;
    let _deaf = v1(deaf(&program).await, program.address).await;
    let reader = TcpStream::connect(program.address).await.unwrap();
    let (mut sink, mut stream) = v1(reader, program.address).await.split();
    let line = json!({"type": "message", "content": "x".repeat(4_000)}).to_string();
    let (line, bytes) = (Utf8Bytes::from(&line), line.len());
    let before = program.memory().await;
    let (mib, mut peak) = (promised(200), 0);
    let began = Instant::now();
    for _ in 0..mib {
        // A mebibyte at a time, and all of it heard before the next.
        let lines = MIB / bytes;
        let speaking = async {
            for _ in 0..lines {
                sink.send(Message::Text(line.clone())).await.unwrap();
            }
        };
        let hearing = async {
            let mut heard = 0;
            while heard < lines {
                let said = stream.next().await.expect("there is more").unwrap();
                heard += usize::from(said.to_text().unwrap().contains(r#""type":"message""#));
            }
        };
        timeout(PATIENCE, futures::future::join(speaking, hearing)).await.expect("in time");
        peak = peak.max(program.memory().await);
    }
    let heard = began.elapsed();
    // It is told, and has the close deadline to answer; we may have been quicker than that.
    let leaving = async {
        while program.stats().await["closes"]["1013"] != 1 {
            sleep(LOOK).await;
        }
    };
    timeout(PATIENCE, leaving).await.expect("who never reads is let go");
    let grown = peak.saturating_sub(before);
    println!("{mib} MiB broadcast in {heard:.1?}: {} KiB more, and 1013", grown >> 10);
    assert!(grown < 16 * MIB as u64, "{grown} bytes");
}
