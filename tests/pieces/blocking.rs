//! A deadline for all that a thread reads and writes, not for each of it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use tokio::time::Instant;
use ws101::blocking::within;

const LIMIT: Duration = Duration::from_millis(200);

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

#[test]
fn a_byte_now_and_then_is_read_until_the_time_is_up() {
    let (near, mut far) = pair();
    let (began, mut reading) = (Instant::now(), within(&near, LIMIT));
    let error = loop {
        far.write_all(b"x").unwrap();
        match reading.read(&mut [0; 1]) {
            Ok(n) => assert_eq!(n, 1),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() >= LIMIT);
    assert_eq!(within(&near, Duration::ZERO).read(&mut [0; 1]).unwrap(), 1, "zero is for ever");
}

#[test]
fn silence_and_a_reader_who_does_not_read_are_told_by_the_same_name() {
    let (near, _far) = pair();
    let silence = within(&near, LIMIT).read(&mut [0; 1]).unwrap_err();
    let full = within(&near, LIMIT).write_all(&vec![0; 32 << 20]).unwrap_err();
    assert_eq!([silence.kind(), full.kind()], [ErrorKind::TimedOut; 2]);
}
