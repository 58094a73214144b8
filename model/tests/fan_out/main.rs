//! Models of the hub: two writing tasks, one session, and a stream that is sometimes full.

mod slow;

use std::env;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101_model::broadcast::{ClientId, Hub, HubOptions, Mailbox, Outlet};
use ws101_model::pipe::{self, Far};
use ws101_model::scheduler::{block_on, explore, spawn};

/// The most bytes of a frame's payload that are compared.
const KEEP: usize = 16;

/// A session that sends nothing itself: what `ws101::session::run` does with its mailbox.
async fn listen(mailbox: Mailbox, outlet: Outlet) {
    let goodbye = mailbox.drive().await.expect("this stream never fails");
    say_goodbye(mailbox, outlet, goodbye.code).await;
}

/// The end of a session: it writes everything that was sent, then a close frame.
async fn say_goodbye(mailbox: Mailbox, mut outlet: Outlet, code: CloseCode) {
    mailbox.leave();
    let mut frame = BytesMut::new();
    Frame::new(Opcode::Close, u16::from(code).to_be_bytes().to_vec()).encode(&mut frame);
    outlet.write_all(&frame).await.expect("this stream never fails");
    outlet.shutdown().await.expect("this stream never fails");
}

/// Everything that a client receives until the end: its frames' payloads.
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

/// The first `size` bytes that a client receives.
async fn first(far: &Far, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < size {
        bytes.extend(far.read().await.expect("the end has not come"));
    }
    bytes
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

/// The sizes of two streams: one takes four bytes until the client reads; the other also holds back
/// six bytes until it is flushed.
const STREAMS: [(usize, usize); 2] = [(0, 4), (6, 4)];

fn check(
    preemptions: Option<usize>,
    model: impl Fn((usize, usize)) + Clone + Send + Sync + 'static,
) {
    for sizes in STREAMS {
        let model = model.clone();
        let explored = explore(preemptions, move || model(sizes));
        println!("{sizes:?}: {explored:?}");
    }
}

/// Tries every order.
const ALL: Option<usize> = None;

/// Tries orders with at most two preemptions, where all orders would take hours. `just model 3` tries
/// more.
fn some() -> Option<usize> {
    Some(env::var("MODEL_PREEMPTIONS").map_or(2, |n| n.parse().expect("a number of preemptions")))
}

fn hub() -> Hub {
    Hub::new(HubOptions { capacity: 1024, ..HubOptions::default() })
}

#[test]
fn rounds_and_replies_arrive_in_order() {
    check(some(), |sizes| {
        let hub = hub();
        let (who, far) = member(&hub, sizes);
        hub.broadcast(Message::text("a"));
        hub.send(who, Message::text("b"));
        hub.broadcast(Message::text("c"));
        hub.close(who, CloseCode::Normal, "");
        assert_eq!(block_on(hear(far)), ["a", "b", "c", "1000"]);
    });
}

#[test]
fn a_reply_arrives_while_the_client_reads() {
    check(ALL, |sizes| {
        let hub = hub();
        let (who, far) = member(&hub, sizes);
        let speaker = hub.clone();
        spawn(async move {
            speaker.send(who, Message::text("a"));
            speaker.send(who, Message::text("b"));
        });
        // Nothing more is sent until the client has all of it.
        assert_eq!(block_on(first(&far, 6)), *b"\x81\x01a\x81\x01b");
        hub.close(who, CloseCode::Normal, "");
        assert_eq!(block_on(hear(far)), ["1000"]);
    });
}

#[test]
fn a_round_arrives_while_the_client_reads() {
    check(ALL, |sizes| {
        let hub = hub();
        let (_, far) = member(&hub, sizes);
        hub.broadcast(Message::text("abc"));
        // Nothing more is sent until the client has all of it.
        assert_eq!(block_on(first(&far, 5)), *b"\x81\x03abc");
        hub.close_all(CloseCode::Away, "");
        assert_eq!(block_on(hear(far)), ["1001"]);
    });
}

#[test]
fn another_round_follows() {
    check(some(), |sizes| {
        let hub = hub();
        let (who, far) = member(&hub, sizes);
        for (text, frame) in [("a", b"\x81\x01a"), ("b", b"\x81\x01b")] {
            hub.broadcast(Message::text(text));
            // Nothing more is sent until the client has all of it.
            assert_eq!(block_on(first(&far, 3)), *frame);
        }
        hub.close(who, CloseCode::Normal, "");
        assert_eq!(block_on(hear(far)), ["1000"]);
    });
}

#[test]
fn one_writer_follows_another() {
    explore(some().map(|n| n + 1), || {
        let hub = hub();
        // The stream takes everything, so the session has nothing to do until the end.
        let (who, far) = member(&hub, (0, 64));
        hub.broadcast(Message::text("a"));
        assert_eq!(block_on(first(&far, 3)), *b"\x81\x01a");
        for text in ["b", "c", "d"] {
            hub.broadcast(Message::text(text));
        }
        hub.close(who, CloseCode::Normal, "");
        assert_eq!(block_on(hear(far)), ["b", "c", "d", "1000"]);
    });
}

#[test]
fn nothing_follows_a_goodbye() {
    check(some(), |(buffer, capacity)| {
        let hub = hub();
        let (near, far) = pipe::pair(buffer, capacity);
        let outlet = Outlet::new(near);
        let mailbox = hub.join(&outlet);
        hub.broadcast(Message::text("a"));
        spawn(say_goodbye(mailbox, outlet, CloseCode::Normal));
        hub.broadcast(Message::text("b"));
        let heard = block_on(hear(far));
        assert!(heard == ["a", "1000"] || heard == ["a", "b", "1000"], "{heard:?}");
    });
}

#[test]
fn a_newcomer_hears_what_is_said_from_then_on() {
    // One preemption less: with two members there are many more orders.
    check(some().map(|n| n.saturating_sub(1)), |sizes| {
        let hub = hub();
        let (_, first) = member(&hub, sizes);
        hub.broadcast(Message::text("a"));
        let (_, second) = member(&hub, sizes);
        hub.broadcast(Message::text("b"));
        hub.close_all(CloseCode::Away, "");
        assert_eq!(block_on(hear(first)), ["a", "b", "1001"]);
        assert_eq!(block_on(hear(second)), ["b", "1001"]);
    });
}

/// The writer, the sending task and the session write, while the client reads.
#[test]
fn everyone_at_once() {
    check(some(), |sizes| {
        let hub = hub();
        let (who, far) = member(&hub, sizes);
        hub.broadcast(Message::text("a"));
        spawn(async move {
            hub.send(who, Message::text("b"));
            hub.close(who, CloseCode::Normal, "");
        });
        assert_eq!(block_on(hear(far)), ["a", "b", "1000"]);
    });
}
