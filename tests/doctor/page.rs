//! Pages that may not open a WebSocket, each with the sentence in both languages. What Chromium does with
//! the same pages is in `tests/browser/page_rules.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use ws101::doctor::{Cause, Diagnosis, Page, Target, examine};

use super::ward::{Illness, TIMEOUT, target, told, ward};

/// Answers every request by these bytes, and ends the connection if `ends`.
async fn pages(answers: &'static [(&'static str, &'static str)], ends: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    if tcp.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let text = String::from_utf8_lossy(&request);
                let path = text.split(' ').nth(1).unwrap_or_default();
                let answer = answers.iter().find(|(known, _)| *known == path);
                let _ = tcp.write_all(answer.map_or("", |(_, answer)| answer).as_bytes()).await;
                while !ends && tcp.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {}
            });
        }
    });
    address
}

async fn examined(page: &str, url: &str) -> Diagnosis {
    let page: Page = page.parse().unwrap();
    examine(&Target { page: Some(page), ..target(url) }).await
}

const PAGES: &[(&str, &str)] = &[
    ("/free", "HTTP/1.1 200 OK\r\n\r\n<p>"),
    ("/self", "HTTP/1.1 200 OK\r\nContent-Security-Policy: default-src 'self'\r\n\r\n"),
    (
        "/meta",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
         1f\r\n<meta http-equiv=content-securi\r\n25\r\nty-policy content='connect-src wss:'>\r\n0\r\n\r\n",
    ),
    ("/moved", "HTTP/1.1 302 Found\r\nLocation: /self#part\r\nContent-Length: 0\r\n\r\n"),
    ("/circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n"),
    (
        "/report",
        "HTTP/1.1 200 OK\r\nContent-Security-Policy-Report-Only: default-src 'none'\r\n\r\n",
    ),
    ("/error", "HTTP/1.1 404 Not Found\r\nContent-Security-Policy: connect-src a.test\r\n\r\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_page_is_found_and_told() {
    let healthy: Illness = switches!("", call => call.answer_pings().await);
    let server = format!("ws://{}/ws", ward(healthy));
    for ends in [true, false] {
        let pages = pages(PAGES, ends).await;
        let tried = if ends { usize::MAX } else { 1 };
        for (path, directive) in [
            ("/self", Some("`default-src 'self'`")),
            ("/free", None),
            ("/meta", Some("`connect-src wss:`")),
            ("/moved", Some("`default-src 'self'`")),
            ("/circle", None),
            ("/report", None),
            ("/error", Some("`connect-src a.test`")),
            ("/nothing", None),
        ]
        .into_iter()
        .take(tried)
        {
            let diagnosis = examined(&format!("http://{pages}{path}"), &server).await;
            let told = told(&diagnosis);
            let Some(directive) = directive else {
                assert!(diagnosis.cause.is_none(), "{path}: {told}");
                continue;
            };
            let cause = diagnosis.cause.unwrap_or_else(|| panic!("{path}: {told}"));
            assert_eq!(cause.id(), "content-security-policy", "{path}");
            let (english, russian) = (cause.to_string(), cause.in_russian());
            let wanted = server.strip_suffix("/ws").unwrap();
            assert!(english.contains(&format!("{directive}: browsers send nothing")), "{english}");
            assert!(english.contains(&format!("Add {wanted} to")), "{english}");
            assert!(
                russian.contains(&format!("{directive}: браузер ничего не пошлёт")),
                "{russian}"
            );
            assert!(russian.contains(&format!("Добавьте {wanted} в")), "{russian}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_https_opens_no_plain_websocket_but_to_this_computer() {
    let healthy: Illness = switches!("", call => call.answer_pings().await);
    let port = ward(healthy).port();
    for (host, is_mixed) in [("localhost", false), ("127.0.0.1", false), ("8.8.8.8", true)] {
        let diagnosis = examined("https://page.test/", &format!("ws://{host}:{port}/ws")).await;
        let id = diagnosis.cause.as_ref().map(Cause::id);
        assert_eq!(id == Some("mixed-content"), is_mixed, "{host}: {}", told(&diagnosis));
        if let Some(cause) = diagnosis.cause.filter(|_| is_mixed) {
            assert!(cause.to_string().contains("may open no ws://"), "{cause}");
            assert!(
                cause.in_russian().contains("не может открыть ws://"),
                "{}",
                cause.in_russian()
            );
        }
    }
}

/// A page that never ends, or never begins, holds the examination up for its timeouts only.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_page_is_left_in_time() {
    let healthy: Illness = switches!("", call => call.answer_pings().await);
    let server = format!("ws://{}/ws", ward(healthy));
    let silent = pages(&[("/", "")], false).await;
    let endless = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endless_at = endless.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = endless.accept().await {
            tokio::spawn(async move {
                let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                while tcp.write_all(&b"<meta ".repeat(1000)).await.is_ok() {}
            });
        }
    });
    for page in [silent, endless_at] {
        let began = Instant::now();
        let diagnosis = examined(&format!("http://{page}/"), &server).await;
        assert!(diagnosis.cause.is_none(), "{}", told(&diagnosis));
        let limit = TIMEOUT * 44 + Duration::from_secs(15);
        assert!(began.elapsed() < limit, "{:?}", began.elapsed());
    }
}
