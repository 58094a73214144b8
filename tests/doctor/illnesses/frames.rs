//! A 101 that opens it, and what comes then.

use futures::future::FutureExt;
use ws101::frame::{Frame, Opcode};

use crate::ward::Illness;

pub const ILLNESSES: &[(&str, Illness)] = &[
    (
        "closes at once",
        switches!("", call => call.say(Frame::close(1011, "no database").to_bytes()).await),
    ),
    ("cuts at once", switches!("", call => drop(call))),
    (
        "masks its frames",
        switches!("", call => call.say(Frame::text("hi").masked([1; 4]).to_bytes()).await),
    ),
    (
        "announces 2^64 - 1 bytes",
        switches!("", call => {
            call.say([&[0x82, 0x7f][..], &[0xff; 8]].concat()).await;
            call.hold().await;
        }),
    ),
    (
        "announces 2^62 bytes, and sends three",
        switches!("", call => {
            call.say([&[0x82, 0x7f, 0x40][..], &[0; 7], b"abc"].concat()).await;
            call.hold().await;
        }),
    ),
    (
        "sets a reserved bit in a frame without an end",
        switches!("", call => {
            call.say([0xc1, 5]).await;
            call.hold().await;
        }),
    ),
    (
        "begins a ping of 126 bytes",
        switches!("", call => {
            call.say([0x89, 126, 0, 126]).await;
            call.hold().await;
        }),
    ),
    (
        "sends half a header",
        switches!("", call => {
            call.say([0x81]).await;
            call.hold().await;
        }),
    ),
    ("ends within a frame", switches!("", call => call.say(b"\x81\x05he").await)),
    ("ends within a header", switches!("", call => call.say(b"\x81\x7e\x00").await)),
    ("never answers a ping", switches!("")),
    ("compresses without agreeing", |mut call| {
        async move {
            call.switch("").await;
            let is_offered = !call.header("Sec-WebSocket-Extensions").is_empty();
            let hello = Frame::text("hello").rsv(if is_offered { 4 } else { 0 });
            call.say(hello.to_bytes()).await;
            call.answer_pings().await;
        }
        .boxed()
    }),
    (
        "has two upgrade handlers",
        switches!("", call => {
            call.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 11\r\n\r\nBad Request").await;
            call.hold().await;
        }),
    ),
    (
        "sends frames in chunks",
        switches!("Transfer-Encoding: chunked\r\n", call => {
            call.say(b"7\r\n\x81\x05hello\r\n").await;
            call.hold().await;
        }),
    ),
    ("sends messages without end", switches!("", call => call.flood(Frame::text("ho")).await)),
    ("pings without end", switches!("", call => call.flood(Frame::ping(vec![b'x'; 125])).await)),
    (
        "wants a login in its own words",
        switches!("", call => call.say(Frame::close(4401, "token expired").to_bytes()).await),
    ),
    ("has a policy", switches!("", call => call.say(Frame::close(1008, "").to_bytes()).await)),
    ("restarts", switches!("", call => call.say(Frame::close(1012, "").to_bytes()).await)),
    (
        "closes without a code",
        switches!("", call => call.say(Frame::new(Opcode::Close, "").to_bytes()).await),
    ),
    (
        "closes with half a code",
        switches!("", call => call.say(Frame::new(Opcode::Close, "x").to_bytes()).await),
    ),
    (
        "closes with a code that may not be sent",
        switches!("", call => call.say(Frame::close(1005, "").to_bytes()).await),
    ),
    (
        "sends text in another encoding",
        switches!("", call => call.say(Frame::text(&b"\xcf\xf0\xe8\xe2\xe5\xf2"[..]).to_bytes()).await),
    ),
    (
        "continues nothing",
        switches!("", call => call.say(Frame::new(Opcode::Continuation, "x").to_bytes()).await),
    ),
    (
        "begins a message within a message",
        switches!("", call => {
            call.say(Frame::text("a").unfinished().to_bytes()).await;
            call.say(Frame::text("b").to_bytes()).await;
        }),
    ),
    (
        "sends a ping in fragments",
        switches!("", call => call.say(Frame::ping("x").unfinished().to_bytes()).await),
    ),
    (
        "uses an opcode of its own",
        switches!("", call => call.say(Frame::new(Opcode::Reserved(3), "x").to_bytes()).await),
    ),
    ("writes a length too long", switches!("", call => call.say(b"\x81\x7e\x00\x02hi").await)),
    (
        "prints a warning",
        switches!("", call => {
            call.say("<br />\n<b>Warning</b>: Undefined variable $x in chat.php on line 7").await;
            call.hold().await;
        }),
    ),
    (
        "prints a blank line",
        switches!("", call => {
            call.say("\r\n").await;
            call.hold().await;
        }),
    ),
    (
        "answers a ping with another pong",
        switches!("", call => {
            call.say(Frame::pong("ws101").to_bytes()).await;
            call.hold().await;
        }),
    ),
    ("resets at once", switches!("", call => call.tcp.set_zero_linger().unwrap_or_default())),
];
