//! The limits on connections hold in every example with a route for WebSockets, as the settings say.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{PATIENCE, Program, examples};

/// Asks for a WebSocket: the connection, and the status of the answer.
async fn ask(program: &Program) -> (TcpStream, String) {
    let mut tcp = TcpStream::connect(program.address).await.unwrap();
    let head = crate::HEAD.replace("/chat", "/ws").replace("server.com", "localhost");
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut line = [0; "HTTP/1.1 101".len()];
    timeout(PATIENCE, tcp.read_exact(&mut line)).await.expect("it answers in time").unwrap();
    let status = String::from_utf8_lossy(&line[9..]).into_owned();
    (tcp, status)
}

#[tokio::test]
async fn every_route_lets_in_as_many_as_the_settings_say() {
    // The first three speak HTTP by hand.
    for example in &examples()[3..] {
        let program = Program::start(example, &[("WS_MAX_CONNECTIONS", "1")]).await;
        let (_first, status) = ask(&program).await;
        assert_eq!(status, "101", "{example}");
        assert_eq!(ask(&program).await.1, "503", "{example}");
    }
}

/// 600 descriptors are 24 for WebSockets: 512 are for connections that are not WebSockets yet, and
/// 64 for everything else.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_lets_in_as_many_as_it_has_descriptors_for() {
    for example in ["echo", "full_chat"] {
        let few = ["prlimit", "--nofile=600:600"];
        let program = Program::start_by(&few, example, &[]).await;
        let mut open = Vec::new();
        for _ in 0..24 {
            let (socket, status) = ask(&program).await;
            assert_eq!(status, "101", "{example}");
            open.push(socket);
        }
        assert_eq!(ask(&program).await.1, "503", "{example}");
    }
}
