//! Asking, and drawing conclusions, in virtual time.

use std::time::Duration;

use tokio::time::{Instant, advance};
use tokio_tungstenite::tungstenite::Message;
use ws101::heartbeat::{Heartbeat, HeartbeatOptions, PeerLost};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A heartbeat that lets the user be silent for any time.
fn every(period: Duration, pong_timeout: Duration) -> Heartbeat {
    Heartbeat::new(HeartbeatOptions { period, pong_timeout, idle_timeout: Duration::ZERO })
}

fn ping(n: &'static str) -> Message {
    Message::Ping(n.into())
}

fn pong(n: &'static str) -> Message {
    Message::Pong(n.into())
}

#[tokio::test(start_paused = true)]
async fn pings_count_up_at_their_period() {
    let began = Instant::now();
    let mut heartbeat = every(secs(25), secs(10));
    for (n, at) in [("1", 25), ("2", 50), ("3", 75)] {
        assert_eq!(heartbeat.beat().await, Ok(ping(n)));
        assert_eq!(began.elapsed(), secs(at));
        heartbeat.heard(&pong(n));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_gone_after_the_pong_timeout() {
    let began = Instant::now();
    let mut heartbeat = every(secs(25), secs(10));
    heartbeat.beat().await.unwrap();
    assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(secs(10))));
    assert_eq!(began.elapsed(), secs(35));
    assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(secs(10))), "and stays gone");
}

#[tokio::test(start_paused = true)]
async fn talking_is_no_pong() {
    let mut heartbeat = every(secs(25), secs(10));
    heartbeat.beat().await.unwrap();
    heartbeat.heard(&Message::text("still here"));
    assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(secs(10))));
}

