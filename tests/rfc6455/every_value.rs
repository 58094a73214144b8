//! The slow half: every value that a field can have, and every place to cut.
//!
//! A second of it by default, a minute where `CI` is set, all of it with
//! `CONFORMANCE=full`. Each run begins somewhere else, so that minutes add up.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use tokio::time::Instant;
use ws101::frame::{Frame, Opcode};

use crate::case::{ACCEPT, MASK, NO_CODE, PREFIX, Step, cont, echoed, head, masked};
use crate::closing::UNHEARD_OF;
use crate::player::Client;
use crate::target::{LIMIT, TARGETS, Target};

/// Connections to one target at once.
const WORKERS: usize = 4;

/// From one trial to the next: a prime, so that in the end every one has its turn.
const STRIDE: usize = 7_368_787;

/// All values of two bytes.
const PAIRS: usize = 1 << 16;

/// A field, how many values it has, and what each must come to.
struct Family {
    name: &'static str,
    size: usize,
    trial: fn(usize) -> Vec<Step>,
}

const FAMILIES: [Family; 5] = [
    Family { name: "s7_4_close_code", size: PAIRS, trial: close_code },
    Family { name: "s5_2_first_two_bytes", size: PAIRS, trial: first_two_bytes },
    Family { name: "s5_2_length", size: LIMIT + 1, trial: length },
    Family { name: "s8_1_two_bytes_of_text", size: 2 * PAIRS, trial: two_bytes_of_text },
    Family { name: "s5_2_cut_twice", size: 64 * 64, trial: cut_twice },
];

fn pair(n: usize) -> [u8; 2] {
    let [low, high, ..] = n.to_le_bytes();
    [high, low]
}

fn close_code(n: usize) -> Vec<Step> {
    let code = u16::from_be_bytes(pair(n));
    let legal = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    let verdict = match code {
        // Not the same in all targets: the case of that name knows in which.
        UNHEARD_OF => Step::Closed(vec![code, 1002]),
        _ => closed(if legal { code } else { 1002 }),
    };
    vec![send(masked([Frame::close(code, "")])), verdict]
}

/// FIN, the reserved bits, the opcode, the mask bit and seven bits of length.
fn first_two_bytes(n: usize) -> Vec<Step> {
    let [first, second] = pair(n);
    let (fin, rsv, opcode) = (first >= 0x80, first >> 4 & 7, Opcode::from_bits(first));
    let (is_masked, len) = (second >= 0x80, second & 0x7f);
    let (extended, len) = match len {
        126 => (126u16.to_be_bytes().to_vec(), 126),
        127 => (65_536u64.to_be_bytes().to_vec(), 65_536),
        len => (vec![], len.into()),
    };
    let mut payload = vec![b'x'; len];
    if let (Opcode::Close, [high, low, ..]) = (opcode, &mut payload[..]) {
        [*high, *low] = 1000u16.to_be_bytes();
    }
    let body = if is_masked {
        let frame = Frame::new(Opcode::Binary, payload.clone()).masked(MASK).to_bytes();
        [&MASK, &frame[frame.len() - len..]].concat()
    } else {
        payload.clone()
    };
    let sent = send([&[first, second], &extended[..], &body].concat());
    let fails = rsv != 0
        || !is_masked
        || matches!(opcode, Opcode::Reserved(_) | Opcode::Continuation)
        || opcode.is_control() && (!fin || len > 125)
        || opcode == Opcode::Close && len == 1;
    let rest = send(masked(if fin { vec![] } else { vec![cont("")] }));
    match opcode {
        _ if fails => vec![sent, closed(1002)],
        Opcode::Close => vec![sent, closed(if len == 0 { NO_CODE } else { 1000 })],
        Opcode::Ping => vec![sent, hears(Frame::pong(payload))],
        Opcode::Pong => {
            vec![sent, send(masked([Frame::ping("fence")])), hears(Frame::pong("fence"))]
        }
        Opcode::Text => vec![sent, rest, hears(echoed(&"x".repeat(len)))],
        _ => vec![sent, rest, hears(Frame::binary(payload))],
    }
}

