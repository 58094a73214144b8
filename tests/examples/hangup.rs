//! SIGHUP, which comes when a terminal is closed.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::program::Program;
use crate::{HEAD, SWITCHED, read, talk_to};

/// The examples that say goodbye before they end.
const DRAINING: [&str; 5] = ["shutdown", "reconnect", "names_and_typing", "full_chat", "guess"];

/// Starts a program with SIGHUP as it is by default, even if the tests run under `nohup`.
const HEARING: &[&str] =
    if cfg!(target_os = "linux") { &["env", "--default-signal=HUP"] } else { &[] };

#[tokio::test]
async fn a_terminal_that_is_closed_ends_a_server_with_a_goodbye() {
    for example in DRAINING {
        let mut program = Program::start_by(HEARING, example, &[]).await;
        let mut t = talk_to(program.address);
        t.connect("ann", "/ws").await;
        program.signal("HUP").await;
        assert_eq!(program.ended().await, Some(0), "{example}");
        t.pass(Duration::from_millis(100)).await;
        assert!(t.to_string().contains("close 1001"), "{example}: {t}");
    }
}

#[tokio::test]
async fn a_second_one_ends_it_at_once_with_the_status_of_a_shell() {
    let settings = [("WS_DRAIN_MS", "600000")];
    let mut program = Program::start_by(HEARING, "shutdown", &settings).await;
    // It does not answer the close, so there is something to wait for.
    let mut deaf = TcpStream::connect(program.address).await.unwrap();
    deaf.write_all(HEAD.as_bytes()).await.unwrap();
    read(&mut deaf, SWITCHED).await;
    program.signal("HUP").await;
    program.said(|said| said.contains("SIGHUP").then_some(())).await;
    program.signal("HUP").await;
    assert_eq!(program.ended().await, Some(129));
}

/// `nohup` starts a program with SIGHUP ignored, and it is to stay so.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_nohup_started_outlives_its_terminal() {
    let program = Program::start_by(&["nohup"], "full_chat", &[]).await;
    program.signal("HUP").await;
    program.signal("TERM").await;
    let said = program.said(|said| said.contains("goodbye").then(|| said.to_owned())).await;
    assert!(said.contains("SIGTERM") && !said.contains("SIGHUP"), "{said}");
}
