//! Connections that are not WebSockets yet, more of them than there are places.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, interval, sleep, timeout};
use ws101::endpoint::Endpoint;
use ws101::limits::MAX_PENDING;

use crate::{DEADLINE, Plaza, connect_over, eventually, next, patient, start};

const PAGE: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The first line of the answer to a request for the page.
async fn ask(mut tcp: TcpStream) -> String {
    let mut answer = [0; 15];
    tcp.write_all(PAGE).await.expect("the server is there");
    let reading = timeout(DEADLINE, tcp.read_exact(&mut answer));
    reading.await.expect("an answer comes in time").expect("an answer comes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// All are connected before any of them asks, so that most have to wait for a place.
#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_at_once_are_all_answered() {
    const CLIENTS: usize = 2_000;
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    for _ in 0..3 {
        let began = Instant::now();
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        println!("{CLIENTS} connected after {:.1?}", began.elapsed());
        let readers = clients.split_off(CLIENTS / 2);
        let readers = join_all(readers.into_iter().map(|tcp| tokio::spawn(ask(tcp))));
        let members = join_all(clients.into_iter().map(|tcp| {
            tokio::spawn(async move {
                let mut client = connect_over(tcp, address).await;
                next(&mut client).await.expect("a welcome").expect("a welcome");
            })
        }));
        let (readers, members) = tokio::join!(readers, members);
        for answer in readers {
            assert_eq!(answer.expect("it is answered"), "HTTP/1.1 200 OK");
        }
        for member in members {
            member.expect("it is let in");
        }
        println!("{CLIENTS} answered after {:.1?}", began.elapsed());
        eventually("everyone has left", || plaza.report().connections == 0).await;
    }
}

/// Some 920 connections a second from `from` that say nothing, until it is dropped; `made` counts them.
async fn flood(from: [u8; 4], address: SocketAddr, made: Arc<AtomicUsize>) {
    let mut held = std::collections::VecDeque::new();
    let mut pace = interval(Duration::from_micros(1_087));
    loop {
        pace.tick().await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        held.push_back(socket.connect(address).await.unwrap());
        // What was cut long ago need not be held.
        held.drain(..held.len().saturating_sub(4 * MAX_PENDING));
        made.fetch_add(1, Ordering::Relaxed);
    }
}

/// 127.0.0.2 is an address of its own on Linux only.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_but_polite_client_is_answered_beside_a_flood_of_silent_connections() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let made = Arc::new(AtomicUsize::new(0));
    let flooding = tokio::spawn(flood([127, 0, 0, 2], address, made.clone()));
    eventually("all places are taken", || made.load(Ordering::Relaxed) > MAX_PENDING).await;
    let polite = (0..20).map(|n| async move {
        sleep(Duration::from_millis(100 * n)).await;
        let began = Instant::now();
        let tcp = TcpStream::connect(address).await.unwrap();
        // On a slow line this is how long a request may take.
        sleep(Duration::from_millis(800)).await;
        assert_eq!(ask(tcp).await, "HTTP/1.1 200 OK");
        began.elapsed()
    });
    let took = join_all(polite).await;
    let slowest = took.iter().max().expect("there are some");
    println!("{} silent connections, slowest answer {slowest:.1?}", made.load(Ordering::Relaxed));
    assert!(!flooding.is_finished(), "it went on all the time");
    flooding.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_at_once_is_answered_beside_a_flood_from_its_own_address() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let made = Arc::new(AtomicUsize::new(0));
    let flooding = tokio::spawn(flood([127, 0, 0, 1], address, made.clone()));
    eventually("all places are taken", || made.load(Ordering::Relaxed) > MAX_PENDING).await;
    for _ in 0..50 {
        let tcp = TcpStream::connect(address).await.unwrap();
        assert_eq!(ask(tcp).await, "HTTP/1.1 200 OK");
        sleep(Duration::from_millis(20)).await;
    }
    assert!(!flooding.is_finished(), "it went on all the time");
    flooding.abort();
}
