//! The project's own echo, in the process of the test.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use ws101::handshake::Policy;
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::config;
use ws101::{close, echo::echo, server};

/// Starts an echo at `path`, and nothing at other paths.
pub async fn echoing(path: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let policy = Policy { paths: vec![path.into()], ..Policy::default() };
    let sockets =
        server::sockets(policy, Settings::default().caps(), &shutdown, |accepted| async {
            let mut socket = accepted.into_socket(config(1 << 16)).await;
            let ended = echo(&mut socket, str::to_owned).await;
            close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
        });
    tokio::spawn(server::serve(&Settings::default(), listener, [sockets], shutdown));
    address
}
