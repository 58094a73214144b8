#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ws101_properties::handshakes::any_request_head(bytes));
