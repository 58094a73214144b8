//! The silent, the slow, and the last words of a server.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::endpoint::Endpoint;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::transcript::Transcript;
use ws101::upgrade::Peer;

use super::{chat, enter};

/// A room with a mistake in it, in whichever event is asked for.
struct Fragile;

impl Room for Fragile {
    fn joined(&mut self, _who: ClientId, peer: &Peer, _hub: &Hub) {
        assert_ne!(peer.target().path(), "/joined", "as it was asked to");
    }

    fn heard(&mut self, _who: ClientId, message: Message, hub: &Hub) {
        assert_ne!(message, Message::text("heard"), "as it was asked to");
        hub.broadcast(message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_one_connection_and_no_other() {
    let room = Endpoint::open(Fragile, &Settings::default());
    let serving = room.clone();
    let mut t = Transcript::new(move |pipe| {
        let room = serving.clone();
        async move { room.accept(pipe).await.map(drop) }
    });
    t.connect("ann", "/").await;
    t.step("a panic when something is heard");
    t.connect("bob", "/").await;
    t.send("bob", "heard").await;
    t.step("a panic when someone comes");
    t.connect("cat", "/joined").await;
    t.step("the others go on");
    t.connect("dan", "/").await;
    t.send("ann", "still here").await;
    assert_eq!(room.report().closes, [(1011, 2)].into());
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_let_go() {
    let (mut t, chat) = chat(&Settings { stats: Duration::from_secs(600), ..Settings::default() });
    enter(&mut t, "ann").await;
    enter(&mut t, "bob").await;
    t.step("both are asked, both answer");
    t.pass(Duration::from_secs(26)).await;
    t.step("bob's cable is pulled: the socket stays open, and nobody answers");
    t.mute("bob").await;
    t.pass(Duration::from_secs(45)).await;
    assert_eq!(chat.report().closes, [(1011, 1)].into());
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_let_go() {
    let settings = Settings { max_queue_bytes: 1_024, ..Settings::default() };
    let (mut t, chat) = chat(&settings);
    t.capacity(512);
    enter(&mut t, "ann").await;
    enter(&mut t, "bob").await;
    t.step("bob stops reading; ann goes on talking, and hears herself");
    t.stop_reading("bob").await;
    for n in 1..=8 {
        t.send("ann", format!(r#"{{"type":"message","content":"line {n}"}}"#)).await;
    }
    t.step("bob reads again: what was under way, a goodbye, and an end");
    t.resume("bob").await;
    t.pass(Duration::from_secs(6)).await;
    assert_eq!(chat.report().closes, [(1013, 1)].into());
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_announced_and_waited_for() {
    let (mut t, chat) = chat(&Settings::default());
    enter(&mut t, "ann").await;
    enter(&mut t, "bob").await;
    t.connect("visitor", crate::v1()).await;
    enter(&mut t, "mute").await;
    t.mute("mute").await;
    t.step("the server is told to stop");
    let closing = tokio::spawn(async move { chat.close().await });
    t.pass(Duration::from_secs(6)).await;
    t.step("nobody can come in any more");
    t.connect("late", crate::v1()).await;
    assert_eq!(closing.await.unwrap(), 0, "even the mute one was given up on in time");
    insta::assert_snapshot!(t);
}
