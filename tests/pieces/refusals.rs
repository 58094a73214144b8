//! A refusal is the same answer whichever part of a server writes it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use ws101::handshake::{HEADER_LIMIT, Policy, Rejection, encode};
use ws101::limits::{Allowance, Caps};
use ws101::server::{serve, sockets};
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;
use ws101::upgrade::HEAD_DEADLINE;
use ws101::{blocking, upgrade};

/// A valid handshake, to be spoiled.
const SOUND: &str = "GET /ws HTTP/1.1\r\n\
    Host: class.test\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The status line, the headers in lower case and in order, and the body.
///
/// Without Date, which hyper adds to every answer: the other servers here have no clock.
fn parts(answer: &[u8]) -> (String, Vec<String>, String) {
    let answer = str::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let (status, headers) = head.split_once("\r\n").unwrap();
    let mut headers: Vec<_> = headers.lines().map(str::to_lowercase).collect();
    headers.retain(|line| !line.starts_with("date:"));
    headers.sort();
    (status.to_owned(), headers, body.to_owned())
}

/// The answer of [`upgrade::accept`].
async fn by_stream(policy: &Policy, request: &str) -> Vec<u8> {
    let (mut far, near) = duplex(64 * 1024);
    far.write_all(request.as_bytes()).await.unwrap();
    let reading = async {
        let mut answer = Vec::new();
        far.read_to_end(&mut answer).await.unwrap();
        drop(far);
        answer
    };
    let (accepted, answer) = tokio::join!(upgrade::accept(near, policy, HEAD_DEADLINE), reading);
    assert!(accepted.is_err(), "{request}");
    answer
}

/// The answer of [`blocking::accept`].
fn by_thread(policy: &Policy, request: &str) -> Vec<u8> {
    let (mut far, near) = crate::blocking::pair();
    Write::write_all(&mut far, request.as_bytes()).unwrap();
    let refused = blocking::accept(&near, Duration::from_secs(60), policy).unwrap();
    assert!(refused.is_err(), "{request}");
    drop(near);
    let mut answer = Vec::new();
    Read::read_to_end(&mut far, &mut answer).unwrap();
    answer
}

/// The answer of [`serve`] at `address`.
async fn by_server(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_refusal_has_the_same_headers_whichever_path_refuses() {
    let settings = Settings { hosts: vec!["class.test".to_owned()], ..Settings::default() };
    let policy = Policy { paths: vec!["/ws".into()], ..settings.policy() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let route = sockets(policy.clone(), Settings::default().caps(), &shutdown, |_| async {});
    tokio::spawn(serve(&settings, listener, [route], shutdown.clone()));

    let spoiled = |from: &str, to: &str| {
        assert!(SOUND.contains(from), "{from:?}");
        SOUND.replacen(from, to, 1)
    };
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let origin = "Host: class.test\r\nOrigin: http://evil.test";
    for (request, status) in [
        // Refused by the reader of the first head, before hyper.
        ("\x16\x03\x01".to_owned(), "400"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (spoiled("Host: class.test\r\n", ""), "400"),
        (spoiled("\r\n\r\n", &format!("\r\n{}\r\n", "X: y\r\n".repeat(HEADER_LIMIT))), "431"),
        (spoiled("HTTP/1.1", "HTTP/2.0"), "505"),
        ("GET /ws HTTP/1.1\r\nHost: class.test\r\nContent-Length: x\r\n\r\n".to_owned(), "400"),
        ("GET /ws HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(), "400"),
        // Refused behind hyper, before the routes.
        (spoiled("class.test", "evil.test"), "421"),
        // Refused by the WebSockets' route.
        (spoiled(key, ""), "400"),
        (spoiled("13", "8"), "426"),
        (spoiled("GET", "PUT"), "405"),
        (spoiled("Host: class.test", origin), "403"),
        (spoiled("/ws", "/other"), "404"),
        ("GET /ws HTTP/1.1\r\nHost: class.test\r\n\r\n".to_owned(), "426"),
        // Taken by no route.
        ("GET /other HTTP/1.1\r\nHost: class.test\r\n\r\n".to_owned(), "426"),
    ] {
        let wanted = parts(&by_stream(&policy, &request).await);
        assert!(wanted.0.contains(status), "{request}{wanted:?}");
        assert!(wanted.1.contains(&"x-content-type-options: nosniff".to_owned()), "{wanted:?}");
        assert_eq!(parts(&by_thread(&policy, &request)), wanted, "{request}");
        assert_eq!(parts(&by_server(address, &request).await), wanted, "{request}");
    }
    shutdown.begin();
}

#[tokio::test]
async fn a_server_without_room_refuses_in_the_same_words() {
    let settings = Settings::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let none = Allowance { connections: 0, ..Allowance::default() };
    let route = sockets(Policy::default(), Caps::new(none), &shutdown, |_| async {});
    tokio::spawn(serve(&settings, listener, [route], shutdown.clone()));
    let wanted = parts(&encode(&Rejection::Busy.to_response()));
    assert_eq!(parts(&by_server(address, SOUND).await), wanted);
    shutdown.begin();
}

/// hyper alone would answer these with an empty 400.
#[tokio::test]
async fn a_request_that_does_not_tell_where_it_ends_is_refused_in_words() {
    let settings = Settings::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    tokio::spawn(serve(&settings, listener, [], shutdown.clone()));
    let body = parts(&encode(&Rejection::Body.to_response()));
    let not_asked = parts(&encode(&Rejection::NotAsked.to_response()));
    for (version, headers, wanted) in [
        ("1.1", "Content-Length: x", &body),
        ("1.1", "Content-Length:", &body),
        ("1.1", "Content-Length: +1", &body),
        ("1.1", "Content-Length: 18446744073709551616", &body),
        ("1.1", "Content-Length: 1\r\nContent-Length: 2", &body),
        ("1.1", "Transfer-Encoding: gzip", &body),
        ("1.1", "Transfer-Encoding: chunked, gzip", &body),
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: x", &body),
        ("1.0", "Transfer-Encoding: chunked", &body),
        ("1.1", "Content-Length: 0\r\nContent-Length: 0", &not_asked),
        ("1.1", "Transfer-Encoding: gzip, Chunked", &not_asked),
    ] {
        let request = format!("GET / HTTP/{version}\r\nHost: a\r\n{headers}\r\n\r\n");
        assert_eq!(&parts(&by_server(address, &request).await), wanted, "{request}");
    }
    shutdown.begin();
}
