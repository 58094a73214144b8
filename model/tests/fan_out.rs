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

/// The first `size` bytes that a client is sent.
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

/// A stream that takes four bytes until the client reads, and one that also
/// holds back six until it is flushed.
const STREAMS: [(usize, usize); 2] = [(0, 4), (6, 4)];

fn check(model: impl Fn((usize, usize)) + Clone + Send + Sync + 'static) {
    for sizes in STREAMS {
        let model = model.clone();
        let explored = explore(move || model(sizes));
        println!("{sizes:?}: {explored:?}");
    }
}

fn hub() -> Hub {
    Hub::new(1024, Overflow::Disconnect)
}

#[test]
#[ignore = "takes minutes: cargo test -p ws101-model -- --ignored"]
fn a_round_and_a_reply_arrive_in_order() {
    check(|sizes| {
        let hub = hub();
        let (who, far) = member(&hub, sizes);
        hub.broadcast(Message::text("a"));
        hub.send(who, Message::text("b"));
        hub.close(who, CloseCode::Normal, "");
        assert_eq!(block_on(hear(far)), ["a", "b", "1000"]);
    });
}

#[test]
fn a_reply_arrives_while_the_client_reads() {
    check(|sizes| {
        let hub = hub();
        let (who, far) = member(&hub, sizes);
        let speaker = hub.clone();
        spawn(async move {
            speaker.send(who, Message::text("a"));
            speaker.send(who, Message::text("b"));
        });
        // Nobody says more, until all of it is there.
        assert_eq!(block_on(first(&far, 6)), *b"\x81\x01a\x81\x01b");
        hub.close(who, CloseCode::Normal, "");
        assert_eq!(block_on(hear(far)), ["1000"]);
    });
}

#[test]
fn a_round_arrives_while_the_client_reads() {
    check(|sizes| {
        let hub = hub();
        let (_, far) = member(&hub, sizes);
        hub.broadcast(Message::text("abc"));
        // Nobody says more, until all of it is there.
        assert_eq!(block_on(first(&far, 5)), *b"\x81\x03abc");
        hub.close_all(CloseCode::Away, "");
        assert_eq!(block_on(hear(far)), ["1001"]);
    });
}

#[test]
fn the_slow_are_told_last() {
    check(|sizes| {
        let hub = Hub::new(4, Overflow::Disconnect);
        let (who, far) = member(&hub, sizes);
        for text in ["a", "b", "c", "d"] {
            hub.send(who, Message::text(text));
        }
        hub.close(who, CloseCode::Normal, "");
        let mut heard = block_on(hear(far));
        let end = heard.pop();
        assert!(matches!(end.as_deref(), Some("1000" | "1013")), "{end:?}");
        assert_eq!(heard, ["a", "b", "c", "d"][..heard.len()]);
        assert!(end.as_deref() == Some("1013") || heard.len() == 4);
    });
}

/// Both tasks write, the session writes and the client reads: some minutes.
#[test]
#[ignore = "takes minutes: cargo test -p ws101-model -- --ignored"]
fn everyone_at_once() {
    check(|sizes| {
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
