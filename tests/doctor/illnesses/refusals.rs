//! Answers other than 101.

use std::time::Duration;

use futures::future::FutureExt;
use tokio::time::sleep;

use crate::ward::Illness;

pub const ILLNESSES: &[(&str, Illness)] = &[
    ("has it elsewhere", |mut call| {
        async move {
            match call.path() {
                "/chat" => call.switch("").await,
                _ => call.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("has it nowhere", says!("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n")),
    (
        "answers with a page",
        says!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>"),
    ),
    ("answers with no content", says!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    ("has a cache before it", says!("HTTP/1.1 200 OK\r\nVia: 1.1 varnish\r\n\r\nhello")),
    (
        "has a proxy that drops Upgrade",
        says!(
            "HTTP/1.1 426 Upgrade Required\r\nServer: nginx/1.24\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ),
    ),
    (
        "has one that drops Connection",
        says!("HTTP/1.1 400 Bad Request\r\n\r\nConnection does not say Upgrade\n"),
    ),
    ("finds fault with the key", says!("HTTP/1.1 400 Bad Request\r\n\r\nodd key\u{1b}[31m\n")),
    (
        "wants to know who asks",
        says!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n"),
    ),
    (
        "sends to log in",
        says!(
            "HTTP/1.1 302 Found\r\nLocation: https://example.com/login?next=%2Fws&token=hush\r\n\r\n"
        ),
    ),
    (
        "has moved",
        says!("HTTP/1.1 301 Moved Permanently\r\nLocation: wss://example.com/ws\r\n\r\n"),
    ),
    ("forbids", says!("HTTP/1.1 403 Forbidden\r\n\r\nnot on Sundays\n")),
    ("lets only its own pages in", |mut call| {
        async move {
            match call.header("Origin") {
                "" => call.say("HTTP/1.1 403 Forbidden\r\n\r\n").await,
                _ => call.switch("").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("has another handler there", says!("HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n\r\n")),
    (
        "speaks an old version",
        says!("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7\r\n\r\n"),
    ),
    ("is too late", says!("HTTP/1.1 408 Request Timeout\r\n\r\n")),
    ("goes by another name", says!("HTTP/1.1 421 Misdirected Request\r\n\r\n")),
    ("is full", says!("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n\r\n")),
    ("has nobody behind it", says!("HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<html>")),
    ("fails", says!("HTTP/1.1 500 Internal Server Error\r\n\r\n")),
    ("is a teapot", says!("HTTP/1.1 418 I'm a teapot\r\n\r\n")),
    ("compares all of Connection", |mut call| {
        async move {
            match call.header("Connection") {
                "Upgrade" => call.switch("").await,
                _ => call.say("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.answer_pings().await;
        }
        .boxed()
    }),
    ("fails when compression is offered", |mut call| {
        async move {
            match call.header("Sec-WebSocket-Extensions") {
                "" => call.switch("").await,
                _ => call.say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("destroys the socket where there is none", |mut call| {
        async move {
            if call.header("Upgrade").is_empty() {
                call.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage").await;
            } else if call.path() == "/socket" {
                call.switch("").await;
                call.hold().await;
            }
        }
        .boxed()
    }),
    ("destroys the socket everywhere", |mut call| {
        async move {
            if call.header("Upgrade").is_empty() {
                call.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage").await;
            }
        }
        .boxed()
    }),
    ("answers 403 where there is none", |mut call| {
        async move {
            match call.path() {
                "/chat" => call.switch("").await,
                _ => call.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    ("answers 403 everywhere", says!("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")),
    ("answers 426 where there is none", |mut call| {
        async move {
            match call.path() {
                "/chat" => call.switch("").await,
                _ => call.say("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    (
        "is asked by HTTP/1.0",
        says!(
            "HTTP/1.1 505 HTTP Version Not Supported\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n"
        ),
    ),
    (
        "says that it is asked by HTTP/1.0",
        says!("HTTP/1.1 400 Bad Request\r\nContent-Length: 27\r\n\r\nHTTP/1.0 knows no upgrade.\n"),
    ),
    ("is behind a proxy with a login", says!("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")),
    (
        "refuses in chunks",
        says!(
            "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n\u{41e}\u{448}\u{438}\u{431}\u{43a}\u{430}: in\r\n4\r\n bad\r\n0\r\n\r\n"
        ),
    ),
    ("refuses with a late text", |mut call| {
        async move {
            call.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 24\r\n\r\n").await;
            sleep(Duration::from_secs(1)).await;
            call.say("your session has expired").await;
            call.hold().await;
        }
        .boxed()
    }),
    (
        "refuses with a page",
        says!(
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 64\r\n\r\n<html><head><title>Down for maintenance</title></head></html>   \n"
        ),
    ),
    ("hints first", |mut call| {
        async move {
            call.say("HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n").await;
            call.switch("").await;
            call.answer_pings().await;
        }
        .boxed()
    }),
    ("goes on, and never comes to the point", says!("HTTP/1.1 100 Continue\r\n\r\n")),
    ("has too many cookies", says!("HTTP/1.1 431 No\r\nContent-Length: 0\r\n\r\n")),
    (
        "has too many cookies for nginx",
        says!(
            "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 77\r\n\r\n<html><head><title>400 Request Header Or Cookie Too Large</title></head></html>"
        ),
    ),
    (
        "limits its clients",
        says!("HTTP/1.1 429 No\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n"),
    ),
    (
        "is down until a date",
        says!(
            "HTTP/1.1 503 No\r\nRetry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n"
        ),
    ),
    ("is not reached by its CDN", says!("HTTP/1.1 521 No\r\nContent-Length: 0\r\n\r\n")),
    ("is too slow for its proxy", says!("HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n")),
    ("is behind a network with a login", says!("HTTP/1.1 511 No\r\nContent-Length: 0\r\n\r\n")),
    (
        "sends to https",
        says!("HTTP/1.1 301 No\r\nLocation: https://example.com/ws\r\nContent-Length: 0\r\n\r\n"),
    ),
    ("wants a slash", says!("HTTP/1.1 308 No\r\nLocation: /ws/\r\nContent-Length: 0\r\n\r\n")),
    ("compresses its refusal", |mut call| {
        async move {
            let (coding, text) = match call.header("Accept-Encoding") {
                "" => ("", &b"not without a ticket"[..]),
                _ => ("Content-Encoding: gzip\r\n", &b"\x1f\x8b\x08\0\0\0\0\0\x02\x03"[..]),
            };
            let size = text.len();
            call.say(format!("HTTP/1.1 403 No\r\n{coding}Content-Length: {size}\r\n\r\n")).await;
            call.say(text).await;
            call.hold().await;
        }
        .boxed()
    }),
    ("is socket.io", |mut call| {
        async move {
            match call.path() {
                "/socket.io/?EIO=4&transport=websocket" => call.switch("").await,
                _ => call.say("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n").await,
            }
            call.hold().await;
        }
        .boxed()
    }),
    (
        "is socket.io without WebSocket",
        says!(
            "HTTP/1.1 400 No\r\nContent-Length: 39\r\n\r\n{\"code\":0,\"message\":\"Transport unknown\"}"
        ),
    ),
    (
        "checks for forged requests",
        says!("HTTP/1.1 403 No\r\nContent-Length: 25\r\n\r\nCSRF verification failed."),
    ),
    ("is gone", says!("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")),
    ("cannot do that", says!("HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n")),
    ("has a status of its own", says!("HTTP/1.1 499 No\r\nContent-Length: 0\r\n\r\n")),
    (
        "is gorilla behind a proxy",
        says!(
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 92\r\n\r\nwebsocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header"
        ),
    ),
    (
        "is Spring behind a proxy",
        says!(
            "HTTP/1.1 400 No\r\nContent-Length: 34\r\n\r\nCan \"Upgrade\" only to \"WebSocket\"."
        ),
    ),
];
