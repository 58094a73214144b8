//! Servers that speak another protocol, or none.

use futures::future::FutureExt;

use crate::ward::Illness;

pub const ILLNESSES: &[(&str, Illness)] = &[
    ("says nothing", |call| call.hold().boxed()),
    ("hangs up", |call| async move { drop(call) }.boxed()),
    ("resets", |call| async move { call.tcp.set_zero_linger().unwrap_or_default() }.boxed()),
    ("is a mail server", says!("220 mail.example ESMTP\r\n")),
    ("is SSH", says!("SSH-2.0-OpenSSH_9.6\r\n")),
    ("is Redis", says!("-ERR unknown command 'GET'\r\n")),
    ("speaks TLS, and says so", says!(b"\x15\x03\x01\x00\x02\x02\x46")),
    ("speaks TLS, and hangs up on HTTP", |mut call| {
        async move {
            if call.request.starts_with('\u{16}') {
                call.say(b"\x16\x03\x03\x00\x04").await;
                call.hold().await;
            }
        }
        .boxed()
    }),
    ("speaks TLS, and says so in HTTP", |mut call| {
        async move {
            match call.request.starts_with("GET") {
                true => call.say("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n").await,
                false => call.say(b"\x15\x03\x01\x00\x02\x02\x28").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("speaks HTTP/2 only", says!(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64")),
    ("speaks HTTP/2 to clients that begin with it", |mut call| {
        async move {
            if call.request.starts_with("PRI ") {
                call.say(b"\0\0\0\x04\0\0\0\0\0").await;
                call.hold().await;
            }
        }
        .boxed()
    }),
    ("breaks off", |mut call| {
        async move { call.say("HTTP/1.1 101 Switching Protocols\r\nUpgr").await }.boxed()
    }),
    ("forgets the blank line", says!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")),
    ("never ends its head", |mut call| {
        async move {
            call.say("HTTP/1.1 200 OK\r\n").await;
            for n in 0..100_000 {
                call.say(format!("X-{n}: {n}\r\n")).await;
            }
        }
        .boxed()
    }),
    ("is POP3", says!("+OK ready\r\n")),
    ("is memcached", says!("ERROR\r\nERROR\r\n")),
    ("is an echo of TCP", |mut call| {
        async move {
            call.say(call.request.clone()).await;
            call.hold().await;
        }
        .boxed()
    }),
    ("answers with a bare page", says!("<html><body>It works!</body></html>\n")),
];
