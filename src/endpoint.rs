//! A server for one room: connections on a warp route or on any stream.
//!
//! An [`Endpoint`] holds the room and all that its sessions share: the hub, the statistics, the
//! limits and the shutdown. Lock order: room, then hub, then outlet.

mod operations;

use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracing::field::display;
use tracing::{error, info};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::broadcast::{ClientId, Hub, Mailbox, Outlet};
use crate::close::Closed;
use crate::escape::Line;
use crate::handshake::{Policy, Rejection};
use crate::heartbeat::Heartbeat;
use crate::limits::{Bucket, Caps, Limited, Permit};
use crate::room::Room;
use crate::server::{self, PendingConnections};
use crate::session;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::stats::{Report, Stats, every};
use crate::stream::Io;
use crate::upgrade::{self, AcceptError, Accepted, Peer, UpgradedIo, config};

/// How often [`Room::tick`] is called.
const TICK: Duration = Duration::from_secs(1);

/// The shortest time between two calls of [`Room::overdue`]: a room that keeps a deadline in the
/// past must not take all of the processor.
const OVERDUE_INTERVAL_MIN: Duration = Duration::from_millis(10);

/// How many messages above the rate limit the server refuses at once, and how many a second after
/// that; one more closes the connection. The server parses each to find its `id`, so a client that
/// ignores refusals makes it parse at most 20 messages and then one a second: 1.3 MB and then
/// 64 kB a second, if each has the longest 64 KiB.
const REFUSALS: u32 = 20;
const REFUSALS_PER_SECOND: u32 = 1;

/// A room that is open for connections. Cheap to clone; all clones share one room.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ws101::chat::Chat;
/// use ws101::endpoint::Endpoint;
/// use ws101::program;
/// use ws101::settings::Settings;
///
/// let settings = Settings::default();
/// let endpoint = Endpoint::open(Chat::new(&settings), &settings);
/// let serving = tokio::spawn(endpoint.serve_http(program::listen(&settings)?, [endpoint.sockets()]));
/// tokio::signal::ctrl_c().await?;
/// let remaining = endpoint.close().await;
/// serving.await?;
/// println!("{remaining} connections had not closed in time");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Endpoint<R>(Arc<Shared<R>>);

#[derive(Debug)]
struct Shared<R> {
    room: Mutex<R>,
    hub: Hub,
    policy: Policy,
    caps: Caps,
    pending: PendingConnections,
    settings: Settings,
    stats: Stats,
    shutdown: Shutdown,
    /// The start of the room's time.
    began: Instant,
    /// Wakes the task that waits for the room's next deadline when that deadline changes.
    deadline: Notify,
}

