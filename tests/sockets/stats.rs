//! The server's statistics against its clients' own: raw bytes, counted at the other end.

use std::collections::BTreeMap;

use ws101::client::{self, Answer, Asked, Request};
use ws101::frame::{Decoder, Frame, Opcode};

use super::*;

const CLIENTS: usize = 30;
const LINES: usize = 20;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// How a client ends, and the code its end counts as.
const ENDS: [(&str, u16); 5] =
    [("close", 1000), ("cut", 1006), ("unmasked", 1002), ("not UTF-8", 1007), ("too long", 1009)];

/// A client that counts what it sends and gets, from behind the 101 on.
struct Counting {
    tcp: TcpStream,
    decoder: Decoder,
    sent: u64,
    got: u64,
    messages: u64,
}

impl Counting {
    async fn enter(address: SocketAddr) -> Self {
        let mut tcp = client::connect(address, DEADLINE).await.unwrap();
        let request = Request::new("/").to_bytes(&address.to_string());
        let answer = client::ask(&mut tcp, &request, Instant::now() + DEADLINE).await;
        assert_eq!(answer.faults(&Asked::of(&request)), []);
        let Answer::Response { rest, .. } = answer else { panic!("no answer") };
        let mut decoder = Decoder::new(64 * 1024);
        decoder.push(&rest);
        let got = rest.len() as u64;
        let mut client = Self { tcp, decoder, sent: 0, got, messages: 0 };
        client.count();
        client.read_until(|client| client.messages == 1).await;
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.tcp.write_all(bytes).await.unwrap();
        self.sent += bytes.len() as u64;
    }

    /// Reads until `enough`, or to the end.
    async fn read_until(&mut self, enough: impl Fn(&Self) -> bool) {
        let mut buffer = [0; 4096];
        while !enough(self) {
            let n = timeout(DEADLINE, self.tcp.read(&mut buffer)).await.expect("in time").unwrap();
            if n == 0 {
                return;
            }
            self.got += n as u64;
            self.decoder.push(&buffer[..n]);
            self.count();
        }
    }

    fn count(&mut self) {
        while let Some(frame) = self.decoder.next_frame() {
            self.messages += u64::from(frame.header.opcode == Opcode::Text);
        }
    }

    async fn end(mut self, how: &str) -> Self {
        match how {
            "close" => self.send(&Frame::close(1000, "bye").masked(MASK).to_bytes()).await,
            "unmasked" => self.send(&Frame::text("bare").to_bytes()).await,
            "not UTF-8" => self.send(&Frame::text(&b"\xff"[..]).masked(MASK).to_bytes()).await,
            "too long" => {
                // Its header is enough.
                let long = Frame::text(vec![b'x'; 70_000]).masked(MASK).to_bytes();
                self.send(&long[..14]).await;
            }
            _ => self.tcp.shutdown().await.unwrap(),
        }
        self.read_until(|_| false).await;
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_counts_is_what_its_clients_count() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let mut clients = join_all((0..CLIENTS).map(|_| Counting::enter(address))).await;
    for (n, client) in clients.iter_mut().enumerate() {
        for line in 0..LINES {
            // Lengths on both sides of 125, and every other message in two frames.
            let text = format!("{n} {line} {}", "x".repeat(n * line));
            let (front, back) = text.split_at(text.len() / 2);
            if line % 2 == 0 {
                client.send(&Frame::text(text).masked(MASK).to_bytes()).await;
            } else {
                let front = Frame::text(front.to_owned()).unfinished().masked(MASK).to_bytes();
                let back = Frame::new(Opcode::Continuation, back.to_owned()).masked(MASK);
                client.send(&[front, back.to_bytes()].concat()).await;
            }
        }
    }
    let all = (1 + CLIENTS * LINES) as u64;
    join_all(clients.iter_mut().map(|client| client.read_until(|client| client.messages == all)))
        .await;
    let ends = ENDS.iter().cycle();
    let ended =
        join_all(clients.into_iter().zip(ends).map(|(client, end)| client.end(end.0))).await;

    eventually("empty", || plaza.report().connections == 0).await;
    let report = plaza.report();
    let sum = |count: fn(&Counting) -> u64| ended.iter().map(count).sum::<u64>();
    assert_eq!(report.connections_total, CLIENTS as u64);
    // The unmasked, the one that is no UTF-8 and the too long one have begun, and so count.
    assert_eq!(report.messages_in, (CLIENTS * LINES + 3 * CLIENTS / ENDS.len()) as u64);
    assert_eq!(report.messages_out, sum(|client| client.messages));
    assert_eq!(report.bytes_in, sum(|client| client.sent));
    assert_eq!(report.bytes_out, sum(|client| client.got));
    let each = (CLIENTS / ENDS.len()) as u64;
    assert_eq!(report.closes, BTreeMap::from(ENDS.map(|(_, code)| (code, each))));
    println!(
        "{CLIENTS} connections, {} messages in, {} out, {} bytes in, {} out: the same at both ends",
        report.messages_in, report.messages_out, report.bytes_in, report.bytes_out
    );
}
