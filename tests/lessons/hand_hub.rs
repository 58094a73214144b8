//! A hub in forty lines, as lesson 5 shows it, and what breaks about it.
//!
//! The lesson quotes this file and its snapshots, so the code is compiled and what is said about it
//! is played.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use ws101::broadcast::{self, Hub, HubOptions, Mailbox, Outlet};
use ws101::close::{CLOSE_DEADLINE, Ended, finish, next_message};
use ws101::handshake::Policy;
use ws101::stream::Rewind;
use ws101::transcript::{Pipe, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept, config};

/// How many messages may wait for one client.
const QUEUE: usize = 4;

/// Everyone who is connected: an id, and the queue of messages for it.
#[derive(Default)]
struct HandHub(Mutex<HashMap<String, mpsc::Sender<Message>>>);

impl HandHub {
    /// Adds a client, and gives it the end of its queue.
    fn join(&self, id: &str) -> mpsc::Receiver<Message> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.0.lock().unwrap().insert(id.to_owned(), sender);
        receiver
    }

    fn leave(&self, id: &str) {
        self.0.lock().unwrap().remove(id);
    }

    /// Puts a copy into every queue. A client whose queue is full is dropped.
    fn broadcast(&self, message: &Message) {
        let mut clients = self.0.lock().unwrap();
        clients.retain(|_, queue| queue.try_send(message.clone()).is_ok());
    }
}

/// One client: sends what waits in its queue, and passes on what it says.
async fn talk(socket: &mut Socket, hub: &HandHub, id: &str) -> Result<(), Error> {
    let mut queue = hub.join(id);
    loop {
        tokio::select! {
            said = socket.next() => match said {
                Some(Ok(text @ Message::Text(_))) => hub.broadcast(&text),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
            waiting = queue.recv() => match waiting {
                Some(message) => socket.send(message).await?,
                None => return Ok(()), // The hub has dropped this client.
            },
        }
    }
}

type Socket = WebSocketStream<Rewind<Pipe>>;

/// A server with this hub, and clients with little between it and them: 64 bytes.
fn server() -> (Transcript, Arc<HandHub>) {
    let hub = Arc::new(HandHub::default());
    let shared = hub.clone();
    let mut t = Transcript::new(move |pipe| {
        let hub = shared.clone();
        async move {
            let accepted =
                accept(pipe, &Policy::default(), HEAD_DEADLINE).await.expect("a good request");
            let id = accepted.peer.id.clone();
            let mut socket = accepted.into_socket(config(1024)).await;
            let _ = talk(&mut socket, &hub, &id).await;
            hub.leave(&id);
        }
    });
    t.capacity(64);
    (t, hub)
}

#[tokio::test(start_paused = true)]
async fn everyone_hears() {
    let (mut t, hub) = server();
    for name in ["ann", "bob", "eve"] {
        t.connect(name, "/").await;
    }
    t.step("ann speaks");
    t.send("ann", "Hello").await;
    t.step("bob leaves, eve is cut off, ann speaks on");
    t.close("bob", 1000, "").await;
    t.vanish("eve").await;
    t.send("ann", "Who is here?").await;
    assert_eq!(hub.0.lock().unwrap().len(), 1, "who left is not in the map");
    insta::assert_snapshot!(t);
}

/// Bob takes nothing, and ann goes on.
async fn bob_stops_reading(t: &mut Transcript) {
    t.connect("ann", "/").await;
    t.connect("bob", "/").await;
    t.step("bob stops reading");
    t.stop_reading("bob").await;
    for n in 1..=9 {
        t.send("ann", format!("message number {n}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_not_told() {
    let (mut t, hub) = server();
    bob_stops_reading(&mut t).await;
    t.step("an hour later bob is still connected, and no longer in the hub");
    t.pass(Duration::from_hours(1)).await;
    assert_eq!(hub.0.lock().unwrap().len(), 1, "only ann is in the map");
    t.step("bob reads again");
    t.resume("bob").await;
    insta::assert_snapshot!(t);
}

/// The conversation of `examples/broadcast.rs`, without its checks.
async fn converse(socket: &mut broadcast::Socket, hub: &Hub, me: Mailbox) -> Ended {
    loop {
        tokio::select! {
            said = next_message(socket) => {
                hub.broadcast(said?);
            }
            evicted = me.drive() => return Err(evicted.into()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_hub_tells_a_slow_client() {
    let hub = Hub::new(HubOptions { capacity: 60, ..HubOptions::default() });
    let mut t = Transcript::new(move |pipe| {
        let hub = hub.clone();
        async move {
            let accepted =
                accept(pipe, &Policy::default(), HEAD_DEADLINE).await.expect("a good request");
            let accepted = accepted.map(Outlet::new);
            let me = hub.join(&accepted.io);
            let mut socket = accepted.into_socket(config(1024)).await;
            let Err(end) = converse(&mut socket, &hub, me).await;
            finish(&mut socket, end, CLOSE_DEADLINE).await
        }
    });
    t.capacity(64);
    bob_stops_reading(&mut t).await;
    t.step("bob reads again, and is told");
    t.resume("bob").await;
    insta::assert_snapshot!(t);
}
