#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ws101_properties::dialects::any(bytes));
