//! Ten thousand come and go. Alone in its process, so that descriptors can be counted.

use std::time::Duration;

use futures::future::join_all;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use warp::{Filter, Reply};
use ws101::broadcast::{ClientId, Hub};
use ws101::endpoint::Endpoint;
use ws101::room::Room;
use ws101::server::serve;
use ws101::settings::Settings;

const CYCLES: usize = 10_000;
const AT_ONCE: usize = 100;
const DEADLINE: Duration = Duration::from_secs(60);

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
async fn ten_thousand_come_and_go_and_nothing_stays_open() {
    rlimit::increase_nofile_limit(4_096).expect("descriptors can be had");
    let settings = Settings { port: 0, ..Settings::default() };
    let room = Endpoint::open(Quiet, &settings);
    let listener = settings.listen().unwrap();
    let address = listener.local_addr().unwrap();
    let page = warp::any().map(|| "a page".into_response());
    let routes = room.filter().or(page).unify().boxed();
    let serving = tokio::spawn(serve(listener, [routes], room.shutdown().clone()));
    let connect = || async move {
        let tcp = TcpStream::connect(address).await.unwrap();
        client_async(format!("ws://{address}/"), tcp).await.expect("101").0
    };

    drop(connect().await);
    eventually("empty", || room.report().connections == 0).await;
    let before = descriptors();
    for round in 0..CYCLES / AT_ONCE {
        let clients = join_all((0..AT_ONCE).map(|_| connect())).await;
        for (n, client) in clients.into_iter().enumerate() {
            // One in four is cut with a reset, as a crash would.
            if (round + n) % 4 == 0 {
                client.into_inner().set_zero_linger().unwrap();
            }
        }
    }
    eventually("empty", || room.report().connections == 0).await;
    let (report, everyone) = (room.report(), CYCLES as u64 + 1);
    assert_eq!(report.connections_total, everyone);
    assert_eq!(report.closes, [(1006, everyone)].into());
    eventually("without its descriptors", || descriptors() <= before).await;
    assert_eq!(room.close().await, 0, "no task stays");
    serving.await.unwrap();
}
