//! A numbered log that several servers share, in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, advance, timeout};
use ws101::broker::{
    Broker, Delivery, Fault, Faulty, Follower, LOG_ENTRIES, Memory, PRESENT, Presence, QUIET,
};

use crate::brokers::{beginning, follow, keeps_its_contract, publish};

const TOPIC: &str = "general";

#[tokio::test(start_paused = true)]
async fn a_broker_in_memory_keeps_the_contract() {
    let broker = Arc::new(Memory::default());
    keeps_its_contract(broker.clone(), broker).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_notice_is_found_in_the_log() {
    let broker = Arc::new(Faulty::new(Memory::default(), vec![Fault::Lost]));
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    beginning(&mut follower).await;
    publish(broker.broker(), TOPIC, "a", "hi").await.unwrap();
    let began = Instant::now();
    assert_eq!(follow(&mut follower, 1).await, [(1, "hi".to_owned())]);
    assert!(began.elapsed() <= QUIET + Duration::from_millis(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_filled_at_once() {
    let faults = vec![Fault::Lost, Fault::Sound];
    let broker = Arc::new(Faulty::new(Memory::default(), faults));
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    beginning(&mut follower).await;
    let began = Instant::now();
    for text in ["one", "two"] {
        publish(broker.broker(), TOPIC, text, text).await.unwrap();
    }
    assert_eq!(follow(&mut follower, 2).await, [(1, "one".to_owned()), (2, "two".to_owned())]);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_slept_too_long_is_told() {
    let broker = Arc::new(Memory::default());
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    let first = beginning(&mut follower).await;
    let total = LOG_ENTRIES + 100;
    for number in 0..total {
        publish(&*broker, TOPIC, &number.to_string(), "hi").await.unwrap();
    }
    // The notices that it had room for come first.
    let mut last = 0;
    let again = loop {
        match follower.next().await.unwrap() {
            Delivery::Entry(entry) => {
                assert_eq!(entry.seq, last + 1);
                last = entry.seq;
            }
            Delivery::Begin(position) => break position,
        }
    };
    assert_eq!(again.epoch, first.epoch);
    assert_eq!(again.seq, 100, "the log keeps the last {LOG_ENTRIES}");
    let entries = follow(&mut follower, LOG_ENTRIES).await;
    assert_eq!(entries.last().map(|(seq, _)| *seq), Some(total as u64));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_lost_its_tail_begins_anew() {
    let broker = Arc::new(Memory::default());
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    let first = beginning(&mut follower).await;
    for text in ["one", "two", "three"] {
        publish(&*broker, TOPIC, text, text).await.unwrap();
    }
    follow(&mut follower, 3).await;
    broker.restart(1);
    publish(&*broker, TOPIC, "four", "four").await.unwrap();
    let again = beginning(&mut follower).await;
    assert_ne!(again.epoch, first.epoch);
    let texts = ["one", "two", "four"].map(str::to_owned);
    assert_eq!(
        follow(&mut follower, 3).await,
        [1, 2, 3].into_iter().zip(texts).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_silent_is_gone_and_told_once() {
    let broker = Memory::default();
    let says = Bytes::from_static(b"");
    broker.present(TOPIC, "dead", says.clone()).await.unwrap();
    advance(PRESENT - Duration::from_millis(1)).await;
    let before = broker.present(TOPIC, "alive", says.clone()).await.unwrap();
    assert_eq!((before.here.len(), before.gone.len()), (2, 0));
    advance(Duration::from_millis(1)).await;
    let after = broker.present(TOPIC, "alive", says.clone()).await.unwrap();
    let alive = Presence { here: vec![("alive".to_owned(), says.clone())], gone: Vec::new() };
    assert_eq!(after, Presence { gone: vec!["dead".to_owned()], ..alive.clone() });
    assert_eq!(broker.present(TOPIC, "alive", says).await.unwrap(), alive);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_follower_waits() {
    let broker = Arc::new(Memory::default());
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    beginning(&mut follower).await;
    assert!(timeout(3 * QUIET, follower.next()).await.is_err());
    publish(&*broker, TOPIC, "a", "hi").await.unwrap();
    assert_eq!(follow(&mut follower, 1).await, [(1, "hi".to_owned())]);
}
