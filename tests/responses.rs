//! What is wrong with the answer to an opening handshake: every fault, and what is fatal.
//! `cli/tests/responses.rs` asks those who use the judge, `tests/browser` a browser.

mod odd101;

use std::io::ErrorKind;
use std::time::Duration;

use http::StatusCode;
use odd101::{Case, OFFERED, cases};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;
use ws101::client::{
    Answer, Asked, Client, NotOpened, Received, Request, ResponseFault, ask, judge_response, open,
};
use ws101::frame::{Frame, Opcode};
use ws101::handshake::{AcceptKey, HeadError};

/// The key of RFC 6455 §1.3, which transcripts send.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What Chromium offers.
const EXTENSIONS: &str = "permessage-deflate; client_max_window_bits";

fn request(case: &Case) -> Request {
    let request = Request::new("/");
    if case.offers { request.subprotocol(&OFFERED.join(", ")) } else { request }
}

fn opens(request: &Request, head: &[u8]) -> (bool, Vec<ResponseFault>) {
    let faults = judge_response(&Asked::of(&request.to_bytes("localhost")), head);
    (!faults.iter().any(ResponseFault::is_fatal), faults)
}

#[test]
fn the_judge_opens_and_refuses_what_chromium_does() {
    for case in cases() {
        let request = request(&case).header("Sec-WebSocket-Extensions", EXTENSIONS);
        let (opened, faults) = opens(&request, &case.to_bytes(KEY));
        assert_eq!(opened, case.is_sound(), "{:?}\n{faults:?}", case.head);
    }
}