fn length(n: usize) -> Vec<Step> {
    let bytes: Bytes = (0..=255).cycle().take(n).collect();
    vec![send(masked([Frame::binary(bytes.clone())])), hears(Frame::binary(bytes))]
}

/// In one frame, or with a fragment's end between them.
fn two_bytes_of_text(n: usize) -> Vec<Step> {
    let bytes = pair(n % PAIRS);
    let frames = if n < PAIRS {
        vec![Frame::text(bytes.to_vec())]
    } else {
        vec![Frame::text(bytes[..1].to_vec()).unfinished(), cont(bytes[1..].to_vec())]
    };
    let verdict = match str::from_utf8(&bytes) {
        Ok(_) => hears(Frame::text([PREFIX.as_bytes(), &bytes].concat())),
        Err(_) => closed(1007),
    };
    vec![send(masked(frames)), verdict]
}

/// One conversation in three writes, whichever.
fn cut_twice(n: usize) -> Vec<Step> {
    let first = Frame::text("Привет, ").unfinished();
    let bytes = masked([first, Frame::ping("?"), cont("сервер"), Frame::binary(vec![0; 3])]);
    let (one, two) = (n % 64 % bytes.len(), n / 64 % bytes.len());
    let (one, two) = (one.min(two), one.max(two));
    let pieces = vec![bytes.slice(..one), bytes.slice(one..two), bytes.slice(two..)];
    let heard = vec![Frame::pong("?"), echoed("Привет, сервер"), Frame::binary(vec![0; 3])];
    vec![Step::Send(pieces), Step::Hears(heard)]
}

fn send(bytes: impl Into<Bytes>) -> Step {
    Step::Send(vec![bytes.into()])
}

fn hears(frame: Frame) -> Step {
    Step::Hears(vec![frame])
}

fn closed(code: u16) -> Step {
    Step::Closed(vec![code])
}

fn total() -> usize {
    FAMILIES.iter().map(|family| family.size).sum()
}

/// Which field, which value of it, and the script.
fn trial(mut n: usize) -> (&'static str, usize, Vec<Step>) {
    for Family { name, size, trial } in FAMILIES {
        if n < size {
            return (name, n, trial(n));
        }
        n -= size;
    }
    unreachable!("there are no more than `total`")
}

/// Plays trials from `next` on until all had their turn or the time is up.
async fn work(
    address: SocketAddr,
    first: usize,
    next: &AtomicUsize,
    until: Option<Instant>,
) -> Result<()> {
    // Whoever was not closed goes on: a server must be the same after any sound message.
    let mut open = None;
    while until.is_none_or(|until| Instant::now() < until) {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= total() {
            break;
        }
        let (name, value, steps) = trial((first + turn * STRIDE) % total());
        let ends = matches!(steps.last(), Some(Step::Closed(_)));
        let played = async {
            let client = match open.take() {
                Some(client) => client,
                None => opened(address).await?,
            };
            client.play(steps).await
        };
        let client = played.await.with_context(|| format!("{name}, value {value} ({value:#x})"))?;
        open = (!ends).then_some(client);
    }
    Ok(())
}

async fn opened(address: SocketAddr) -> Result<Client> {
    let client = Client::connect(address).await?;
    let switched = Step::Switched { accept: ACCEPT, subprotocol: None };
    client.play(vec![send(head(&[])), switched]).await
}

async fn every_value(target: Target, until: Option<Instant>) {
    let program = target.start().await;
    let next = AtomicUsize::new(0);
    let first = somewhere();
    let workers = (0..WORKERS).map(|_| work(program.address, first, &next, until));
    if let Err(error) = try_join_all(workers).await {
        panic!("{target}: {error:#}");
    }
    println!("{target}: {} of {}", next.into_inner().min(total()), total());
}

/// Where a run begins: elsewhere each time.
fn somewhere() -> usize {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.subsec_nanos() as usize) % total()
}

#[tokio::test]
async fn every_value_of_every_field() {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let until = match (set("CONFORMANCE"), set("CI")) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(Duration::from_secs(60)),
        (None, None) => Some(Duration::from_secs(1)),
    };
    let until = until.map(|time| Instant::now() + time);
    join_all(TARGETS.map(|target| every_value(target, until))).await;
}
