//! Addresses of WebSockets, as people type them.

use proptest::prelude::*;
use ws101::address::Address;

use crate::corpus::{spoiled_text, texts};

const CORPUS: &str = "corpus/addresses";

/// An address prints as one that means the same, and asks for a path; or it is refused on one line.
fn understood_or_refused(url: &str) -> Result<(), TestCaseError> {
    match url.parse::<Address>() {
        Ok(address) => {
            prop_assert!(address.target.starts_with('/'), "{address:?}");
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }
        Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{error}"),
    }
    Ok(())
}

#[test]
fn the_kept_are_understood_or_refused() {
    for url in texts(CORPUS) {
        understood_or_refused(&url).expect("it was mended once");
    }
}

chance! {
    fn whatever_is_typed_is_understood_or_refused(
        url in prop_oneof![4 => spoiled_text(CORPUS), 1 => any::<String>()],
    ) {
        understood_or_refused(&url)?;
    }
}