impl<R> Clone for Endpoint<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Room> Endpoint<R> {
    /// Opens `room` with its paths, its subprotocols and the limits of `settings`.
    ///
    /// Spawns a task that calls [`Room::tick`], [`Room::overdue`] and [`Room::report`] until
    /// [`close`](Self::close).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn open(mut room: R, settings: &Settings) -> Self {
        let hub = Hub::new(settings.hub_options());
        room.opened(&hub);
        let subprotocols = room.subprotocols();
        let paths = room.paths();
        let endpoint = Self(Arc::new(Shared {
            room: Mutex::new(room),
            hub,
            policy: Policy {
                subprotocols: subprotocols.into_iter().map(Into::into).collect(),
                paths: paths.into_iter().map(Into::into).collect(),
                ..settings.policy()
            },
            caps: settings.caps(),
            pending: PendingConnections::default(),
            settings: settings.clone(),
            stats: Stats::start(),
            shutdown: Shutdown::default(),
            began: Instant::now(),
            deadline: Notify::new(),
        }));
        endpoint.0.shutdown.spawn(endpoint.clone().keep_time());
        endpoint
    }

    /// Serves one connection whose handshake was accepted. The client joins the room at this call,
    /// and has left it when the future ends.
    ///
    /// [`close`](Self::close) waits for the future only if [`shutdown`](Self::shutdown) spawned or
    /// holds it.
    ///
    /// # Cancel safety
    ///
    /// A dropped future ends the connection without a close frame; the room's [`Room::left`] is
    /// called all the same.
    pub fn serve<S: Io>(
        &self,
        accepted: Accepted<S>,
        permit: Permit,
    ) -> impl Future<Output = Closed> + Send + use<R, S> {
        let Shared { settings, stats, .. } = &*self.0;
        let open = stats.open();
        let began = Instant::now();
        let Accepted { peer, io } = accepted;
        let outlet = Outlet::new(Limited::new(stats.count(io), settings.frame_limits()));
        // `peer` ends here: an open connection does not keep the headers of its request.
        let (mailbox, mut seat) = self.join(&outlet, &peer, permit);
        let heard = move |message| seat.heard(message);
        let longest = settings.max_message_bytes;
        let close = settings.close;
        let mut heartbeat = Heartbeat::new(settings.heartbeat_options());
        // A block, not an `async fn`: the future of one keeps a second copy of its arguments.
        async move {
            let config = Some(config(longest));
            let mut socket = WebSocketStream::from_raw_socket(outlet, Role::Server, config).await;
            let closed = session::run(&mut socket, &mailbox, &mut heartbeat, heard, close).await;
            let who = mailbox.id();
            info!(who, %closed, clean = closed.clean, after = format_args!("{:.1?}", began.elapsed()), "left");
            open.close(closed.code.into());
            closed
        }
    }

    fn join(&self, outlet: &Outlet, peer: &Peer, permit: Permit) -> (Mailbox, Seat<R>) {
        let hub = &self.0.hub;
        // The client joins the hub under the room's lock, so no message can come between that and
        // `Room::joined`.
        let room = self.room();
        let mailbox = hub.join(outlet);
        let who = mailbox.id();
        self.timely(room, who, |room| room.joined(who, peer, hub));
        let target = peer.target().to_string();
        let target = Line::of(&target);
        let agent = Line::of(peer.user_agent());
        let from = peer.ends.map(|ends| display(ends.peer));
        info!(who, from, %target, %agent, "joined");
        let refusals = Bucket::per_second(REFUSALS_PER_SECOND, REFUSALS);
        (mailbox, Seat { endpoint: self.clone(), who, permit, refusals })
    }

    /// Serves one byte stream from its first byte: a pipe in a test, or a TCP connection.
    ///
    /// # Errors
    ///
    /// The stream did not become a WebSocket. The peer has got the HTTP answer that says why.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future ends the connection without a close frame. If the client
    /// had joined the room, [`Room::left`] is called.
    pub async fn accept<S: Io>(&self, io: S) -> Result<Closed, AcceptError> {
        let _awaited = self.0.shutdown.hold();
        let Some(permit) = self.0.caps.enter(Ipv4Addr::UNSPECIFIED.into()) else {
            return Err(upgrade::refuse(io, Rejection::Busy).await);
        };
        let accepted = upgrade::accept(io, &self.0.policy, self.0.settings.head).await?;
        Ok(self.serve(accepted, permit).await)
    }

    /// A warp route that accepts WebSockets at the room's paths: see [`server::sockets`].
    pub fn sockets(&self) -> BoxedFilter<(Response,)> {
        let endpoint = self.clone();
        let serve = move |accepted: Accepted<UpgradedIo>| {
            let Accepted { peer, io } = accepted;
            let (io, permit) = io.into_parts();
            // `serve` puts its own limits around the stream.
            endpoint.serve(Accepted { peer, io: io.into_inner() }, permit)
        };
        let Shared { policy, caps, shutdown, .. } = &*self.0;
        server::sockets(policy.clone(), caps.clone(), shutdown, serve)
    }

    /// Serves `routes` to every connection to `listener` until [`close`](Self::close), with the
    /// deadlines of this endpoint's settings: see [`server::serve`]. All listeners of an endpoint
    /// share one limit for connections that are not WebSockets yet.
    ///
    /// # Cancel safety
    ///
    /// A dropped future stops accepting connections.
    pub fn serve_http<I>(
        &self,
        listener: TcpListener,
        routes: I,
    ) -> impl Future<Output = ()> + Send + use<R, I>
    where
        I: IntoIterator<Item = BoxedFilter<(Response,)>> + Send,
    {
        let endpoint = self.clone();
        async move {
            let Shared { pending, settings, shutdown, .. } = &*endpoint.0;
            let pending = pending.clone();
            server::serve_beside(pending, settings, listener, routes, shutdown.clone()).await;
        }
    }

    /// The current statistics: connections, messages, bytes, closes, memory, uptime.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.stats.report()
    }

    /// The shutdown of this endpoint, for a program that accepts connections itself.
    #[must_use]
    pub fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }

    /// Closes every connection with 1001 and waits at most `WS_DRAIN_MS`. Returns how many
    /// connections had not ended by then.
    ///
    /// [`Room::closing`] is called first. Each client gets the messages that wait for it before its
    /// close frame.
    ///
    /// # Cancel safety
    ///
    /// A dropped future waits no longer; the connections are closed all the same.
    pub async fn close(&self) -> usize {
        let Shared { hub, shutdown, settings, .. } = &*self.0;
        shutdown.begin();
        let survived = {
            let mut room = self.room();
            let survived = survives(|| room.closing(hub));
            hub.close_all(CloseCode::Away, "server shutting down");
            survived
        };
        tell_of_panic(survived, None);
        shutdown.drain(settings.drain).await
    }

    /// Locks the room. A panic in an earlier event leaves it usable.
    fn room(&self) -> MutexGuard<'_, R> {
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the room for an event that no client caused. A panic is logged after the lock is
    /// released.
    fn timed(&self, event: impl FnOnce(&mut R)) {
        let mut room = self.room();
        let survived = survives(|| event(&mut room));
        drop(room);
        tell_of_panic(survived, None);
    }

    /// Calls the room for an event of one client, and then takes its next deadline.
    ///
    /// A panic closes that client's connection and no other. It is logged after the lock is
    /// released: a log may block, and the room would wait for it.
    fn timely(&self, mut room: MutexGuard<'_, R>, who: ClientId, event: impl FnOnce(&mut R)) {
        let before = room.deadline();
        room.now(self.0.began.elapsed());
        let survived = survives(|| event(&mut room));
        if !survived {
            self.0.hub.close(who, CloseCode::Error, "internal error");
        }
        let is_moved = room.deadline() != before;
        let noted = room.noted();
        drop(room);
        if is_moved {
            self.0.deadline.notify_one();
        }
        tell_of_panic(survived, Some(who));
        if let Some(noted) = noted {
            info!(who, "{noted}");
        }
    }

    /// Calls the room at each of its deadlines.
    async fn keep_deadlines(&self) {
        let Shared { hub, began, deadline, .. } = &*self.0;
        let mut earliest = Duration::ZERO;
        loop {
            let next = self.room().deadline();
            let Some(next) = next else {
                deadline.notified().await;
                continue;
            };
            tokio::select! {
                () = deadline.notified() => continue,
                () = sleep_until(*began + next.max(earliest)) => {}
            }
            let now = began.elapsed();
            earliest = now + OVERDUE_INTERVAL_MIN;
            self.timed(|room| {
                room.now(now);
                room.overdue(hub);
            });
        }
    }

    /// Calls the room as time passes, until the shutdown begins.
    async fn keep_time(self) {
        let Shared { hub, settings, stats, shutdown, began, .. } = &*self.0;
        let tick = || {
            self.timed(|room| {
                let now = began.elapsed();
                room.now(now);
                room.tick(now, hub);
            });
        };
        let report = || {
            let report = stats.report();
            self.timed(|room| room.report(&report, hub));
        };
        tokio::select! {
            () = every(TICK, tick) => {}
            () = self.keep_deadlines() => {}
            () = every(settings.stats, report) => {}
            () = shutdown.begun() => {}
        }
    }
}

