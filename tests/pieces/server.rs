//! WebSockets and a page on one port: who is answered by which.

use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::Message;
use warp::{Filter, Reply};
use ws101::handshake::Policy;
use ws101::limits::{Allowance, Caps};
use ws101::server::{serve, sockets};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::transcript::{Request, Transcript};
use ws101::upgrade::config;

/// A page on every path, and WebSockets that say where they were asked for.
async fn site(paths: &[&'static str]) -> (SocketAddr, Shutdown) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::default());
    let policy =
        Policy { paths: paths.iter().map(|&path| path.into()).collect(), ..Policy::default() };
    let greeting = sockets(policy, Settings::default().caps(), &shutdown, |accepted| async {
        let target = accepted.peer.target().to_string();
        let mut socket = accepted.into_socket(config(1024)).await;
        let _ = socket.send(Message::text(target)).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let page = warp::any().map(|| "a page\n".into_response());
    tokio::spawn(serve(&Settings::default(), listener, [greeting, page.boxed()], shutdown.clone()));
    (address, shutdown)
}

#[tokio::test]
async fn whoever_asks_for_a_socket_never_gets_a_page() {
    let (address, _shutdown) = site(&[]).await;
    let mut t = Transcript::tcp(address);
    t.any("date");
    t.step("a WebSocket anywhere");
    t.connect("ann", "/?dialect=broadcast_server").await;
    t.step("a broken handshake is told what is wrong");
    t.connect("bob", Request::new("/").without("Sec-WebSocket-Key")).await;
    t.connect("cat", Request::new("/").without("Upgrade")).await;
    t.step("a reader gets the page, on any path");
    t.connect("dan", Request::raw("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .await;
    insta::assert_snapshot!(t);
}

#[tokio::test]
async fn a_path_of_sockets_is_never_a_page() {
    let (address, _shutdown) = site(&["/ws"]).await;
    let mut t = Transcript::tcp(address);
    t.any("date");
    t.connect("ann", "/ws").await;
    t.step("elsewhere there is none");
    t.connect("bob", "/").await;
    t.step("a reader is told what is there");
    t.connect("cat", Request::raw("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .await;
    insta::assert_snapshot!(t);
}

/// A WebSocket to a server, or the status of its refusal.
async fn open(address: SocketAddr) -> Result<WebSocketStream<TcpStream>, u16> {
    let tcp = TcpStream::connect(address).await.unwrap();
    match client_async(format!("ws://{address}/"), tcp).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_connection_counts_until_its_stream_is_dropped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let caps = Caps::new(Allowance { connections: 1, ..Allowance::default() });
    let (dropping, dropped) = tokio::sync::watch::channel(());
    // The stream is dropped at a message, and the task runs on.
    let route = sockets(Policy::default(), caps, &shutdown, move |accepted| {
        let dropping = dropping.clone();
        async move {
            let mut socket = accepted.into_socket(config(1024)).await;
            let _ = socket.next().await;
            drop(socket);
            dropping.send_replace(());
            std::future::pending::<()>().await;
        }
    });
    tokio::spawn(serve(&Settings::default(), listener, [route], shutdown.clone()));
    let mut dropped = dropped;
    for _ in 0..2 {
        let mut socket = open(address).await.unwrap();
        assert_eq!(open(address).await.unwrap_err(), 503, "one is as many as may be");
        socket.send(Message::text("drop it")).await.unwrap();
        dropped.changed().await.unwrap();
    }
}
