//! Each rule of framing broken, and the code it earns: by the echo, and by a session.

use bytes::{Bytes, BytesMut};
use ws101::close;
use ws101::echo::echo;
use ws101::frame::{Frame, Header, Opcode};
use ws101::handshake::Policy;
use ws101::settings::Settings;
use ws101::transcript::{Pipe, Request, Transcript};
use ws101::upgrade::{HEAD_DEADLINE, accept, config};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn masked(frame: Frame) -> Bytes {
    frame.masked(KEY).to_bytes()
}

fn all(frames: impl IntoIterator<Item = Frame>) -> Bytes {
    let mut bytes = BytesMut::new();
    frames.into_iter().for_each(|frame| frame.masked(KEY).encode(&mut bytes));
    bytes.freeze()
}

/// Nothing but a header, with a length nothing of which follows.
fn header(opcode: Opcode, len: u64, size: usize) -> Bytes {
    let mut bytes = BytesMut::new();
    Header { mask: Some(KEY), size, ..Header::new(opcode, len) }.encode(&mut bytes);
    bytes.freeze()
}

fn cases() -> Vec<(&'static str, Bytes)> {
    let continuation = |text: &'static str| Frame::new(Opcode::Continuation, text);
    vec![
        ("a frame without a mask (RFC 6455 §5.1)", Frame::text("hi").to_bytes()),
        ("a reserved bit (RFC 6455 §5.2)", masked(Frame::text("hi").rsv(0b100))),
        (
            "a compressed frame nobody agreed on (RFC 6455 §5.2)",
            masked(Frame::text("hi").rsv(0b001)),
        ),
        (
            "a reserved opcode for data (RFC 6455 §5.2)",
            masked(Frame::new(Opcode::Reserved(3), "hi")),
        ),
        (
            "a reserved opcode for control (RFC 6455 §5.2)",
            masked(Frame::new(Opcode::Reserved(11), "")),
        ),
        ("a length of 2^63 (RFC 6455 §5.2)", header(Opcode::Binary, 1 << 63, 14)),
        ("a length of 4 GiB (RFC 6455 §10.4)", header(Opcode::Binary, 1 << 32, 14)),
        ("a continuation of nothing (RFC 6455 §5.4)", masked(continuation("hi"))),
        (
            "a message inside a message (RFC 6455 §5.4)",
            all([Frame::text("he").unfinished(), Frame::text("llo")]),
        ),
        ("a ping of 126 bytes (RFC 6455 §5.5)", masked(Frame::ping(vec![b'x'; 126]))),
        ("a ping in fragments (RFC 6455 §5.5)", masked(Frame::ping("?").unfinished())),
        ("a close frame of one byte (RFC 6455 §5.5.1)", masked(Frame::new(Opcode::Close, "x"))),
        (
            "a close reason that is no UTF-8 (RFC 6455 §5.5.1)",
            masked(Frame::new(Opcode::Close, &b"\x03\xe8\xff"[..])),
        ),
        ("close code 999 (RFC 6455 §7.4.2)", masked(Frame::close(999, ""))),
        ("close code 1005 (RFC 6455 §7.4.1)", masked(Frame::close(1005, ""))),
        ("close code 1006 (RFC 6455 §7.4.1)", masked(Frame::close(1006, ""))),
        ("text that is no UTF-8 (RFC 6455 §8.1)", masked(Frame::text(&b"\xff"[..]))),
        (
            "a letter cut by the end of its message (RFC 6455 §8.1)",
            all([
                Frame::text(&"я".as_bytes()[..1]).unfinished(),
                Frame::new(Opcode::Continuation, "x"),
            ]),
        ),
    ]
}

async fn broken_one_by_one(t: &mut Transcript, request: Request) {
    for (rule, bytes) in cases() {
        t.step(rule);
        t.connect("bob", request.clone()).await;
        t.raw("bob", bytes).await;
    }
}

async fn conversation(pipe: Pipe) {
    let Ok(accepted) = accept(pipe, &Policy::default(), HEAD_DEADLINE).await else { return };
    let mut socket = accepted.into_socket(config(1 << 16)).await;
    let ended = echo(&mut socket, str::to_owned).await;
    close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
}

#[tokio::test(start_paused = true)]
async fn broken_before_the_echo() {
    let mut t = Transcript::new(conversation);
    broken_one_by_one(&mut t, Request::new("/")).await;
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn broken_before_the_chat() {
    let (mut t, chat) = super::chat(&Settings::default());
    broken_one_by_one(&mut t, crate::v1()).await;
    let closes = chat.report().closes;
    assert_eq!(closes.values().sum::<u64>(), cases().len() as u64, "{closes:?}");
    assert!(closes.keys().all(|code| [1002, 1007, 1009].contains(code)), "{closes:?}");
    insta::assert_snapshot!(t);
}

#[tokio::test(start_paused = true)]
async fn what_is_allowed_is_not_punished() {
    let mut t = Transcript::new(conversation);
    t.connect("bob", "/").await;
    t.step("a message in fragments, with a ping between them");
    let continuation = Frame::new(Opcode::Continuation, "lo");
    t.raw("bob", all([Frame::text("hel").unfinished(), Frame::ping("?"), continuation])).await;
    t.step("empty ones");
    t.raw("bob", all([Frame::text(""), Frame::ping(""), Frame::binary("")])).await;
    t.step("an unasked pong");
    t.send("bob", Frame::pong("unasked")).await;
    t.step("a letter in two fragments");
    let (one, two) = "я".as_bytes().split_at(1);
    let rest = Frame::new(Opcode::Continuation, two);
    t.raw("bob", all([Frame::text(one).unfinished(), rest])).await;
    t.step("a ping in three pieces, the first of them half a header");
    let ping = masked(Frame::ping("hello?"));
    for piece in [&ping[..1], &ping[1..8], &ping[8..]] {
        t.raw("bob", piece.to_vec()).await;
    }
    t.step("the largest control frame");
    t.send("bob", Frame::ping(vec![b'x'; 125])).await;
    t.step("a code of one's own");
    t.close("bob", 4999, "mine").await;
    insta::assert_snapshot!(t);
}