#[test]
fn whatever_is_cut_off_or_added_behind_is_judged() {
    for case in cases() {
        let head = case.to_bytes(KEY);
        let (_, whole) = opens(&request(&case), &head);
        let (_, longer) = opens(&request(&case), &[&head[..], b"\x81\x05hello"].concat());
        // Bytes behind a head that is too long are a part of it.
        assert!(whole == longer || case.departs.is_some(), "{:?}", case.head);
        for end in (0..head.len()).step_by(7) {
            let (opened, faults) = opens(&request(&case), &head[..end]);
            let blank = head[..end].windows(4).any(|four| four == b"\r\n\r\n");
            assert!(!opened || blank, "{:?} opens after {end} bytes: {faults:?}", case.head);
        }
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let asked = Asked::of(&Request::new("/").subprotocol("chat").to_bytes("localhost"));
    let head = b"HTTP/1.0 101 Odd\nUpgrade: h2c\r\nUpgrade: h2\r\nConnection: close\r\n\
        Sec-WebSocket-Accept: no\r\nSec-WebSocket-Extensions: x-odd, x-odd\r\n\
        Sec-WebSocket-Protocol: soup\r\nSec-WebSocket-Protocol: chat\r\nContent-Length: 1\r\n\
        Content-Length: 2\r\nX-Folded: a\r\n b\r\nno colon\r\n\r\n";
    let found = |text: &str| Some(text.to_owned());
    assert_eq!(
        judge_response(&asked, head),
        [
            ResponseFault::OldHttp,
            ResponseFault::Repeated("Upgrade"),
            ResponseFault::Lacks { header: "Upgrade", wanted: "websocket", found: found("h2c") },
            ResponseFault::Lacks { header: "Connection", wanted: "Upgrade", found: found("close") },
            ResponseFault::Accept { found: found("no"), wanted: AcceptKey::derive(KEY).accept },
            ResponseFault::ExtensionUnasked("x-odd".to_owned()),
            ResponseFault::ExtensionRepeated("x-odd".to_owned()),
            ResponseFault::Repeated("Sec-WebSocket-Protocol"),
            ResponseFault::SubprotocolUnasked("soup".to_owned()),
            ResponseFault::Body("Content-Length"),
            ResponseFault::Contradictory("Content-Length"),
            ResponseFault::BareLineFeed,
            ResponseFault::Folded,
            ResponseFault::Garbled,
        ]
    );
    let other = |head: &[u8]| judge_response(&asked, head);
    assert_eq!(other(b"HTTP/1.1 101 Odd\r\nUpgrade"), [ResponseFault::Incomplete]);
    let not_found = ResponseFault::Status(StatusCode::NOT_FOUND);
    assert_eq!(other(b"HTTP/1.1 404 Not Found\r\n\r\n"), [not_found]);
    let garbage = HeadError::Malformed("the first line names no version of HTTP");
    assert_eq!(other(b"220 mail.example ESMTP\r\n"), [ResponseFault::NotHttp(garbage)]);
}

/// What an offer demands of the answer (RFC 7692 §7.1), beyond what Chromium offers.
#[test]
fn an_extension_follows_from_its_offer() {
    let accept = AcceptKey::derive(KEY).accept;
    for (opens_by_it, offered, chosen) in [
        (false, "", "permessage-deflate"),
        (true, "x-own", "x-own; a=b; a"),
        (false, "permessage-deflate", "permessage-deflate; client_max_window_bits=10"),
        (false, "permessage-deflate; server_no_context_takeover", "permessage-deflate"),
        (false, "permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
        (
            false,
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=11",
        ),
        (
            true,
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=9",
        ),
        (
            true,
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "permessage-deflate",
        ),
        (
            false,
            "permessage-deflate; client_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=10",
        ),
    ] {
        let request = Request::new("/").header("Sec-WebSocket-Extensions", offered);
        let head = format!(
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: {chosen}\r\n\r\n"
        );
        let (opened, faults) = opens(&request, head.as_bytes());
        assert_eq!(opened, opens_by_it, "{offered:?} {chosen:?} {faults:?}");
    }
}

/// A head has room for thousands of extensions; not each becomes a line of a report.
#[test]
fn a_flood_of_extensions_is_a_handful_of_faults() {
    let head = |list: &str| {
        format!(
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Extensions: {list}\r\n\r\n",
            AcceptKey::derive(KEY).accept
        )
    };
    let same = vec!["a"; 8_000].join(",");
    let others: Vec<_> = (0..2_500).map(|n| format!("x{n}")).collect();
    for list in [same, others.join(",")] {
        let (opened, faults) = opens(&Request::new("/"), head(&list).as_bytes());
        assert!(!opened && faults.len() == 16, "{} faults", faults.len());
    }
}

/// What a server puts into a head never reaches a terminal as it is, in either language.
#[test]
fn faults_are_safe_to_print() {
    let asked = Asked::of(&Request::new("/").to_bytes("localhost"));
    let evil = "\u{202e}evil";
    let head = format!(
        "HTTP/1.1 101 x\r\nUpgrade: {evil}\r\nConnection: {evil}\r\nSec-WebSocket-Accept: {evil}\r\n\
         Sec-WebSocket-Extensions: {evil}\r\nSec-WebSocket-Protocol: {evil}\r\n\r\n"
    );
    let faults = judge_response(&asked, head.as_bytes());
    assert_eq!(faults.len(), 5);
    for fault in faults {
        for text in [fault.to_string(), fault.in_russian()] {
            assert!(text.contains("evil") && !text.contains('\u{202e}'), "{text}");
        }
    }
}

#[tokio::test]
async fn a_client_opens_over_a_pipe_and_gets_what_came_with_the_head() {
    let (near, mut far) = duplex(1024);
    let server = tokio::spawn(async move {
        let mut request = vec![0; 1024];
        let n = far.read(&mut request).await.unwrap();
        assert!(request[..n].starts_with(b"GET /chat HTTP/1.1\r\nHost: pipe\r\n"));
        let head = format!(
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            AcceptKey::derive(KEY).accept
        );
        let frames = [Frame::text("early").to_bytes(), Frame::text("x").masked([1; 4]).to_bytes()];
        far.write_all(&[head.as_bytes(), &frames.concat()].concat()).await.unwrap();
        let n = far.read(&mut request).await.unwrap();
        request[..n].to_vec()
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    let request = Request::new("/chat");
    let mut client = open(near, "pipe", &request, 1024, deadline).await.unwrap();
    let Received::Frame(frame) = client.receive().await else { panic!("no frame") };
    assert_eq!((frame.header.opcode, &frame.payload[..]), (Opcode::Text, &b"early"[..]));
    assert!(matches!(client.receive().await, Received::Broken(..)), "it is masked");
    client.send(Frame::ping("")).await.unwrap();
    let sent = server.await.unwrap();
    assert_eq!((sent[0], sent[1]), (0x89, 0x80), "masked, as a client's frame must be");
    assert!(matches!(client.receive().await, Received::End(None)));
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_instead_of_an_answer_ends_in_time() {
    let answered = async |said: &'static [u8], ends: bool| {
        let (mut near, mut far) = duplex(64 * 1024);
        far.write_all(said).await.unwrap();
        let far = (!ends).then_some(far);
        let answer =
            ask(&mut near, b"GET / HTTP/1.1\r\n\r\n", Instant::now() + Duration::from_secs(5));
        let answer = answer.await;
        drop(far);
        answer
    };
    let asked = Asked::default();
    assert!(matches!(answered(b"", false).await, Answer::Silence));
    let silence = [ResponseFault::NoAnswer(ErrorKind::TimedOut)];
    assert_eq!(answered(b"", false).await.faults(&asked), silence);
    assert!(matches!(answered(b"", true).await, Answer::Eof));
    assert!(matches!(answered(b"HTTP/1.1 10", false).await, Answer::Torn(..)));
    assert_eq!(answered(b"HTTP/1.1 10", true).await.faults(&asked), [ResponseFault::Incomplete]);
    assert!(matches!(answered(b"SSH-2.0-x\r\n", false).await, Answer::Garbage(_)));
    let long: &[u8] =
        Box::leak([&b"HTTP/1.1 101 x\r\nX: "[..], &b"y".repeat(20_000)].concat().into());
    assert!(matches!(answered(long, false).await, Answer::Endless));
    let Answer::Response { response, rest, .. } =
        answered(b"HTTP/1.1 403 x\r\n\r\nnot on Sundays", false).await
    else {
        panic!("no response");
    };
    assert_eq!((response.status().as_u16(), &rest[..]), (403, &b"not on Sundays"[..]));
    let silence = std::io::Error::from(NotOpened(silence.into()));
    assert_eq!(silence.kind(), ErrorKind::TimedOut);
    let client: Client<_> = Client::new(duplex(1).0, b"\x81", 1);
    assert!(client.is_within_frame());
}
