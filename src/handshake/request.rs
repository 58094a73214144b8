//! The one way from bytes to a request that a server acts on.

use http::Request;

use super::{Rejection, judge_body_length, parse_request, to_origin_form};

/// Reads a request from the front of `bytes`, as a server needs it; gives it and the size of its
/// head in bytes.
///
/// `None` until the blank line is there: call it again with all the bytes so far, as for
/// [`parse_request`]. The request is in origin form, its Host is valid, and it tells where its
/// body ends.
///
/// # Errors
///
/// Those of [`parse_request`], [`to_origin_form`] and [`judge_body_length`].
pub fn read_request(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, Rejection> {
    let Some((mut request, size)) = parse_request(bytes)? else { return Ok(None) };
    to_origin_form(&mut request)?;
    judge_body_length(&request)?;
    Ok(Some((request, size)))
}
