//! Counting, held against what was truly sent.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::timeout;
use ws101::frame::{Frame, Opcode};
use ws101::stats::{OTHER_CODES, Stats, every};

/// Three messages, one of them in three fragments, among control frames.
fn conversation() -> BytesMut {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let frames = [
        Frame::text("hello"),
        Frame::text("he").unfinished(),
        Frame::ping("?"),
        Frame::new(Opcode::Continuation, "ll").unfinished(),
        Frame::new(Opcode::Continuation, "o"),
        Frame::binary(vec![0x81; 70_000]),
        Frame::pong(""),
        Frame::close(1000, "bye"),
    ];
    let mut bytes = BytesMut::new();
    frames.map(|frame| frame.masked(key)).iter().for_each(|frame| frame.encode(&mut bytes));
    bytes
}

#[tokio::test]
async fn in_whatever_pieces_it_comes_it_counts_the_same() {
    let bytes = conversation();
    for piece in [1, 2, 3, 7, 1000, 100_000] {
        let stats = Stats::start();
        let (far, near) = duplex(1 << 20);
        let mut counted = stats.count(near);
        for chunk in bytes.chunks(piece) {
            counted.write_all(chunk).await.unwrap();
        }
        let (mut far, mut buffer) = (far, vec![0; piece]);
        far.write_all(&bytes).await.unwrap();
        drop(far);
        while counted.read(&mut buffer).await.unwrap() > 0 {}
        let report = stats.report();
        assert_eq!((report.messages_in, report.messages_out), (3, 3), "in pieces of {piece}");
        assert_eq!((report.bytes_in, report.bytes_out), (bytes.len() as u64, bytes.len() as u64));
    }
}

#[tokio::test]
async fn a_vectored_write_counts_what_was_taken() {
    let bytes = conversation();
    let stats = Stats::start();
    let (mut far, near) = duplex(97);
    let mut counted = stats.count(near);
    let reader = tokio::spawn(async move {
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        all.len()
    });
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (front, back) = rest.split_at(rest.len() / 2);
        let slices = [std::io::IoSlice::new(front), std::io::IoSlice::new(back)];
        rest = &rest[counted.write_vectored(&slices).await.unwrap()..];
    }
    drop(counted);
    assert_eq!(reader.await.unwrap(), bytes.len());
    assert_eq!(stats.report().messages_out, 3);
    assert_eq!(stats.report().bytes_out, bytes.len() as u64);
}

#[tokio::test]
async fn a_length_beyond_all_measure_is_only_skipped() {
    let stats = Stats::start();
    let (_far, near) = duplex(64);
    let mut counted = stats.count(near);
    counted.write_all(&[0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).await.unwrap();
    counted.write_all(b"\x81\x01x").await.unwrap();
    assert_eq!(stats.report().messages_out, 1);
}

#[tokio::test(start_paused = true)]
async fn connections_come_and_go_with_their_codes() {
    let stats = Stats::start();
    let (one, two, three) = (stats.open(), stats.clone().open(), stats.open());
    assert_eq!(stats.report().connections, 3);
    one.close(1000);
    two.close(1000);
    drop(three);
    tokio::time::advance(Duration::from_millis(1234)).await;
    let report = stats.report();
    assert_eq!((report.connections, report.connections_total), (0, 3));
    assert_eq!(report.closes, [(1000, 2), (1006, 1)].into());
    assert_eq!(report.uptime_ms, 1234);
    assert!(report.rss_bytes.is_none_or(|bytes| bytes > 100_000));
}

#[tokio::test(start_paused = true)]
async fn numbers_are_due_every_period_and_never_if_it_is_zero() {
    for (period, times) in [(60, 59), (7_200, 0), (0, 0)] {
        let mut told = 0;
        let telling = every(Duration::from_secs(period), || told += 1);
        assert!(timeout(Duration::from_secs(3_599), telling).await.is_err());
        assert_eq!(told, times, "every {period} s");
    }
}

#[test]
fn codes_that_peers_choose_are_counted_together_when_they_are_many() {
    let stats = Stats::start();
    for code in (1000..=1015).chain(3000..5000).chain([3000, 4999, 1013]) {
        stats.open().close(code);
    }
    let closes = stats.report().closes;
    assert_eq!(closes.len(), 16 + 32 + 1);
    assert_eq!(closes[&3000], 2);
    assert_eq!(closes[&1013], 2);
    assert_eq!(closes[&OTHER_CODES], 2000 - 32 + 1);
    assert_eq!(closes.values().sum::<u64>(), 16 + 2000 + 3, "none is lost");
}
