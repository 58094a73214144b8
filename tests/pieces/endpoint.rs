//! A room's sessions, however they end.

use std::time::Duration;

use tokio::io::duplex;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::endpoint::Endpoint;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

/// Tells how many members there are whenever somebody comes or goes.
struct Door(mpsc::UnboundedSender<usize>);

impl Room for Door {
    fn joined(&mut self, _who: ClientId, _peer: &Peer, hub: &Hub) {
        self.0.send(hub.members()).unwrap();
    }

    fn heard(&mut self, _who: ClientId, _message: Message, _hub: &Hub) {}

    fn left(&mut self, _who: ClientId, hub: &Hub) {
        self.0.send(hub.members()).unwrap();
    }
}

#[tokio::test]
async fn whoever_left_is_no_member_even_if_the_session_was_dropped() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let door = Endpoint::open(Door(tell), &Settings::default());
    let (far, near) = duplex(4096);
    let session = tokio::spawn({
        let door = door.clone();
        async move { door.accept(near).await.map(drop) }
    });
    let _client = client_async("ws://localhost/", far).await.expect("101");
    assert_eq!(told.recv().await, Some(1));
    session.abort();
    assert!(session.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(told.recv().await, Some(0));
}

/// Tells that time passes.
struct Clock(mpsc::UnboundedSender<Duration>);

impl Room for Clock {
    fn heard(&mut self, _who: ClientId, _message: Message, _hub: &Hub) {}

    fn tick(&mut self, now: Duration, _hub: &Hub) {
        self.0.send(now).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn time_passes_in_a_room_that_is_told_no_statistics() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let _clock =
        Endpoint::open(Clock(tell), &Settings { stats: Duration::ZERO, ..Settings::default() });
    for second in 1..=3 {
        let ticked = timeout(Duration::from_secs(60), told.recv()).await.expect("it ticks");
        assert_eq!(ticked, Some(Duration::from_secs(second)));
    }
}
