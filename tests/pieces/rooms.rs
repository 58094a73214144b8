//! The rooms of a server: however many are asked for, there are so many and no more.

use futures::FutureExt;
use http::Request;
use tokio::io::duplex;
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet};
use ws101::chat::{Chat, ROOMS_MAX, Rooms, SUBPROTOCOL};
use ws101::handshake::Agreement;
use ws101::room::Room;
use ws101::settings::Settings;
use ws101::upgrade::Peer;

const ASKED: usize = 10_000;

/// Connects to the room with that number. The code of the close frame, if the room refused.
fn enter(rooms: &mut Rooms, hub: &Hub, room: usize) -> (Mailbox, Option<u16>) {
    let mut agreement = Agreement::new("dGhlIHNhbXBsZSBub25jZQ==");
    agreement.subprotocol = Some(SUBPROTOCOL.to_owned());
    let request = Request::get(format!("/ws?room=room-{room}")).body(()).unwrap();
    let (near, _) = duplex(1);
    let mailbox = hub.join(&Outlet::new(near));
    rooms.joined(mailbox.id(), &Peer::new(&request, &agreement), hub);
    let closed = mailbox.drive().now_or_never().map(|frame| u16::from(frame.unwrap().code));
    (mailbox, closed)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_rooms_with_people_are_two_hundred() {
    let hub = Hub::new(HubOptions::default());
    let mut rooms = Rooms::new(Chat::new(&Settings::default()));
    let mut kept = Vec::new();
    for room in 0..ASKED {
        let (mailbox, closed) = enter(&mut rooms, &hub, room);
        // The first room is `general`, which nobody is in.
        assert_eq!(closed, (room + 1 >= ROOMS_MAX).then_some(1013), "room {room}");
        kept.push(mailbox);
    }
    // Everyone who is in a room still is, and a place that is given up is somebody else's.
    assert_eq!(enter(&mut rooms, &hub, 7).1, None);
    let first = kept.swap_remove(0);
    let who = first.id();
    drop(first);
    rooms.left(who, &hub);
    assert_eq!(enter(&mut rooms, &hub, ASKED).1, None);
    assert_eq!(enter(&mut rooms, &hub, ASKED + 1).1, Some(1013));
}

/// A room that everybody left makes place for the next, so nobody can use up the rooms by visiting them.
#[tokio::test(start_paused = true)]
async fn ten_thousand_visits_leave_place_for_a_room() {
    let hub = Hub::new(HubOptions::default());
    let mut rooms = Rooms::new(Chat::new(&Settings::default()));
    for room in 0..ASKED {
        let (mailbox, closed) = enter(&mut rooms, &hub, room);
        assert_eq!(closed, None, "room {room}");
        let who = mailbox.id();
        drop(mailbox);
        rooms.left(who, &hub);
    }
}
