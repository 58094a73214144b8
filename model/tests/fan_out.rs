//! Two writers, one session, a stream that is sometimes full.

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101_model::broadcast::{ClientId, Hub, Mailbox, Outlet, Overflow};
use ws101_model::pipe::{self, Far};
use ws101_model::scheduler::{block_on, explore, spawn};

/// The most bytes of a frame's payload that are looked at.
const KEEP: usize = 16;

/// A session that only listens: what `ws101::session::run` does with its mailbox.
async fn listen(mailbox: Mailbox, mut outlet: Outlet) {
    let goodbye = mailbox.drive().await.expect("this stream never fails");
    mailbox.leave();
    let mut frame = BytesMut::new();
    Frame::new(Opcode::Close, u16::from(goodbye.code).to_be_bytes().to_vec()).encode(&mut frame);
    outlet.write_all(&frame).await.expect("this stream never fails");
    outlet.shutdown().await.expect("this stream never fails");
}

/// Everything a client is told until the end: its frames' payloads.
async fn hear(far: Far) -> Vec<String> {
    let mut decoder = Decoder::new(KEEP);
    let mut heard = Vec::new();
    while let Some(bytes) = far.read().await {
        decoder.push(&bytes);
        heard.extend(decoder.by_ref().map(|frame| match frame.close_code() {
            Some((code, _)) => code.to_string(),
            None => String::from_utf8(frame.payload.to_vec()).expect("a frame arrives whole"),
        }));
    }
    assert_eq!(decoder.pending(), None, "a frame arrives whole");
    heard
}

/// A member whose session is running, and the client's end of its connection.
fn member(hub: &Hub, (buffer, capacity): (usize, usize)) -> (ClientId, Far) {
    let (near, far) = pipe::pair(buffer, capacity);
    let outlet = Outlet::new(near);
    let mailbox = hub.join(&outlet);
    let who = mailbox.id();
    spawn(listen(mailbox, outlet));
    (who, far)
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let explored = explore(model);
    println!("{explored:?}");
}

fn a_round_and_a_reply(sizes: (usize, usize)) {
    check(move || {
        let hub = Hub::new(1024, Overflow::Disconnect);
        let (who, far) = member(&hub, sizes);
        hub.broadcast(Message::text("a"));
        spawn(async move {
            hub.send(who, Message::text("b"));
            hub.close(who, CloseCode::Normal, "");
        });
        assert_eq!(block_on(hear(far)), ["a", "b", "1000"]);
    });
}

#[test]
fn all_arrives_in_order_through_a_stream_that_is_full_now_and_then() {
    a_round_and_a_reply((0, 3));
}

#[test]
fn all_arrives_in_order_through_a_stream_that_holds_back() {
    a_round_and_a_reply((5, 3));
}
