//! The broker in Redis: the contract, restarts that lose entries, and every kind of bad Redis.

mod brokers;
mod redis_server;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{Client, cmd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use ws101::broker::{Broker, BrokerError, CALL_DEADLINE, Follower, Published, RETRY, Redis};

use brokers::{PATIENCE, beginning, follow, keeps_its_contract, publish};
use redis_server::{RedisServer, free_port};

const TOPIC: &str = "general";

fn broker(server: &RedisServer) -> Arc<Redis> {
    Arc::new(Redis::new(&server.address()).unwrap())
}

/// A connection for what the broker itself never does.
async fn plain(server: &RedisServer) -> MultiplexedConnection {
    let client = Client::open(server.address()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Sends the request until it is answered: the first call after a restart may find the old connection.
async fn publish_at_last(broker: &Redis, id: &str) -> Published {
    let answered = async {
        loop {
            match publish(broker, TOPIC, id, id).await {
                Ok(published) => return published,
                Err(_) => tokio::time::sleep(RETRY / 5).await,
            }
        }
    };
    timeout(PATIENCE, answered).await.expect("an answer")
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    keeps_its_contract(broker(&server), broker(&server)).await;
}

#[tokio::test]
async fn a_dead_node_is_told_once() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    broker.present(TOPIC, "dead", Bytes::new()).await.unwrap();
    let mut plain = plain(&server).await;
    // As if its time had ended.
    let dead: u64 =
        cmd("DEL").arg("ws101:{general}:node:dead").query_async(&mut plain).await.unwrap();
    assert_eq!(dead, 1);
    for gone in [1, 0] {
        let presence = broker.present(TOPIC, "alive", Bytes::new()).await.unwrap();
        assert_eq!((presence.here.len(), presence.gone.len()), (1, gone));
    }
}

#[tokio::test]
async fn a_broken_subscription_loses_nothing() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    beginning(&mut follower).await;
    let mut plain = plain(&server).await;
    for number in 0..20 {
        let text = number.to_string();
        if number % 5 == 0 {
            let kill = cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").to_owned();
            let _: u64 = kill.query_async(&mut plain).await.unwrap();
        }
        publish(&*broker, TOPIC, &text, &text).await.unwrap();
    }
    let expected: Vec<_> = (1..=20_u64).map(|seq| (seq, (seq - 1).to_string())).collect();
    assert_eq!(follow(&mut follower, 20).await, expected);
}

#[tokio::test]
async fn a_restart_turns_the_epoch() {
    let Some(mut server) = RedisServer::start(&["--appendonly", "yes"]).await else { return };
    let broker = broker(&server);
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    let first = beginning(&mut follower).await;
    publish(&*broker, TOPIC, "a", "a").await.unwrap();
    follow(&mut follower, 1).await;
    server.restart().await;
    let Published::New(position) = publish_at_last(&broker, "b").await else {
        panic!("it is new");
    };
    assert_ne!(position.epoch, first.epoch, "it may have lost entries");
    let again = beginning(&mut follower).await;
    assert_eq!(again.epoch, position.epoch);
}

#[tokio::test]
async fn a_durable_store_goes_on() {
    let options = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = RedisServer::start(&options).await else { return };
    let broker = broker(&server);
    let Published::New(first) = publish(&*broker, TOPIC, "a", "a").await.unwrap() else {
        panic!("it is new");
    };
    server.restart().await;
    assert_eq!(publish_at_last(&broker, "a").await, Published::Before(first.clone()));
    let Published::New(second) = publish_at_last(&broker, "b").await else {
        panic!("it is new");
    };
    assert_eq!((second.epoch, second.seq), (first.epoch, 2));
}

#[tokio::test]
async fn a_flushed_store_begins_anew() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    let first = beginning(&mut follower).await;
    publish(&*broker, TOPIC, "a", "a").await.unwrap();
    follow(&mut follower, 1).await;
    let mut plain = plain(&server).await;
    let () = cmd("FLUSHALL").query_async(&mut plain).await.unwrap();
    publish(&*broker, TOPIC, "b", "b").await.unwrap();
    assert_ne!(beginning(&mut follower).await.epoch, first.epoch);
    assert_eq!(follow(&mut follower, 1).await, [(1, "b".to_owned())]);
}

#[tokio::test]
async fn data_of_others_is_left_alone() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    let mut plain = plain(&server).await;
    let foreign = [
        vec!["SET", "ws101:{text}:log", "theirs"],
        vec!["XADD", "ws101:{stream}:log", "*", "their", "field"],
        vec!["SET", "ws101:{meta}:meta", "theirs"],
        vec!["HSET", "ws101:{hash}:meta", "epoch", "e", "run", "r", "seq", "no number"],
    ];
    for words in &foreign {
        cmd(words[0]).arg(&words[1..]).exec_async(&mut plain).await.unwrap();
    }
    let dump = async |plain: &mut MultiplexedConnection| {
        let mut dumps: Vec<Vec<u8>> = Vec::new();
        for key in foreign.iter().map(|words| words[1]) {
            dumps.push(cmd("DUMP").arg(key).query_async(plain).await.unwrap());
        }
        let keys: usize = cmd("DBSIZE").query_async(plain).await.unwrap();
        (dumps, keys)
    };
    let before = dump(&mut plain).await;
    for topic in ["text", "stream", "meta", "hash"] {
        let published = publish(&*broker, topic, "a", "a").await;
        assert!(matches!(published, Err(BrokerError::Foreign(_))), "{topic}: {published:?}");
        let range = broker.range(topic, None).await;
        assert!(matches!(range, Err(BrokerError::Foreign(_))), "{topic}: {range:?}");
    }
    assert_eq!(dump(&mut plain).await, before);
    assert!(broker.trouble().is_some());
    publish(&*broker, TOPIC, "a", "a").await.unwrap();
    assert_eq!(broker.trouble(), None);
    // A stranger on our channel.
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    follow(&mut follower, 1).await;
    for noise in ["", "noise", "e 1", "e x y", "\u{ff} 9 9"] {
        let mut publish = cmd("PUBLISH");
        publish.arg("ws101:{general}").arg(noise).exec_async(&mut plain).await.unwrap();
    }
    publish(&*broker, TOPIC, "b", "b").await.unwrap();
    assert_eq!(follow(&mut follower, 1).await, [(2, "b".to_owned())]);
}

