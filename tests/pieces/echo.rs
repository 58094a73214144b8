//! What comes in goes out again; who does not read holds up only itself.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::duplex;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use ws101::echo::{WRITE_DEADLINE, echo};
use ws101::upgrade::config;

#[tokio::test]
async fn text_gets_the_prefix_and_binary_comes_back_as_it_was() {
    let (far, near) = duplex(1024);
    let mut server = WebSocketStream::from_raw_socket(near, Role::Server, Some(config(1024))).await;
    let serving =
        tokio::spawn(async move { echo(&mut server, |said| format!("Принято: {said}")).await });
    let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    for (sent, back) in [
        (Message::text("Привет"), Message::text("Принято: Привет")),
        (Message::text(""), Message::text("Принято: ")),
        (Message::binary(vec![0, 255]), Message::binary(vec![0, 255])),
    ] {
        client.send(sent).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), back);
    }
    client.close(None).await.unwrap();
    assert!(matches!(serving.await.unwrap(), Ok(None)));
}

/// How long one writes that reads nothing.
const TALK: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_given_up_on() {
    let (far, near) = duplex(256);
    let began = Instant::now();
    let mut server = WebSocketStream::from_raw_socket(near, Role::Server, Some(config(4096))).await;
    let serving = tokio::spawn(async move { echo(&mut server, str::to_owned).await });
    let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    // Fills both directions; the client's own writing is then stuck as well.
    let talking = async { while client.send(Message::text("x".repeat(1000))).await.is_ok() {} };
    let _ = tokio::time::timeout(TALK, talking).await;
    let error = serving.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut),
        "{error}"
    );
    let took = began.elapsed();
    assert!((WRITE_DEADLINE..TALK + WRITE_DEADLINE).contains(&took), "{took:?}");
}
