//! The staged illnesses: a name for each, and what the server does.

mod frames;
mod no_http;
mod refusals;
mod switching;

use super::ward::Illness;

/// All of them, in the order of an examination.
pub fn illnesses() -> Vec<(&'static str, Illness)> {
    let kinds = [no_http::ILLNESSES, refusals::ILLNESSES, switching::ILLNESSES, frames::ILLNESSES];
    kinds.concat()
}
