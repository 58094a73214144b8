//! A reverse proxy that copies bytes both ways and reports each head and each frame.
//!
//! [`serve`] accepts clients, connects to one server for each, and carries their bytes: pages and
//! WebSockets alike. It sends bytes on first, and looks at a copy of them afterwards, so that being
//! looked at delays no frame. What it sees comes as [`Event`]s from one channel.
//!
//! Memory is bounded. Each connection has two buffers of 16 KiB and a queue of [`QUEUE_BYTES`] for
//! copies that wait to be decoded, and of each frame [`Options::keep`] bytes are kept. If whoever reads
//! the events is too slow, frames are left out and counted ([`What::Missed`]). With
//! [`Options::is_lossless`] the proxy waits for the reader instead: no frame is missed, and the
//! connection becomes as slow as the reader.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::sync::Arc;
//! use std::time::Duration;
//! use tokio::net::TcpListener;
//! use ws101::client::{ConnectError, Connection, connect};
//! use ws101::proxy::{Dial, Options, serve};
//!
//! let server = "127.0.0.1:8080".parse().unwrap();
//! let dial: Dial = Arc::new(move || {
//!     Box::pin(async move {
//!         let tcp = connect(server, Duration::from_secs(5)).await?;
//!         Ok(Box::new(tcp) as Box<dyn Connection>)
//!     })
//! });
//! let listener = TcpListener::bind("127.0.0.1:9000").await?;
//! let (mut events, totals, serving) = serve(listener, dial, Options::default());
//! tokio::spawn(serving);
//! while let Some(event) = events.recv().await {
//!     println!("{} of {}: {:?}", event.socket, totals.sockets(), event.what);
//! }
//! # Ok(())
//! # }
//! ```

mod body;
mod event;
mod faults;
mod faulty;
mod observer;
mod options;
mod relay;
mod rewrite;
mod scanner;
mod send;
mod site;
mod totals;
mod watcher;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use event::{Event, What};
pub use faults::{Faults, HeldFrame, RULES, Ruling, TooManyRules};
pub use observer::BODY_KEPT;
pub use options::Options;
pub use relay::Dial;
pub use rewrite::Rewrite;
pub use site::{Serve, Site, Visitor};
pub use totals::Totals;
pub use watcher::QUEUE_BYTES;

use crate::stream::Rewind;
use observer::Observer;
use watcher::Watcher;

/// The most events that wait for their reader.
pub const EVENTS: usize = 256;

/// How many connections are observed at most, as a multiple of those that may be open: observers that
/// are behind outlive their connections.
const OBSERVERS: usize = 2;

/// How many connections more may be open for the [`Site`] when the server's places are taken: whoever fills
/// them keeps nobody from the site. Each shows by its first request whether it is for the site.
const SPARE: usize = 64;

/// How long accepting pauses after an error, such as a lack of file descriptors.
const BREATHER: Duration = Duration::from_millis(100);

/// A proxy on `listener` before the server that `dial` connects to: its events, its counters, and the
/// future that does the work.
///
/// The proxy works as long as the future is polled. Dropping the future cuts all connections; the
/// events that were seen until then still come, and then the end. Dropping the receiver ends the
/// events, and the proxy goes on.
pub fn serve(
    listener: TcpListener,
    dial: Dial,
    options: Options,
) -> (mpsc::Receiver<Event>, Arc<Totals>, impl Future<Output = ()> + Send) {
    let (to, events) = mpsc::channel(EVENTS);
    let totals = Arc::new(Totals::default());
    let observers = Arc::new(Semaphore::new(OBSERVERS * options.connections));
    let all = Arc::new(Shared { dial, options, totals: totals.clone(), to, observers });
    let serving = async move {
        let places = Arc::new(Semaphore::new(all.options.connections));
        let spare = Arc::new(Semaphore::new(if all.options.site.is_some() { SPARE } else { 0 }));
        let mut connections = JoinSet::new();
        loop {
            let accepted = listener.accept().await;
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((client, _)) => {
                    let place = places.clone().try_acquire_owned().ok();
                    let spare = spare.clone();
                    let spare = if place.is_none() { spare.try_acquire_owned().ok() } else { None };
                    connections.spawn(all.clone().connection(client, place, spare));
                }
                Err(_) => sleep(BREATHER).await,
            }
        }
    };
    (events, totals, serving)
}

/// The state that all connections of a proxy share.
struct Shared {
    dial: Dial,
    options: Options,
    totals: Arc<Totals>,
    to: mpsc::Sender<Event>,
    observers: Arc<Semaphore>,
}

impl Shared {
    /// Serves a client that has one of the places, or a spare one, or none.
    async fn connection(
        self: Arc<Self>,
        mut client: TcpStream,
        place: Option<OwnedSemaphorePermit>,
        spare: Option<OwnedSemaphorePermit>,
    ) {
        let Ok(peer) = client.peer_addr() else { return };
        // Every frame is sent on at once.
        let _ = client.set_nodelay(true);
        let mut first = None;
        if let Some(site) =
            self.options.site.as_ref().filter(|_| place.is_some() || spare.is_some())
        {
            let Some((head, rest)) = relay::read_head(&mut client).await else { return };
            if site.is_for(&head) {
                let Ok(local) = client.local_addr() else { return };
                let io = Rewind::new(&[head, rest].concat(), client);
                return (site.serve)(Visitor { io, peer, local }).await;
            }
            first = Some((head, rest));
        }
        let connection = self.totals.connections.fetch_add(1, Relaxed) + 1;
        let (watch, queued) = Watcher::new(self.totals.clone(), self.options.is_lossless);
        let observers = self.observers.clone();
        let seat = match self.options.is_lossless {
            true => observers.acquire_owned().await.ok(),
            false => observers.try_acquire_owned().ok(),
        };
        if let Some(seat) = seat {
            let observer = Observer::new(self.to.clone(), connection, peer, self.options.keep);
            // In a task of its own, which ends some time after the watcher.
            tokio::spawn(async move {
                observer.run(queued).await;
                drop(seat);
            });
        } else {
            self.totals.unobserved.fetch_add(1, Relaxed);
        }
        if place.is_some() {
            relay::relay(client, first, &self.options, &self.dial, &watch).await;
        } else {
            watch.tell(What::Full(peer)).await;
            let text = "ws101 tap: there are as many connections as may be\n";
            relay::answer(client, 503, text, None).await;
        }
        drop(place);
    }
}
