//! A deadline for all that a thread reads and writes, not for each of it.

#[cfg(target_os = "linux")]
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
#[cfg(target_os = "linux")]
use std::net::{IpAddr, SocketAddr};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

#[cfg(target_os = "linux")]
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;
use ws101::blocking::{MAX_THREADS, accept, incoming, within};
use ws101::handshake::{Policy, Rejection};
#[cfg(target_os = "linux")]
use ws101::limits::PENDING_GRACE;

const LIMIT: Duration = Duration::from_millis(200);

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn pair() -> (TcpStream, TcpStream) {
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
fn a_deadline_of_seconds_is_kept_to_fifty_milliseconds() {
    let limit = Duration::from_secs(5);
    let wait = move || {
        let (near, _far) = pair();
        let began = Instant::now();
        within(&near, limit).read(&mut [0; 1]).unwrap_err();
        began.elapsed().saturating_sub(limit)
    };
    // A busy machine may be late, but hardly each time.
    let waits: Vec<_> = (0..3).map(|_| thread::spawn(wait)).collect();
    let late = waits.into_iter().map(|wait| wait.join().unwrap()).min().unwrap();
    assert!(late < Duration::from_millis(50), "{late:?}");
}

#[test]
fn a_late_head_is_refused_with_408() {
    let (near, mut far) = pair();
    far.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let refused = accept(&near, LIMIT, &Policy::default()).unwrap();
    assert_eq!(refused.unwrap_err(), Rejection::Timeout);
    drop(near);
    let mut answer = String::new();
    far.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn silence_and_a_reader_who_does_not_read_are_told_by_the_same_name() {
    let (near, _far) = pair();
    let silence = within(&near, LIMIT).read(&mut [0; 1]).unwrap_err();
    let full = within(&near, LIMIT).write_all(&vec![0; 32 << 20]).unwrap_err();
    assert_eq!([silence.kind(), full.kind()], [ErrorKind::TimedOut; 2]);
}

/// Has many descriptors allowed. One test at a time needs so many of them.
fn descriptors() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    rlimit::increase_nofile_limit(65_536).expect("descriptors can be had");
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn one_more_than_there_may_be_waits_until_one_has_left() {
    let _turn = descriptors();
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

/// Connects from `last` of the addresses of this computer, which has all of 127.0.0.0/8.
#[cfg(target_os = "linux")]
fn connect_from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, last], 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

#[cfg(target_os = "linux")]
#[test]
fn the_address_that_has_most_makes_room_for_others() {
    let _turn = descriptors();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (give, given) = channel();
    thread::spawn(move || incoming(&listener).try_for_each(|tcp| give.send(tcp)));
    let next = || given.recv_timeout(PATIENCE).expect("it is given out");
    let mut flood: Vec<_> = (0..MAX_THREADS).map(|_| connect_from(2, address)).collect();
    let mut held: VecDeque<_> = (0..MAX_THREADS).map(|_| next()).collect();
    let oldest = held.pop_front().unwrap();
    // A thread that reads, as those of the examples do.
    let cut = thread::spawn(move || (&*oldest).read(&mut [0; 1]));
    // More of the flood wait before the polite client.
    flood.extend((0..100).map(|_| connect_from(2, address)));
    let began = Instant::now();
    let polite = connect_from(3, address);
    let given_out = next();
    assert_eq!(given_out.peer_addr().unwrap(), polite.local_addr().unwrap());
    let waited = began.elapsed();
    assert!(waited < PENDING_GRACE + Duration::from_secs(1), "{waited:?}");
    assert_eq!(cut.join().unwrap().unwrap(), 0, "the oldest of the flood was cut");
    assert!(flood[0].read(&mut [0; 1]).is_ok_and(|n| n == 0));
    let refused = flood.last_mut().unwrap().read(&mut [0; 1]);
    assert_eq!(refused.unwrap(), 0, "more of the flood are refused");
    drop(held.pop_front());
    let _another = connect_from(2, address);
    assert_eq!(next().peer_addr().unwrap().ip(), IpAddr::from([127, 0, 0, 2]), "one was free");
}
