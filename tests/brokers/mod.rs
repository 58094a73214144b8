//! What every broker does, in memory and in Redis. Each function takes two handles of one store, as two
//! servers have them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use ws101::broker::{
    Broker, BrokerError, Delivery, Draft, ENTRY_BYTES, Follower, LOG_ENTRIES, Position, Published,
    RANGE_ENTRIES,
};
use ws101::receipts::Fingerprint;

/// How long a delivery may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Publishes `text` as the request `id`.
pub async fn publish<B: Broker>(
    broker: &B,
    topic: &str,
    id: &str,
    text: &str,
) -> Result<Published, BrokerError> {
    let draft = Draft {
        topic,
        session: Fingerprint::of(&["session"]),
        id,
        content: Fingerprint::of(&[text]),
        payload: Bytes::copy_from_slice(text.as_bytes()),
    };
    broker.publish(draft).await
}

/// The next entries of a follower, and the position of the last beginning before each.
pub async fn follow<B: Broker>(follower: &mut Follower<B>, count: usize) -> Vec<(u64, String)> {
    let mut entries = Vec::new();
    while entries.len() < count {
        let next = timeout(PATIENCE, follower.next()).await.expect("a delivery");
        match next {
            Ok(Delivery::Entry(entry)) => {
                let text = String::from_utf8(entry.payload.to_vec()).unwrap();
                entries.push((entry.seq, text));
            }
            Ok(Delivery::Begin(_)) | Err(_) => {}
        }
    }
    entries
}

/// The position at which a follower begins again.
pub async fn beginning<B: Broker>(follower: &mut Follower<B>) -> Position {
    loop {
        let next = timeout(PATIENCE, follower.next()).await.expect("a delivery");
        if let Ok(Delivery::Begin(position)) = next {
            return position;
        }
    }
}

/// All that is the same in every broker.
pub async fn keeps_its_contract<B: Broker>(one: Arc<B>, other: Arc<B>) {
    numbers_and_requests(&*one, &*other).await;
    ranges(&*one).await;
    one_order(&one, &other).await;
    presence(&*one, &*other).await;
}

async fn numbers_and_requests<B: Broker>(one: &B, other: &B) {
    let topic = "numbers";
    let Published::New(first) = publish(one, topic, "a", "hi").await.unwrap() else {
        panic!("the first request is new");
    };
    assert_eq!(first.seq, 1);
    let second = Published::New(Position { seq: 2, ..first.clone() });
    assert_eq!(publish(other, topic, "b", "ho").await.unwrap(), second);
    // The same request again, through the other server.
    assert_eq!(publish(other, topic, "a", "hi").await.unwrap(), Published::Before(first));
    assert_eq!(publish(other, topic, "a", "another").await.unwrap(), Published::Otherwise);
    let long = "x".repeat(ENTRY_BYTES + 1);
    assert_eq!(publish(one, topic, "c", &long).await, Err(BrokerError::TooLong));
    assert_eq!(one.range(topic, None).await.unwrap().head.seq, 2);
    // Another topic counts from 1.
    let published = publish(one, "apart", "a", "hi").await.unwrap();
    assert!(matches!(published, Published::New(Position { seq: 1, .. })), "{published:?}");
}

async fn ranges<B: Broker>(broker: &B) {
    let topic = "ranges";
    let empty = broker.range(topic, None).await.unwrap();
    assert_eq!((empty.head.seq, empty.entries.len()), (0, 0));
    for number in 1..=LOG_ENTRIES + 10 {
        publish(broker, topic, &number.to_string(), &number.to_string()).await.unwrap();
    }
    let whole = broker.range(topic, None).await.unwrap();
    let head = whole.head.clone();
    assert_eq!(head.epoch, empty.head.epoch, "a new topic keeps the epoch that was told first");
    assert_eq!(head.seq, (LOG_ENTRIES + 10) as u64);
    assert_eq!((whole.entries[0].seq, whole.entries.len()), (11, RANGE_ENTRIES));
    let at = |seq| Position { seq, ..head.clone() };
    let last = broker.range(topic, Some(&at(head.seq - 2))).await.unwrap().entries;
    assert_eq!(last.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [head.seq - 1, head.seq]);
    assert_eq!(last[1].payload, head.seq.to_string());
    assert!(broker.range(topic, Some(&head)).await.unwrap().entries.is_empty());
    // A place that is not in this log.
    let strange = Position { epoch: "strange".into(), seq: head.seq };
    for place in [at(head.seq + 1), strange] {
        assert_eq!(broker.range(topic, Some(&place)).await.unwrap().entries[0].seq, 11);
    }
}

async fn one_order<B: Broker>(one: &Arc<B>, other: &Arc<B>) {
    let topic = "order";
    let mut followers = [one, other].map(|broker| Follower::new(broker.clone(), topic, None));
    let mut begun = Vec::new();
    for follower in &mut followers {
        begun.push(beginning(follower).await);
    }
    assert_eq!(begun[0], begun[1]);
    for number in 0..20 {
        let (text, broker) = (number.to_string(), if number % 3 == 0 { one } else { other });
        publish(&**broker, topic, &text, &text).await.unwrap();
    }
    let expected: Vec<_> = (1..=20_u64).map(|seq| (seq, (seq - 1).to_string())).collect();
    for follower in &mut followers {
        assert_eq!(follow(follower, 20).await, expected);
    }
    // A client that resumes on the other server.
    let place = Position { seq: 15, ..begun[0].clone() };
    let mut resumed = Follower::new(other.clone(), topic, Some(place));
    let Ok(Ok(Delivery::Entry(entry))) = timeout(PATIENCE, resumed.next()).await else {
        panic!("it goes on without a beginning");
    };
    assert_eq!(entry.seq, 16);
}

async fn presence<B: Broker>(one: &B, other: &B) {
    let topic = "presence";
    let says = |text: &'static str| Bytes::from_static(text.as_bytes());
    let alone = one.present(topic, "one", says("ann")).await.unwrap();
    assert_eq!(alone.here, [("one".to_owned(), says("ann"))]);
    other.present(topic, "other", says("bob")).await.unwrap();
    let mut both = one.present(topic, "one", says("ann, eve")).await.unwrap();
    both.here.sort();
    let expected = [("one", says("ann, eve")), ("other", says("bob"))];
    assert_eq!(both.here, expected.map(|(node, says)| (node.to_owned(), says)));
    assert!(both.gone.is_empty());
}