#[tokio::test]
async fn a_full_store_confirms_nothing() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    publish(&*broker, TOPIC, "a", "a").await.unwrap();
    let mut plain = plain(&server).await;
    let limit = async |plain: &mut MultiplexedConnection, bytes: u32| {
        let mut config = cmd("CONFIG");
        config.arg("SET").arg("maxmemory").arg(bytes).exec_async(plain).await.unwrap();
    };
    limit(&mut plain, 1).await;
    let published = publish(&*broker, TOPIC, "b", "b").await;
    assert!(matches!(published, Err(BrokerError::Failed(_))), "{published:?}");
    limit(&mut plain, 0).await;
    let published = publish(&*broker, TOPIC, "b", "b").await.unwrap();
    assert!(matches!(&published, Published::New(at) if at.seq == 2), "{published:?}");
}

#[tokio::test]
async fn wrong_credentials_are_told_in_words() {
    let Some(server) = RedisServer::start(&["--requirepass", "secret"]).await else { return };
    let with = |user: &str| server.address().replace("://", &format!("://{user}@"));
    for address in [server.address(), with(":wrong")] {
        let broker = Redis::new(&address).unwrap();
        let published = publish(&broker, TOPIC, "a", "a").await;
        assert!(matches!(published, Err(BrokerError::Refused(_))), "{address}: {published:?}");
        assert!(broker.subscribe(TOPIC).await.is_err());
    }
    publish(&Redis::new(&with(":secret")).unwrap(), TOPIC, "a", "a").await.unwrap();
    let error = Redis::new("redis//:secret@host").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn an_absent_redis_is_awaited() {
    let Some(mut server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    let mut follower = Follower::new(broker.clone(), TOPIC, None);
    beginning(&mut follower).await;
    server.kill();
    let began = Instant::now();
    for _ in 0..100 {
        let published = publish(&*broker, TOPIC, "a", "a").await;
        assert!(matches!(published, Err(BrokerError::Away(_))), "{published:?}");
    }
    assert!(began.elapsed() < CALL_DEADLINE, "{:?}", began.elapsed());
    assert!(matches!(broker.trouble(), Some(BrokerError::Away(_))));
    server.restart().await;
    publish_at_last(&broker, "a").await;
    assert_eq!(follow(&mut follower, 1).await, [(1, "a".to_owned())]);
    assert_eq!(broker.trouble(), None);
}

#[tokio::test]
async fn a_redis_that_hangs_is_given_up_and_not_doubled() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let broker = broker(&server);
    publish(&*broker, TOPIC, "a", "a").await.unwrap();
    server.signal("STOP");
    let began = Instant::now();
    let published = publish(&*broker, TOPIC, "b", "b").await;
    assert!(matches!(published, Err(BrokerError::Away(_))), "{published:?}");
    let deadline = CALL_DEADLINE + Duration::from_secs(1);
    assert!(began.elapsed() < deadline, "{:?}", began.elapsed());
    server.signal("CONT");
    // The call that was given up is done by then, or never.
    let published = publish_at_last(&broker, "b").await;
    let (Published::New(position) | Published::Before(position)) = &published else {
        panic!("it is the same request");
    };
    assert_eq!(position.seq, 2);
    assert_eq!(broker.range(TOPIC, None).await.unwrap().entries.len(), 2);
}

/// A server that answers every command with the same bytes.
async fn parrot(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    // Several commands come at once, and each begins with a `*`.
                    let commands = buffer[..count].split(|&byte| byte == b'*').count() - 1;
                    if stream.write_all(answer.repeat(commands).as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_old_redis_and_a_stranger_are_told_in_words() {
    let old = "redis_version:5.0.14\r\n";
    let old: &str = format!("${}\r\n{old}\r\n", old.len()).leak();
    let broker = Redis::new(&parrot(old).await).unwrap();
    let published = publish(&broker, TOPIC, "a", "a").await;
    assert!(matches!(published, Err(BrokerError::TooOld(_))), "{published:?}");
    assert!(published.unwrap_err().to_string().contains("5.0.14"));

    let broker = Redis::new(&parrot("HTTP/1.1 400 Bad Request\r\n\r\n").await).unwrap();
    let published = publish(&broker, TOPIC, "a", "a").await;
    assert!(matches!(published, Err(BrokerError::Away(_))), "{published:?}");

    let nobody = Redis::new(&format!("redis://127.0.0.1:{}", free_port())).unwrap();
    let range = nobody.range(TOPIC, None).await;
    assert!(matches!(range, Err(BrokerError::Away(_))), "{range:?}");
}
