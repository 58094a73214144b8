//! A message that the room cannot survive.

use super::*;

/// A room with a bug.
struct Fragile;

impl Room for Fragile {
    fn joined(&mut self, who: ClientId, _peer: &Peer, hub: &Hub) {
        hub.send(who, WELCOME);
    }

    fn heard(&mut self, _who: ClientId, message: Message, hub: &Hub) {
        assert_ne!(message, Message::text("poison"), "this room's bug");
        hub.broadcast(message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_harms_whoever_sent_it_and_none_of_the_other_ninety_nine() {
    let settings = patient();
    let room = Endpoint::open(Fragile, &settings);
    let (address, _serving) = start(&room, &settings);
    let mut clients = join_all((0..100).map(|_| enter(address))).await;
    let mut mad = clients.pop().expect("there are a hundred");
    mad.send(Message::text("poison")).await.unwrap();
    let (heard, code) = rest(&mut mad).await;
    assert_eq!((heard, code), (vec![], Some(CloseCode::Error)));

    for (n, client) in clients.iter_mut().enumerate() {
        client.send(Message::text(n.to_string())).await.unwrap();
    }
    let said = clients.len();
    for client in &mut clients {
        for _ in 0..said {
            assert!(next(client).await.unwrap().unwrap().is_text());
        }
    }
    eventually("without it", || room.report().connections == 99).await;
    assert_eq!(room.report().closes, [(1011, 1)].into());
    println!("1011 to one; the other {said} heard {said} lines each");
}