/// Whether `event` returned, and did not panic.
fn survives(event: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(event)).is_ok()
}

/// Logs that the room panicked, unless it survived; `who` is the client that caused it.
fn tell_of_panic(survived: bool, who: Option<ClientId>) {
    if !survived {
        error!(who, "the room panicked");
    }
}

/// A client's membership of the room. It ends when the session drops it: on return, on a panic,
/// and when the session itself is dropped.
struct Seat<R: Room> {
    endpoint: Endpoint<R>,
    who: ClientId,
    permit: Permit,
    /// The refusals that the client may still get before it is closed.
    refusals: Bucket,
}

impl<R: Room> Seat<R> {
    fn heard(&mut self, message: Message) {
        let who = self.who;
        let hub = &self.endpoint.0.hub;
        let room = self.endpoint.room();
        if let Message::Close(frame) = message {
            let code = frame.map_or(CloseCode::Status, |frame| frame.code);
            return self.endpoint.timely(room, who, |room| room.closed(who, code));
        }
        match self.permit.message_of(message.len()) {
            Ok(()) => self.endpoint.timely(room, who, |room| room.heard(who, message, hub)),
            Err(wait) if self.refusals.take().is_ok() => {
                let flooded = |room: &mut R| room.flooded(who, message, wait, hub);
                self.endpoint.timely(room, who, flooded);
            }
            Err(_) => hub.close(who, CloseCode::Policy, "too many messages"),
        }
    }
}

impl<R: Room> Drop for Seat<R> {
    fn drop(&mut self) {
        let who = self.who;
        let hub = &self.endpoint.0.hub;
        let room = self.endpoint.room();
        // The mailbox of a dropped session outlives this value, so the client leaves the hub here.
        hub.leave(who);
        self.endpoint.timely(room, who, |room| room.left(who, hub));
    }
}
