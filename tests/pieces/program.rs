//! The error that ends a program.

use std::io;
use std::process::Command;
use std::thread;

use ws101::program::StartError;

/// Set in the process that does not drop its error.
const HOLDS: &str = "WS101_HOLDS_ITS_ERROR";

/// As `main` with a runtime that waits for a thread without end.
#[test]
fn an_error_that_is_not_dropped_is_printed_and_ends_the_program() {
    if std::env::var_os(HOLDS).is_some() {
        let _held = StartError::from(io::Error::other("port 1 is taken\u{1b}"));
        loop {
            thread::park();
        }
    }
    let name = "program::an_error_that_is_not_dropped_is_printed_and_ends_the_program";
    let mut itself = Command::new(std::env::current_exe().unwrap());
    let ended = itself.args(["--exact", name]).env(HOLDS, "").output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "Error: port 1 is taken\\u{1b}\n");
}
