//! The two heads of an opening handshake (RFC 6455 §4).

use http::Response;
use ws101::client::{Asked, ResponseFault, judge_response};
use ws101::handshake::{self, Policy, parse_request, parse_response};

/// The request that the answers of [`any_answer`] are for. Its key is the one of RFC 6455 §1.3.
const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// Takes any bytes as the head of a request.
///
/// A request is accepted or refused, in an answer that a client can parse.
///
/// # Panics
///
/// The property does not hold.
pub fn any_request_head(head: &[u8]) {
    let policy = Policy {
        subprotocols: vec!["chat".into()],
        paths: vec!["/chat".into()],
        ..Policy::default()
    };
    let verdict = match parse_request(head) {
        Ok(None) => return,
        Ok(Some((request, _))) => policy.answer(&request),
        Err(rejection) => Err(rejection),
    };
    let status = verdict.as_ref().map_or_else(|rejection| rejection.status().as_u16(), |_| 101);
    let bytes = handshake::encode(&handshake::response(&verdict));
    let answer = parse_response(&bytes).expect("the answer is HTTP");
    let (response, size): (Response<()>, usize) = answer.expect("the answer is complete");
    assert_eq!(response.status().as_u16(), status);
    // A refusal is one line of text, even if it quotes the request.
    let body = std::str::from_utf8(&bytes[size..]).expect("the body is text");
    assert_eq!(body.lines().count(), usize::from(status != 101));
    assert!(!body.trim_end().contains(char::is_control));
}

/// Takes any bytes as the answer to a request.
pub fn any_answer(answer: &[u8]) {
    is_judged(REQUEST, answer);
}

/// An answer opens a WebSocket only if it is a 101, and all its faults are told on one line each.
///
/// # Panics
///
/// The property does not hold.
pub fn is_judged(request: &[u8], answer: &[u8]) {
    let faults = judge_response(&Asked::of(request), answer);
    if !faults.iter().any(ResponseFault::is_fatal) {
        let response = parse_response(answer).expect("the answer is HTTP");
        let (response, _) = response.expect("the answer is complete");
        assert_eq!(response.status().as_u16(), 101);
    }
    for fault in faults {
        for text in [fault.to_string(), fault.in_russian()] {
            assert!(!text.contains(char::is_control), "{text}");
        }
    }
}
