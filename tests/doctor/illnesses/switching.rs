//! A 101 that browsers refuse.

use futures::future::FutureExt;
use ws101::handshake::AcceptKey;

use crate::ward::Illness;

pub const ILLNESSES: &[(&str, Illness)] = &[
    ("switches by HTTP/1.0", |mut call| {
        async move {
            call.say("HTTP/1.0 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").await;
            call.hold().await;
        }
        .boxed()
    }),
    ("forgets Connection", says!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")),
    ("forgets Upgrade", says!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n")),
    (
        "forgets the accept key",
        says!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        ),
    ),
    (
        "computes the accept key wrong",
        says!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        ),
    ),
    ("invents a subprotocol", switches!("Sec-WebSocket-Protocol: soup\r\n")),
    ("invents an extension", switches!("Sec-WebSocket-Extensions: permessage-deflate\r\n")),
    ("invents one twice", switches!("Sec-WebSocket-Extensions: x-odd, x-odd\r\n")),
    ("lists what is no extension", switches!("Sec-WebSocket-Extensions: ;;;\r\n")),
    ("says Upgrade twice", switches!("Upgrade: websocket\r\n")),
    ("accepts twice", switches!("Sec-WebSocket-Accept: no\r\n")),
    ("has two lengths", switches!("Content-Length: 5\r\nContent-Length: 6\r\n")),
    ("offers HTTP/2 as well", |mut call| {
        async move {
            let accept = AcceptKey::derive(call.header("Sec-WebSocket-Key")).accept;
            call.say(format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket, h2c\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            ))
            .await;
            call.hold().await;
        }
        .boxed()
    }),
    (
        "upgrades to HTTP/2",
        says!("HTTP/1.1 101 Yes\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    ),
    (
        "keeps the connection alive",
        says!("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n\r\n"),
    ),
    (
        "sends the accept key as hex",
        says!(
            "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: b37a4f2cc0624f1690f64606cf385945b2bec4ea\r\n\r\n"
        ),
    ),
    (
        "compresses with a window that does not exist",
        switches!("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n"),
    ),
    ("quotes itself", switches!("Sec-WebSocket-Protocol: \"\"\r\n")),
];
