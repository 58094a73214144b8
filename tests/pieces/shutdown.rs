//! Waiting for those who leave, not for those who do not.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use ws101::shutdown::Shutdown;

#[tokio::test(start_paused = true)]
async fn it_waits_for_tasks_and_holds_and_no_longer() {
    let (began, shutdown) = (Instant::now(), Shutdown::default());
    shutdown.spawn(sleep(Duration::from_secs(2)));
    let hold = shutdown.hold();
    tokio::spawn(async move {
        sleep(Duration::from_secs(3)).await;
        drop(hold);
    });
    assert_eq!(shutdown.drain(Duration::from_secs(60)).await, 0);
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn the_grace_ends_and_the_rest_are_counted() {
    let (began, shutdown) = (Instant::now(), Shutdown::default());
    shutdown.spawn(std::future::pending::<()>());
    shutdown.spawn(sleep(Duration::from_secs(1)));
    let _hold = shutdown.hold();
    assert_eq!(shutdown.drain(Duration::from_secs(5)).await, 2);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn everyone_hears_that_it_has_begun() {
    let shutdown = Shutdown::default();
    assert!(!shutdown.has_begun());
    let other = shutdown.clone();
    let waiting = tokio::spawn(async move { other.begun().await });
    shutdown.begin();
    shutdown.begin();
    waiting.await.unwrap();
    assert!(shutdown.has_begun());
    shutdown.begun().await;
}
