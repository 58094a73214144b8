//! Bytes put back, and endings that let the last words arrive.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;
use ws101::stream::{LINGER, Rewind, linger};

#[tokio::test]
async fn what_is_put_back_is_read_first() {
    for piece in 1..8 {
        let (mut far, near) = duplex(64);
        far.write_all(b" world").await.unwrap();
        drop(far);
        let mut stream = Rewind::new(b"hello", near);
        let mut read = Vec::new();
        let mut buffer = vec![0; piece];
        while let n @ 1.. = stream.read(&mut buffer).await.unwrap() {
            read.extend_from_slice(&buffer[..n]);
        }
        assert_eq!(read, b"hello world");
    }
}

#[tokio::test]
async fn writing_passes_straight_through() {
    let (mut far, near) = duplex(64);
    let mut stream = Rewind::new(b"unread", near);
    stream.write_all(b"out").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut got = String::new();
    far.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "out");
}

#[tokio::test(start_paused = true)]
async fn a_lingerer_leaves_when_the_peer_does() {
    let (mut far, mut near) = duplex(16);
    let began = Instant::now();
    let peer = tokio::spawn(async move {
        let mut words = String::new();
        far.write_all(&[b'x'; 1000]).await.unwrap();
        far.read_to_string(&mut words).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        words
    });
    near.write_all(b"last words").await.unwrap();
    linger(&mut near, LINGER).await;
    assert_eq!(peer.await.unwrap(), "last words");
    assert_eq!(began.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stays_is_left() {
    let (_far, mut near) = duplex(16);
    let began = Instant::now();
    linger(&mut near, LINGER).await;
    assert_eq!(began.elapsed(), LINGER);
}
