//! Heads against chance.

use http::Response;
use proptest::collection::vec;
use proptest::prelude::*;
use ws101::handshake::{self, Policy, parse_request, parse_response};

const SOUND: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nOrigin: http://example.com\r\nSec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A sound request with some bytes of it replaced.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\r\n :,/[]\x16\x03\xff".to_vec())];
    vec((0..SOUND.len(), byte), 0..4).prop_map(|changes| {
        let mut head = SOUND.to_vec();
        for (at, byte) in changes {
            head[at] = byte;
        }
        head
    })
}

proptest! {
    // A failure prints its input; files of old ones would only gather.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_gets_an_answer_that_can_be_read(
        head in prop_oneof![4 => spoiled(), 1 => vec(any::<u8>(), 0..200)],
    ) {
        let policy = Policy {
            subprotocols: vec!["chat".into()],
            paths: vec!["/chat".into()],
            ..Policy::default()
        };
        let verdict = match parse_request(&head) {
            Ok(None) => return Ok(()),
            Ok(Some((request, _))) => policy.answer(&request),
            Err(rejection) => Err(rejection),
        };
        let (status, bytes) = match verdict {
            Ok(response) => (101, handshake::encode(&response.map(|()| ""))),
            Err(rejection) => (rejection.status().as_u16(), handshake::encode(&rejection.to_response())),
        };
        let (response, size): (Response<()>, usize) = parse_response(&bytes).unwrap().unwrap();
        prop_assert_eq!(response.status().as_u16(), status);
        // One line of text, whatever it repeats.
        let body = std::str::from_utf8(&bytes[size..]).unwrap();
        prop_assert_eq!(body.lines().count(), usize::from(status != 101));
        prop_assert!(!body.trim_end().contains(char::is_control));
    }

    #[test]
    fn pieces_of_any_size_get_the_same_verdict(
        head in prop_oneof![spoiled(), vec(any::<u8>(), 0..60)],
    ) {
        let verdict = |bytes: &[u8]| {
            parse_request(bytes).map(|head| head.map(|(request, size)| (format!("{request:?}"), size)))
        };
        let first = (0..=head.len()).map(|end| verdict(&head[..end])).find(|v| *v != Ok(None));
        prop_assert_eq!(first.unwrap_or(Ok(None)), verdict(&head));
    }
}
