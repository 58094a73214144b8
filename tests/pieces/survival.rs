//! What a hub survives: streams that panic, runtimes that end, and none at all.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use ws101::broadcast::{Hub, HubOptions, Mailbox, Outlet};

use super::broadcast::{DEADLINE, driven, member, texts};

/// What a stream does wrong, every time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bug {
    Write,
    Flush,
}

/// A stream of somebody's own.
struct Buggy(DuplexStream, Bug);

impl AsyncRead for Buggy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Buggy {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        assert_ne!(self.1, Bug::Write, "this stream's bug");
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        assert_ne!(self.1, Bug::Flush, "this stream's bug");
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A member whose stream has a bug.
fn buggy(hub: &Hub, bug: Bug) -> (Mailbox, DuplexStream) {
    let (far, near) = duplex(1 << 16);
    (hub.join(&Outlet::new(Buggy(near, bug))), far)
}

#[tokio::test]
async fn a_stream_that_panics_in_a_round_ends_its_own_membership_and_no_other() {
    for bug in [Bug::Write, Bug::Flush] {
        let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
        let (before, before_far) = member(&hub, 1 << 16);
        let (broken, _far) = buggy(&hub, bug);
        let (after, after_far) = member(&hub, 1 << 16);
        let _sessions = [before, after].map(driven);
        let heard = tokio::spawn(async { [texts(before_far, 2).await, texts(after_far, 2).await] });
        hub.broadcast("1");
        let ended = timeout(DEADLINE, broken.drive()).await.expect("its session is told");
        assert_eq!(ended.expect_err("and no goodbye can be said").kind(), io::ErrorKind::Other);
        hub.broadcast("2");
        assert_eq!(heard.await.unwrap(), [["1", "2"], ["1", "2"]], "{bug:?}");
    }
}

#[tokio::test]
async fn a_stream_that_panics_harms_nobody_who_speaks_to_it() {
    let hub = Hub::new(HubOptions { capacity: 10, ..HubOptions::default() });
    let (broken, _far) = buggy(&hub, Bug::Write);
    hub.send(broken.id(), "more than it may have unsent");
    assert_eq!(hub.members(), 0);
}

/// One thread, so that what was spawned last is not begun.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime can be had")
}

/// What a member hears, its session having begun: what was said so far, and one more.
fn heard(hub: &Hub, (mailbox, far): (Mailbox, DuplexStream)) -> Vec<String> {
    runtime().block_on(async {
        let _session = driven(mailbox);
        hub.broadcast("2");
        texts(far, 2).await
    })
}

#[test]
fn a_hub_outlives_the_runtime_that_was_to_write() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let member = member(&hub, 1 << 16);
    let _ = runtime().block_on(async { hub.broadcast("1") });
    assert_eq!(heard(&hub, member), ["1", "2"]);
}

#[test]
fn a_hub_outlives_the_runtime_that_was_writing() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let (_first, mut first_far) = member(&hub, 1 << 16);
    // So many that others get a turn before all of them were written to.
    let crowd: Vec<_> = (0..1_000).map(|_| member(&hub, 64)).collect();
    let last = member(&hub, 1 << 16);
    runtime().block_on(async {
        hub.broadcast("1");
        first_far.read_u8().await.expect("the round has begun");
    });
    assert_eq!(heard(&hub, last), ["1", "2"]);
    drop(crowd);
}

#[test]
fn what_is_said_without_a_runtime_silences_nobody() {
    let hub = Hub::new(HubOptions { capacity: 1 << 20, ..HubOptions::default() });
    let member = member(&hub, 1 << 16);
    let speaker = hub.clone();
    thread::spawn(move || speaker.broadcast("1")).join().expect_err("tokio says what is missing");
    assert_eq!(heard(&hub, member), ["1", "2"]);
}
