//! Faults as steps of a scenario: each has its effect over real sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use ws101::fault::{FORMS, Rule};
use ws101::handshake::Policy;
use ws101::scenario::{Played, Scenario};
use ws101::transcript::Transcript;
use ws101::upgrade::{HEAD_DEADLINE, accept, config};
use ws101::{close, echo::echo};

/// An echo at any path.
async fn echoing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let Ok(accepted) = accept(tcp, &Policy::default(), HEAD_DEADLINE).await else {
                    return;
                };
                let mut socket = accepted.into_socket(config(1 << 20)).await;
                let ended = echo(&mut socket, str::to_owned).await;
                close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
            });
        }
    });
    address
}

async fn play(lines: &str) -> Played {
    let text = format!("@timeout 30s\n\n== a fault\n{lines}\n");
    let scenario: Scenario = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(scenario.to_string(), text, "it reads back");
    scenario.play(Transcript::tcp(echoing().await)).await
}

const OPEN: &str = "bob -> GET /\nbob <- 101\n";

/// The effect of a fault on an open connection; times are limits that a slow machine does not change.
const OPENED: [(&str, &str); 16] = [
    ("close 4000 \"bye\"", "bob << close 4000 \"bye\"\nbob >> close 4000 \"bye\"\nbob -- eof"),
    ("reset", "bob -- reset by peer"),
    ("silence", "bob >> text \"hi\"\nbob << nothing for 300ms"),
    ("cut 3 from server", "bob >> text \"hello\"\nbob << torn text 1 of 5 bytes\nbob -- eof"),
    // 2 + 10 bytes, 2 of them each 100 ms.
    (
        "slow 20 from server",
        "bob >> text \"0123456789\"\nbob << text \"0123456789\" within 400ms..30s",
    ),
    ("split 2", "bob >> text \"hello\"\nbob << text \"hello\""),
    ("coalesce 300ms from server", "bob >> text \"hi\"\nbob << text \"hi\" within 200ms..30s"),
    ("forge 89 01 31 from server", "bob << ping \"1\"\nbob >> pong \"1\""),
    ("forge 81 82 00 00 00 00 68 69 from client", "bob << text \"hi\""),
    ("drop text from server", "bob >> text \"lost\"\nbob >> ping\nbob << pong"),
    (
        "delay text 300ms from server",
        "bob >> text \"late\"\nbob >> ping\nbob << pong\nbob << text \"late\"",
    ),
    ("duplicate text from client", "bob >> text \"hi\"\nbob << text \"hi\"\nbob << text \"hi\""),
    (
        "reorder text from client",
        "bob >> text \"1\"\nbob >> text \"2\"\nbob << text \"2\"\nbob << text \"1\"",
    ),
    ("flip binary from server", "bob >> binary 00 00\nbob << binary 08 00"),
    (
        "drop text from server after 1",
        "bob >> text \"a\"\nbob << text \"a\"\nbob >> text \"b\"\nbob >> ping\nbob << pong",
    ),
    (
        "delay text 3600s",
        "bob >> text \"hi\"\nbob >> ping\nbob << pong\nbob -- fault off\nbob << text \"hi\"",
    ),
];

#[tokio::test]
async fn each_fault_acts_on_an_open_connection() {
    let mut words = BTreeSet::from(["refuse"]);
    for (fault, then) in OPENED {
        let rule: Rule = fault.parse().unwrap();
        let played = play(&format!("{OPEN}bob -- fault {rule}\n{then}")).await;
        assert!(played.difference.is_none(), "{played}");
        let word = FORMS
            .iter()
            .find_map(|form| form.split(' ').next().filter(|word| fault.starts_with(word)));
        words.insert(word.unwrap());
    }
    assert_eq!(words.len(), FORMS.len(), "each is tried");
}

/// A fault may stand before its connection, name one of several, or a path.
#[tokio::test]
async fn a_fault_waits_for_its_connection() {
    for lines in [
        "bob -- fault refuse 503\nbob -> GET /\nbob <- 503 ...\nbob -- eof\nbob -- fault off\nbob -> GET /\nbob <- 101",
        "bob -- fault refuse 403 on c1\nbob -> GET /\nbob <- 403 ...\nbob -- eof\nbob -> GET /\nbob <- 101",
        "bob -- fault refuse 404 on /there\nbob -> GET /there\nbob <- 404 ...\nbob -- eof\nbob -> GET /\nbob <- 101",
        "bob -- fault refuse nothing\nbob -> GET /\nbob << nothing for 300ms",
        "bob -- fault duplicate text from server\nbob -> GET /\nbob <- 101\nbob >> text \"hi\"\nbob << text \"hi\"\nbob << text \"hi\"\nann -> GET /\nann <- 101\nann >> text \"once\"\nann << text \"once\"",
    ] {
        let played = play(lines).await;
        assert!(played.difference.is_none(), "{played}");
    }
}

/// The bit that is turned follows from the seed: of the file, and of a transcript.
#[tokio::test]
async fn what_is_random_is_the_same_in_every_run() {
    let flipped = async |seed: u64| {
        let text = format!(
            "@seed {seed}\n\n== a bit\n{OPEN}bob -- fault flip binary from server\nbob >> binary 00 00 00 00\nbob << binary <bits>\n"
        );
        let scenario: Scenario = text.parse().unwrap();
        let played = scenario.play(Transcript::tcp(echoing().await)).await;
        assert!(played.difference.is_none(), "{played}");
        let mut t = Transcript::tcp(echoing().await);
        t.seed(seed);
        t.fault("bob", "flip binary from server".parse().unwrap()).await;
        t.connect("bob", "/").await;
        t.send("bob", vec![0; 4]).await;
        t.until("bob", "binary").await;
        let line = t.to_string().lines().last().unwrap().to_owned();
        assert!(played.transcript.to_string().contains(&line), "{line}\n{played}");
        line
    };
    let lines = [flipped(1).await, flipped(1).await, flipped(2).await];
    assert_eq!(lines[0], lines[1]);
    assert_ne!(lines[0], lines[2]);
}

/// A client may be in the middle of a frame: its rest passes, and the fault begins behind it.
#[tokio::test]
async fn a_fault_begins_between_two_frames() {
    let played = play(&format!(
        "{OPEN}bob >> raw 81 82 00 00\nbob -- fault duplicate text from client\nbob >> raw 00 00 68 69\nbob << text \"hi\"\nbob >> text \"twice\"\nbob << text \"twice\"\nbob << text \"twice\""
    ))
    .await;
    assert!(played.difference.is_none(), "{played}");
}
