//! Every end has a code, and takes no longer than it may.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use ws101::close::{CLOSE_DEADLINE, Closed, ClosedBy, close_frame, reply, start};
use ws101::stream::LINGER;
use ws101::upgrade::config;

type Socket = WebSocketStream<DuplexStream>;

async fn pair() -> (Socket, Socket) {
    let (far, near) = duplex(4096);
    let client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    (client, WebSocketStream::from_raw_socket(near, Role::Server, Some(config(1024))).await)
}

#[test]
fn a_reason_is_cut_at_a_character_to_fit_a_control_frame() {
    assert_eq!(close_frame(CloseCode::Normal, "bye").reason.as_str(), "bye");
    assert_eq!(close_frame(CloseCode::Normal, &"x".repeat(200)).reason.len(), 123);
    // 61 letters of two bytes, and no half of the next.
    assert_eq!(close_frame(CloseCode::Normal, &"я".repeat(100)).reason.as_str(), "я".repeat(61));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_is_answered_is_clean() {
    let (mut client, mut server) = pair().await;
    let client = tokio::spawn(async move {
        client.send(Message::text("in flight")).await.unwrap();
        let close = client.next().await.unwrap().unwrap();
        // Reading on sends the answer and meets the end.
        assert!(client.next().await.is_none());
        close
    });
    let closed = start(&mut server, close_frame(CloseCode::Away, "later"), CLOSE_DEADLINE).await;
    let expected =
        Closed { code: CloseCode::Away, reason: "later".into(), by: ClosedBy::Us, clean: true };
    assert_eq!(closed, expected);
    assert_eq!(client.await.unwrap(), Message::Close(Some(close_frame(CloseCode::Away, "later"))));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_to_someone_who_does_not_listen_ends_all_the_same() {
    let (_client, mut server) = pair().await;
    let began = Instant::now();
    let closed = start(&mut server, close_frame(CloseCode::Error, "no pong"), CLOSE_DEADLINE).await;
    assert_eq!((closed.code, closed.clean), (CloseCode::Error, false));
    assert_eq!(began.elapsed(), CLOSE_DEADLINE + LINGER);
}

#[tokio::test(start_paused = true)]
async fn the_peers_code_is_answered_with_its_own() {
    let (mut client, mut server) = pair().await;
    client.close(Some(close_frame(CloseCode::Library(4321), "mine"))).await.unwrap();
    let Some(Ok(Message::Close(frame))) = server.next().await else { panic!("a close frame") };
    let closed = reply(&mut server, Ok(frame), CLOSE_DEADLINE).await;
    let code = CloseCode::Library(4321);
    assert_eq!(closed, Closed { code, reason: "mine".into(), by: ClosedBy::Peer, clean: true });
    let echoed = client.next().await.unwrap().unwrap();
    assert_eq!(echoed, Message::Close(Some(close_frame(CloseCode::Library(4321), "mine"))));
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_without_a_code_is_1005() {
    let (mut client, mut server) = pair().await;
    client.close(None).await.unwrap();
    let Some(Ok(Message::Close(frame))) = server.next().await else { panic!("a close frame") };
    let closed = reply(&mut server, Ok(frame), CLOSE_DEADLINE).await;
    assert_eq!((closed.code, closed.by, closed.clean), (CloseCode::Status, ClosedBy::Peer, true));
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_1006_by_nobody() {
    let (client, mut server) = pair().await;
    drop(client);
    let Some(Err(error)) = server.next().await else { panic!("an error") };
    let closed = reply(&mut server, Err(error), CLOSE_DEADLINE).await;
    assert_eq!(
        (closed.code, closed.by, closed.clean),
        (CloseCode::Abnormal, ClosedBy::Nobody, false)
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_breaks_a_rule_is_told_which() {
    let (mut client, mut server) = pair().await;
    client.send(Message::text("x".repeat(1025))).await.unwrap();
    let Some(Err(error)) = server.next().await else { panic!("too long") };
    assert!(matches!(error, Error::Capacity(_)));
    let began = Instant::now();
    let telling = tokio::spawn(async move { reply(&mut server, Err(error), CLOSE_DEADLINE).await });
    let told = client.next().await.unwrap().unwrap();
    let Message::Close(Some(frame)) = told else { panic!("{told:?}") };
    assert_eq!(frame.code, CloseCode::Size);
    assert_eq!(frame.reason.as_str(), "a message may have 1024 bytes (RFC 6455 7.4.1)");
    // The peer goes on sending; it is read, so that no reset overtakes the frame.
    let mut far = client.into_inner();
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    drop(far);
    let closed = telling.await.unwrap();
    assert_eq!((closed.by, closed.clean), (ClosedBy::Us, false));
    assert!(began.elapsed() < LINGER + Duration::from_millis(1));
}
