//! The heads of requests and answers.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use ws101::handshake::{parse_request, parse_response};
use ws101_properties::handshakes::{any_answer, any_request_head, is_judged};

use crate::corpus::spoiled;

const REQUESTS: &str = "../fuzz/corpus/request_heads";
const ANSWERS: &str = "../fuzz/corpus/answers";

/// A head that comes in pieces is parsed as if it came at once.
fn is_parsed_in_pieces<T: PartialEq + Debug>(
    head: &[u8],
    parse: impl Fn(&[u8]) -> Result<Option<T>, String>,
) -> Result<(), TestCaseError> {
    let first =
        (0..=head.len()).map(|end| parse(&head[..end])).find(|verdict| *verdict != Ok(None));
    prop_assert_eq!(first.unwrap_or(Ok(None)), parse(head));
    Ok(())
}

chance! {
    fn any_request_gets_an_answer_that_can_be_parsed(
        head in prop_oneof![4 => spoiled(REQUESTS), 1 => vec(any::<u8>(), 0..200)],
    ) {
        any_request_head(&head);
    }

    fn any_answer_is_judged(
        request in spoiled(REQUESTS),
        answer in prop_oneof![4 => spoiled(ANSWERS), 1 => vec(any::<u8>(), 0..200)],
    ) {
        any_answer(&answer);
        is_judged(&request, &answer);
    }

    fn requests_in_pieces_are_parsed_as_whole_ones(head in spoiled(REQUESTS)) {
        is_parsed_in_pieces(&head, |bytes| {
            let head = parse_request(bytes).map_err(|error| format!("{error:?}"))?;
            Ok(head.map(|(request, size)| (format!("{request:?}"), size)))
        })?;
    }

    fn responses_in_pieces_are_parsed_as_whole_ones(head in spoiled(ANSWERS)) {
        is_parsed_in_pieces(&head, |bytes| {
            let head = parse_response(bytes).map_err(|error| format!("{error:?}"))?;
            Ok(head.map(|(response, size)| (format!("{response:?}"), size)))
        })?;
    }
}
