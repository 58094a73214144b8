//! Addresses of WebSockets, as people type them.

use proptest::prelude::*;
use ws101_properties::addresses::is_parsed_or_refused;

use crate::corpus::spoiled_text;

const CORPUS: &str = "../fuzz/corpus/addresses";

chance! {
    fn any_address_is_parsed_or_refused(
        url in prop_oneof![4 => spoiled_text(CORPUS), 1 => any::<String>()],
    ) {
        is_parsed_or_refused(&url);
    }
}
