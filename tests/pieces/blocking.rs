//! A deadline for all that a thread reads and writes, not for each of it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tokio::time::Instant;
use ws101::blocking::{MAX_THREADS, incoming, within};

const LIMIT: Duration = Duration::from_millis(200);

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

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

#[test]
fn one_more_than_there_may_be_waits_until_one_has_left() {
    rlimit::increase_nofile_limit(65_536).expect("descriptors can be had");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (give, given) = channel();
    thread::spawn(move || incoming(&listener).try_for_each(|tcp| give.send(tcp)));
    let mut clients = Vec::new();
    let mut held = Vec::new();
    for _ in 0..MAX_THREADS {
        clients.push(TcpStream::connect(address).unwrap());
        held.push(given.recv_timeout(PATIENCE).expect("it is given out"));
    }
    clients.push(TcpStream::connect(address).unwrap());
    assert!(given.recv_timeout(LIMIT).is_err(), "there is no place");
    drop(held.pop());
    given.recv_timeout(PATIENCE).expect("there is one now");
}
