//! One order for all, at length.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::future::{join_all, try_join};
use tokio::time::Instant;

use super::*;

const SENDERS: usize = 10;
const READERS: usize = 20;
const EACH: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn ten_speak_a_thousand_times_and_thirty_logs_are_the_same() {
    let settings = patient();
    let plaza = Endpoint::open(Plaza, &settings);
    let (address, _serving) = start(&plaza, &settings);
    let clients = join_all((0..SENDERS + READERS).map(|_| enter(address))).await;
    let began = Instant::now();
    let conversations = clients.into_iter().enumerate().map(|(n, client)| {
        tokio::spawn(async move {
            let lines = if n < SENDERS { EACH } else { 0 };
            let (mut sink, mut stream) = client.split();
            let speaking = async {
                for line in 0..lines {
                    sink.send(Message::text(format!("{n} {line}"))).await?;
                }
                Ok(())
            };
            let listening = async {
                let mut log = Vec::with_capacity(SENDERS * EACH);
                while log.len() < SENDERS * EACH {
                    if let Message::Text(text) = stream.next().await.expect("there is more")? {
                        log.push(text);
                    }
                }
                Ok::<_, Error>(log)
            };
            timeout(DEADLINE, try_join(speaking, listening)).await.expect("in time").unwrap().1
        })
    });
    let logs = join_all(conversations.collect::<Vec<_>>()).await;
    let logs: Vec<_> = logs.into_iter().map(Result::unwrap).collect();
    let took = began.elapsed();
    assert!(logs.iter().all(|log| *log == logs[0]), "one order for all");
    let mut next = BTreeMap::<&str, usize>::new();
    for text in &logs[0] {
        let (sender, line) = text.split_once(' ').expect("as it was said");
        let expected = next.entry(sender).or_default();
        assert_eq!(line, expected.to_string(), "sender {sender} in order");
        *expected += 1;
    }
    assert!(next.values().all(|lines| *lines == EACH));
    println!("{} lines heard by {} in the same order in {took:.1?}", SENDERS * EACH, logs.len());
}
