//! Heads against chance.

use std::fmt::Debug;

use http::Response;
use proptest::collection::vec;
use proptest::prelude::*;
use ws101::client::{Asked, ResponseFault, judge_response};
use ws101::handshake::{self, Policy, parse_request, parse_response};

use crate::corpus::{kept, spoiled};

const CORPUS: &str = "corpus/handshakes";

/// A request is let in or refused, in an answer that can be read.
fn is_answered(head: &[u8]) -> Result<(), TestCaseError> {
    let policy = Policy {
        subprotocols: vec!["chat".into()],
        paths: vec!["/chat".into()],
        ..Policy::default()
    };
    let verdict = match parse_request(head) {
        Ok(None) => return Ok(()),
        Ok(Some((request, _))) => policy.answer(&request),
        Err(rejection) => Err(rejection),
    };
    let status = verdict.as_ref().map_or_else(|rejection| rejection.status().as_u16(), |_| 101);
    let bytes = handshake::encode(&handshake::response(&verdict));
    let (response, size): (Response<()>, usize) = parse_response(&bytes).unwrap().unwrap();
    prop_assert_eq!(response.status().as_u16(), status);
    // One line of text, whatever it repeats.
    let body = std::str::from_utf8(&bytes[size..]).unwrap();
    prop_assert_eq!(body.lines().count(), usize::from(status != 101));
    prop_assert!(!body.trim_end().contains(char::is_control));
    Ok(())
}

#[test]
fn the_kept_are_answered() {
    for head in kept(CORPUS) {
        is_answered(&head).expect("it was mended once");
    }
}

/// A head that came in pieces is read as if it had come at once.
fn is_read_in_pieces<T: PartialEq + Debug>(
    head: &[u8],
    read: impl Fn(&[u8]) -> Result<Option<T>, String>,
) -> Result<(), TestCaseError> {
    let first = (0..=head.len()).map(|end| read(&head[..end])).find(|verdict| *verdict != Ok(None));
    prop_assert_eq!(first.unwrap_or(Ok(None)), read(head));
    Ok(())
}

chance! {
    fn whatever_is_asked_gets_an_answer_that_can_be_read(
        head in prop_oneof![4 => spoiled(CORPUS), 1 => vec(any::<u8>(), 0..200)],
    ) {
        is_answered(&head)?;
    }

    fn whatever_is_answered_is_judged_and_told_safely(
        request in spoiled(CORPUS),
        answer in prop_oneof![4 => spoiled(CORPUS), 1 => vec(any::<u8>(), 0..200)],
    ) {
        let faults = judge_response(&Asked::of(&request), &answer);
        if !faults.iter().any(ResponseFault::is_fatal) {
            let (response, _) = parse_response(&answer).unwrap().unwrap();
            prop_assert_eq!(response.status().as_u16(), 101);
        }
        for fault in faults {
            for text in [fault.to_string(), fault.in_russian()] {
                prop_assert!(!text.contains(char::is_control), "{}", text);
            }
        }
    }

    fn requests_in_pieces_are_read_as_whole_ones(head in spoiled(CORPUS)) {
        is_read_in_pieces(&head, |bytes| {
            let head = parse_request(bytes).map_err(|error| format!("{error:?}"))?;
            Ok(head.map(|(request, size)| (format!("{request:?}"), size)))
        })?;
    }

    fn responses_in_pieces_are_read_as_whole_ones(head in spoiled(CORPUS)) {
        is_read_in_pieces(&head, |bytes| {
            let head = parse_response(bytes).map_err(|error| format!("{error:?}"))?;
            Ok(head.map(|(response, size)| (format!("{response:?}"), size)))
        })?;
    }
}