#[tokio::test(start_paused = true)]
async fn an_unasked_pong_changes_nothing() {
    let mut heartbeat = every(secs(25), secs(10));
    for stray in ["", "0", "1", "2", "18446744073709551615", "no number", "\u{ff}"] {
        heartbeat.heard(&pong(stray));
    }
    assert_eq!(heartbeat.beat().await, Ok(ping("1")));
    heartbeat.heard(&pong("2"));
    assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(secs(10))));
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_is_no_dead_one() {
    // Every pong takes 2.5 periods: late for its own period, in time for its deadline.
    let began = Instant::now();
    let mut heartbeat = every(secs(2), secs(10));
    let mut answers = std::collections::VecDeque::new();
    while began.elapsed() < secs(60) {
        let due = answers.front().map_or(began + secs(9_999), |(due, _)| *due);
        tokio::select! {
            beat = heartbeat.beat() => {
                let Message::Ping(payload) = beat.expect("it answers in time") else { unreachable!() };
                answers.push_back((Instant::now() + secs(5), payload));
            }
            () = tokio::time::sleep_until(due) => {
                let (_, payload) = answers.pop_front().unwrap();
                heartbeat.heard(&Message::Pong(payload));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_lost_pong_is_forgiven_if_the_next_comes_before_the_deadline() {
    let mut heartbeat = every(secs(4), secs(10));
    assert_eq!(heartbeat.beat().await, Ok(ping("1")));
    assert_eq!(heartbeat.beat().await, Ok(ping("2")));
    heartbeat.heard(&pong("2"));
    assert_eq!(heartbeat.beat().await, Ok(ping("3")));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_unanswered_ping_decides() {
    let began = Instant::now();
    let mut heartbeat = every(secs(4), secs(10));
    for _ in 0..2 {
        heartbeat.beat().await.unwrap();
    }
    heartbeat.heard(&pong("1"));
    // Ping 2 went out at 8 s and is due at 18 s; pings 3 and 4 go out meanwhile.
    for _ in 0..2 {
        heartbeat.beat().await.unwrap();
    }
    assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(secs(10))));
    assert_eq!(began.elapsed(), secs(18));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_blamed_for_what_we_slept_through() {
    let mut heartbeat = Heartbeat::new(HeartbeatOptions {
        period: secs(4),
        pong_timeout: secs(10),
        idle_timeout: secs(60),
    });
    heartbeat.beat().await.unwrap();
    advance(secs(600)).await;
    let woke = Instant::now();
    assert_eq!(heartbeat.beat().await, Ok(ping("2")), "at once");
    assert_eq!(woke.elapsed(), secs(0));
    advance(secs(3)).await;
    // This one had lain in the socket. The others are still within their time.
    heartbeat.heard(&pong("1"));
    assert_eq!(heartbeat.beat().await, Ok(ping("3")));
    assert_eq!(heartbeat.beat().await, Ok(ping("4")));
    assert_eq!(heartbeat.beat().await, Err(PeerLost::NoPong(secs(10))));
    assert_eq!(woke.elapsed(), secs(10), "counted from when ping 2 went out");
}

#[tokio::test(start_paused = true)]
async fn nor_taken_for_idle() {
    let mut heartbeat = Heartbeat::new(HeartbeatOptions {
        period: Duration::ZERO,
        pong_timeout: secs(10),
        idle_timeout: secs(60),
    });
    advance(secs(600)).await;
    let woke = Instant::now();
    assert_eq!(heartbeat.beat().await, Err(PeerLost::Idle(secs(60))));
    assert_eq!(woke.elapsed(), secs(60));
}

#[tokio::test(start_paused = true)]
async fn without_pings_only_silence_counts() {
    let began = Instant::now();
    let mut heartbeat = Heartbeat::new(HeartbeatOptions {
        period: Duration::ZERO,
        pong_timeout: secs(10),
        idle_timeout: secs(60),
    });
    advance(secs(30)).await;
    heartbeat.heard(&Message::text("hello"));
    assert_eq!(heartbeat.beat().await, Err(PeerLost::Idle(secs(60))));
    assert_eq!(began.elapsed(), secs(90));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_peer_that_answers_is_never_idle() {
    let mut heartbeat = Heartbeat::new(HeartbeatOptions {
        period: secs(25),
        pong_timeout: secs(10),
        idle_timeout: secs(60),
    });
    for _ in 0..100 {
        let Message::Ping(payload) = heartbeat.beat().await.unwrap() else { unreachable!() };
        heartbeat.heard(&Message::Pong(payload));
    }
}

#[tokio::test(start_paused = true)]
async fn switched_off_it_never_beats() {
    let mut heartbeat = every(Duration::ZERO, secs(10));
    assert!(tokio::time::timeout(secs(1_000_000), heartbeat.beat()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn any_byte_is_a_sign_of_life() {
    let began = Instant::now();
    // A byte comes each second of a minute.
    let heard_at = || began + secs(began.elapsed().as_secs().min(60));
    let mut heartbeat = Heartbeat::new(HeartbeatOptions {
        period: secs(25),
        pong_timeout: secs(10),
        idle_timeout: secs(20),
    });
    assert_eq!(heartbeat.beat_hearing(heard_at).await, Ok(ping("1")));
    assert_eq!(heartbeat.beat_hearing(heard_at).await, Ok(ping("2")));
    assert_eq!(began.elapsed(), secs(50));
    assert_eq!(heartbeat.beat_hearing(heard_at).await, Err(PeerLost::NoPong(secs(10))));
    assert_eq!(began.elapsed(), secs(70), "counted from the last byte");

    let began = Instant::now();
    let heard_at = || began + secs(began.elapsed().as_secs().min(60));
    let mut heartbeat = Heartbeat::new(HeartbeatOptions {
        period: Duration::ZERO,
        pong_timeout: secs(10),
        idle_timeout: secs(20),
    });
    assert_eq!(heartbeat.beat_hearing(heard_at).await, Err(PeerLost::Idle(secs(20))));
    assert_eq!(began.elapsed(), secs(80));
}
