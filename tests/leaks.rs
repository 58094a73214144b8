//! Ten thousand come and are cut in the middle of a frame. Alone in its process, so that
//! descriptors, tasks and memory can be counted; clients and server are both in it.

use std::time::Duration;

use futures::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use warp::{Filter, Reply};
use ws101::broadcast::{ClientId, Hub};
use ws101::endpoint::Endpoint;
use ws101::frame::Frame;
use ws101::program;
use ws101::room::Room;
use ws101::server::serve;
use ws101::settings::Settings;

const CYCLES: usize = 10_000;
const AT_ONCE: usize = 100;
const DEADLINE: Duration = Duration::from_secs(60);

/// Rounds after which buffers and pools have the size they need.
const WARM: usize = 10;

/// How much memory may be more then.
const GROWTH: usize = 8 << 20;

struct Quiet;

impl Room for Quiet {
    fn heard(&mut self, _who: ClientId, _message: Message, _hub: &Hub) {}
}

#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[cfg(not(target_os = "linux"))]
fn descriptors() -> usize {
    0
}

async fn eventually(what: &str, done: impl Fn() -> bool) {
    let polling = async {
        while !done() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, polling).await.unwrap_or_else(|_| panic!("never {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_are_cut_in_a_frame_and_nothing_stays_behind() {
    rlimit::increase_nofile_limit(4_096).expect("descriptors can be had");
    let settings = Settings { port: 0, ..Settings::default() };
    let room = Endpoint::open(Quiet, &settings);
    let listener = program::listen(&settings).unwrap();
    let address = listener.local_addr().unwrap();
    let page = warp::any().map(|| "a page".into_response()).boxed();
    let serving =
        tokio::spawn(serve(&settings, listener, [room.sockets(), page], room.shutdown().clone()));
    let connect = || async move {
        let tcp = TcpStream::connect(address).await.unwrap();
        client_async(format!("ws://{address}/"), tcp).await.expect("101").0
    };

    let half = Frame::text("what will become of this?").masked([1, 2, 3, 4]).to_bytes();
    let half = &half[..half.len() / 2];
    let memory = || memory_stats::memory_stats().map_or(0, |memory| memory.physical_mem);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let (before, busy) = (descriptors(), tasks());
    let mut warm = 0;
    for round in 0..CYCLES / AT_ONCE {
        if round == WARM {
            eventually("empty", || room.report().connections == 0).await;
            warm = memory();
        }
        let clients = join_all((0..AT_ONCE).map(|_| connect())).await;
        for (n, client) in clients.into_iter().enumerate() {
            let mut tcp = client.into_inner();
            tcp.write_all(half).await.unwrap();
            // Every other is cut with a reset, as a crash would.
            if n % 2 == 0 {
                tcp.set_zero_linger().unwrap();
            }
        }
    }
    eventually("empty", || room.report().connections == 0).await;
    let (report, everyone) = (room.report(), CYCLES as u64);
    assert_eq!(report.connections_total, everyone);
    assert_eq!(report.closes, [(1006, everyone)].into());
    eventually("without its descriptors", || descriptors() <= before).await;
    eventually("without its tasks", || tasks() <= busy).await;
    let end = memory();
    println!(
        "{CYCLES} cut in a frame: {} descriptors before, {} after; {busy} tasks before, {} after; \
         {} KiB when warm, {} KiB after",
        before,
        descriptors(),
        tasks(),
        warm >> 10,
        end >> 10
    );
    assert!(end <= warm + GROWTH, "{} bytes more", end - warm);
    assert_eq!(room.close().await, 0, "no task stays");
    serving.await.unwrap();
}
