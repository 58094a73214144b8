//! Handshakes that are refused, over a pipe: the answer, and then the end.

use std::time::Duration;

use ws101::settings::Settings;
use ws101::transcript::Request;

use super::chat;

#[tokio::test(start_paused = true)]
async fn whoever_is_refused_is_told_why() {
    let (mut t, chat) = chat(&Settings::default());
    let foreign = ("Origin", "http://evil.test");
    let at = |host| Request::new("/ws").without("Host").header("Host", host);
    let cases = [
        ("a page of this server", at("teacher.local").header("Origin", "http://teacher.local")),
        ("a page on this machine", Request::new("/ws").header("Origin", "http://localhost:3000")),
        ("a page from elsewhere", Request::new("/ws").header(foreign.0, foreign.1)),
        ("a page from disk", Request::new("/ws").header("Origin", "null")),
        ("a browser's address bar", Request::raw("GET /ws HTTP/1.1\r\nHost: ws101.test\r\n\r\n")),
        ("no key", Request::new("/ws").without("Sec-WebSocket-Key")),
        ("a key that is none", Request::new("/ws").header("Sec-WebSocket-Key", "secret")),
        ("no version", Request::new("/ws").without("Sec-WebSocket-Version")),
        ("an old version", Request::new("/ws").header("Sec-WebSocket-Version", "8")),
        ("another method", Request::new("/ws").method("POST")),
        ("a chat of another kind", Request::new("/ws").subprotocol("mqtt")),
        ("wss: to a port that speaks ws:", Request::raw(&b"\x16\x03\x01\x02\x00\x01\x00"[..])),
        ("HTTP/1.0", Request::raw("GET /ws HTTP/1.0\r\nHost: ws101.test\r\n\r\n")),
    ];
    for (what, request) in cases {
        t.step(what);
        t.connect("bob", request).await;
    }
    t.step("a request that is never finished");
    t.connect("bob", Request::raw("GET /ws HTTP/1.1\r\n")).await;
    t.pass(Duration::from_secs(11)).await;
    assert_eq!(chat.report().connections_total, 2, "the refused never were connections");
    insta::assert_snapshot!(t);
}
