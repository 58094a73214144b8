//! What a reader that has stalled costs the others.

use tokio::time::Instant;

use super::*;

const READERS: usize = 50;
const LINES: usize = 400;
/// More than the kernel takes for one that does not read.
const LINE_BYTES: usize = 16_000;

/// How many times longer a line may take because of one who stalls.
const SLOWER: f64 = 5.0;
const TRIES: usize = 3;

/// The times from a line's saying to its being heard, of all readers, sorted.
async fn latencies(stalled: bool) -> Vec<Duration> {
    // Room for all of it: who stalls is to stay, not to be let go.
    let settings = Settings { max_queue_bytes: 2 * LINES * LINE_BYTES, ..patient() };
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let _stuck = match stalled {
        true => Some(enter_over(socket.connect(address).await.unwrap(), address).await),
        false => None,
    };
    let readers = join_all((0..READERS).map(|_| enter(address))).await;
    let mut speaker = enter(address).await;
    let reading: Vec<_> = readers
        .into_iter()
        .map(|mut reader| {
            tokio::spawn(async move {
                let mut heard = Vec::with_capacity(LINES);
                while heard.len() < LINES {
                    let message = next(&mut reader).await.unwrap().unwrap();
                    let text = message.to_text().unwrap();
                    assert!(text.starts_with(&format!("{} ", heard.len())), "in order");
                    heard.push(Instant::now());
                }
                heard
            })
        })
        .collect();
    let mut said = Vec::with_capacity(LINES);
    for n in 0..LINES {
        said.push(Instant::now());
        speaker.send(Message::text(format!("{n} {}", "x".repeat(LINE_BYTES)))).await.unwrap();
        // The speaker hears itself, and so never runs ahead of its own reading.
        next(&mut speaker).await.unwrap().unwrap();
    }
    let mut times = Vec::with_capacity(READERS * LINES);
    for heard in join_all(reading).await {
        times.extend(heard.unwrap().iter().zip(&said).map(|(heard, said)| *heard - *said));
    }
    assert_eq!(plaza.report().closes.get(&1013), None, "who stalls is still there");
    times.sort_unstable();
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_among_fifty_keeps_nothing_from_the_others() {
    // What else runs on the machine may slow one try down, or two.
    for _ in 0..TRIES {
        let (without, with) = (latencies(false).await, latencies(true).await);
        let [median, _] = [50, 99].map(|percent| {
            let at = |times: &[Duration]| times[(times.len() - 1) * percent / 100];
            let (without, with) = (at(&without), at(&with));
            let ratio = with.as_secs_f64() / without.as_secs_f64();
            println!("p{percent}: {without:.1?} alone, {with:.1?} beside one stalled: {ratio:.2}");
            ratio
        });
        if median < SLOWER {
            return;
        }
    }
    panic!("half of what is said comes {SLOWER} times later, or worse");
}
