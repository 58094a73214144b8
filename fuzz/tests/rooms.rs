//! The chat room against chance, in six dialects at once.

use proptest::prelude::*;
use ws101_fuzz::{conversation, play};

proptest! {
    // A failure prints its input; files of old ones would only gather.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_chat_survives_whatever_is_said(said in conversation()) {
        let mut clock = tokio::runtime::Builder::new_current_thread();
        let clock = clock.enable_time().start_paused(true).build().expect("no sockets are needed");
        clock.block_on(play(&said));
    }
}
