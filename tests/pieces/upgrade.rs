//! From a stream to a socket: split heads, hasty clients, deadlines.

use std::convert::Infallible;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::{Error, Message};
use ws101::frame::Frame;
use ws101::handshake::{Policy, Rejection};
use ws101::http::{Request, Response};
use ws101::hyper::body::Incoming;
use ws101::hyper::server::conn::http1;
use ws101::hyper::service::service_fn;
use ws101::hyper_util::rt::TokioIo;
use ws101::limits::{Allowance, Caps};
use ws101::upgrade::{AcceptError, HEAD_DEADLINE, PendingUpgrade, Upgrade, accept, config};

const HEAD: &str = "GET /chat?name=%D0%90 HTTP/1.1\r\nhost: 127.0.0.1\r\nUPGRADE: WebSocket\r\n\
    Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nUser-Agent: test\r\n\r\n";

#[tokio::test]
async fn a_head_split_anywhere_is_the_same_head() {
    for at in (0..HEAD.len()).step_by(7) {
        let (mut far, near) = duplex(4096);
        let accepting =
            tokio::spawn(async move { accept(near, &Policy::default(), HEAD_DEADLINE).await });
        far.write_all(&HEAD.as_bytes()[..at]).await.unwrap();
        tokio::task::yield_now().await;
        far.write_all(&HEAD.as_bytes()[at..]).await.unwrap();
        let peer = accepting.await.unwrap().unwrap().peer;
        assert_eq!(peer.target(), "/chat?name=%D0%90");
        assert_eq!(peer.user_agent(), "test");
        assert_eq!((peer.subprotocol, peer.ends), (None, None));
    }
}

#[tokio::test]
async fn a_query_is_decoded() {
    let head =
        HEAD.replace("name=%D0%90", "name=%D0%90nn+%26%20co&a%3Db=c%3Dd&name=x&bare&bad=%ff%z");
    let (mut far, near) = duplex(4096);
    far.write_all(head.as_bytes()).await.unwrap();
    let peer = accept(near, &Policy::default(), HEAD_DEADLINE).await.unwrap().peer;
    for (name, value) in [
        ("name", Some("Аnn & co")),
        ("a=b", Some("c=d")),
        ("bare", Some("")),
        ("bad", Some("\u{fffd}%z")),
        ("Name", None),
    ] {
        assert_eq!(peer.query(name), value, "{name}");
    }
    let elsewhere = peer.with_target("/ws?bad=good".parse().unwrap());
    assert_eq!((elsewhere.query("bad"), elsewhere.query("bare")), (Some("good"), None));
}

#[tokio::test]
async fn frames_sent_behind_the_head_are_not_lost() {
    let (mut far, near) = duplex(4096);
    let mut hasty = HEAD.as_bytes().to_vec();
    hasty.extend_from_slice(&Frame::text("hello").masked([1, 2, 3, 4]).to_bytes());
    hasty.extend_from_slice(&Frame::text("again").masked([5, 6, 7, 8]).to_bytes());
    far.write_all(&hasty).await.unwrap();
    let accepted = accept(near, &Policy::default(), HEAD_DEADLINE).await.unwrap();
    let mut socket = accepted.into_socket(config(1024)).await;
    for text in ["hello", "again"] {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_answered_at_the_deadline() {
    let (mut far, near) = duplex(4096);
    let began = Instant::now();
    let accepting =
        tokio::spawn(async move { accept(near, &Policy::default(), HEAD_DEADLINE).await });
    for byte in HEAD.as_bytes()[..45].chunks(1) {
        far.write_all(byte).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut answer = String::new();
    far.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    drop(far);
    let refused = accepting.await.unwrap().unwrap_err();
    assert!(matches!(refused, AcceptError::Rejected(Rejection::Timeout)), "{refused}");
    assert!(began.elapsed() < HEAD_DEADLINE + Duration::from_secs(3));
}

#[tokio::test]
async fn hanging_up_early_is_no_error_of_the_servers() {
    let (mut far, near) = duplex(4096);
    far.write_all(b"GET / HT").await.unwrap();
    drop(far);
    let ended = accept(near, &Policy::default(), HEAD_DEADLINE).await.unwrap_err();
    assert!(matches!(ended, AcceptError::Ended), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_does_not_read_the_refusal_is_let_go() {
    let (mut far, near) = duplex(64);
    far.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let began = Instant::now();
    assert!(accept(near, &Policy::default(), HEAD_DEADLINE).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(2));
    drop(far);
}

#[test]
fn no_limit_is_a_limit_too() {
    assert_eq!(config(usize::MAX).max_write_buffer_size, usize::MAX);
}

/// Serves `near` by hyper alone, without warp: a greeting to each WebSocket at `/ws`.
async fn by_hyper(near: DuplexStream) {
    let policy = Policy { paths: vec!["/ws".into()], ..Policy::default() };
    let caps = Caps::new(Allowance::default());
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = match Upgrade::of(&request).answer(&policy, &caps) {
            Ok(pending) => {
                let response = pending.to_response();
                tokio::spawn(greet(pending));
                response
            }
            Err(rejection) => rejection.to_response(),
        };
        async { Ok::<Response<String>, Infallible>(answer) }
    });
    let _ =
        http1::Builder::new().serve_connection(TokioIo::new(near), service).with_upgrades().await;
}

async fn greet(pending: PendingUpgrade) {
    let accepted = pending.granted().await.unwrap();
    let mut socket = accepted.into_socket(config(1024)).await;
    socket.send(Message::text("hi")).await.unwrap();
}

#[tokio::test]
async fn a_server_of_hyper_alone_can_upgrade() {
    let (far, near) = duplex(4096);
    tokio::spawn(by_hyper(near));
    let (mut socket, _) = client_async("ws://localhost/ws", far).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hi"));

    let (far, near) = duplex(4096);
    tokio::spawn(by_hyper(near));
    let refused = client_async("ws://localhost/elsewhere", far).await.unwrap_err();
    assert!(matches!(&refused, Error::Http(response) if response.status() == 404), "{refused}");
}
