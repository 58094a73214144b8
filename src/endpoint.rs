//! A room and its connections, ready to be mounted: on a warp route, or on any stream.
//!
//! One room, many sessions, and what they share: the hub, the counters, the
//! limits, the way to end. Lock order: room, then hub, then outlet.

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
use warp::{Filter, Reply};

use crate::broadcast::{ClientId, Hub, Mailbox, Outlet, Overflow};
use crate::escape::Line;
use crate::goodbye::Closed;
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

/// How soon [`Room::overdue`] may be called again, should a room not forget a deadline that passed.
const BREATH: Duration = Duration::from_millis(10);

/// How many messages that come too soon are answered with a refusal at once, and how many a
/// second after that; one more closes the connection. Each costs a look for its `id`, so a client
/// that ignores its refusals makes the server parse at most 20 messages, and then one a second:
/// with the longest message of 64 KiB, 1.3 MB and then 64 kB a second.
const PATIENCE: u32 = 20;
const PATIENCE_RATE: u32 = 1;

/// A room open for connections. Cheap to clone; all clones are the same room.
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
    /// From here on, the room's time is counted.
    began: Instant,
    /// Rings when the room's next deadline is another one.
    deadline: Notify,
}

impl<R> Clone for Endpoint<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Room> Endpoint<R> {
    /// Opens `room`, with the subprotocols it speaks and the limits of `settings`.
    ///
    /// From now on, until [`close`](Self::close), the room gets its
    /// [`tick`](Room::tick) and [`report`](Room::report), so this needs a tokio
    /// runtime.
    pub fn open(room: R, settings: &Settings) -> Self {
        let endpoint = Self(Arc::new(Shared {
            room: Mutex::new(room),
            hub: Hub::new(settings.max_queue_bytes, Overflow::Disconnect)
                .write_within(settings.write)
                .pace(settings.pace()),
            policy: Policy {
                subprotocols: R::SUBPROTOCOLS.iter().map(|&name| name.into()).collect(),
                paths: R::PATHS.iter().map(|&path| path.into()).collect(),
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

    /// Serves one connection whose upgrade was granted: it joins the room now, and has left it
    /// when the future ends.
    ///
    /// A dropped future is a connection cut; the room hears of it all the same.
    /// [`close`](Self::close) waits only for what [`shutdown`](Self::shutdown) spawned or holds.
    pub fn serve<S: Io>(
        &self,
        accepted: Accepted<S>,
        permit: Permit,
    ) -> impl Future<Output = Closed> + Send + use<R, S> {
        let Shared { settings, stats, .. } = &*self.0;
        let (open, began) = (stats.open(), Instant::now());
        let Accepted { peer, io } = accepted;
        let outlet = Outlet::new(
            Limited::new(stats.count(io), settings.rate).message_within(settings.message),
        );
        // What an idle connection does not need, its request's headers above all, ends here.
        let (mailbox, mut seat) = self.join(&outlet, &peer, permit);
        let heard = move |message| seat.heard(message);
        let (longest, close) = (settings.max_message_bytes, settings.close);
        let mut heartbeat =
            Heartbeat::every(settings.heartbeat, settings.pong_timeout).idle_timeout(settings.idle);
        // A block, not a function: what a function is given, its future holds twice.
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
        // Under the room's lock: a newcomer hears all that is said after it
        // joined, and nothing of what was said before.
        let room = self.room();
        let mailbox = hub.join(outlet);
        let who = mailbox.id();
        self.timely(room, who, |room| room.joined(who, peer, hub));
        let target = peer.target.to_string();
        let target = Line::of(&target);
        let agent = Line::of(peer.user_agent());
        let from = peer.ends.map(|ends| display(ends.peer));
        info!(who, from, %target, %agent, "joined");
        let patience = Bucket::per_second(PATIENCE_RATE, PATIENCE);
        (mailbox, Seat { endpoint: self.clone(), who, permit, patience })
    }

    /// Serves one raw stream from its first byte: a pipe in a test, a TCP connection of your own.
    ///
    /// # Errors
    ///
    /// A stream that did not become a WebSocket; it has been answered.
    pub async fn accept<S: Io>(&self, io: S) -> Result<Closed, AcceptError> {
        let _awaited = self.0.shutdown.hold();
        let Some(permit) = self.0.caps.enter(Ipv4Addr::UNSPECIFIED.into()) else {
            return Err(upgrade::refuse(io, Rejection::Busy).await);
        };
        let accepted = upgrade::accept_within(io, &self.0.policy, self.0.settings.head).await?;
        Ok(self.serve(accepted, permit).await)
    }

    /// The room as a route, at its own paths: see [`server::sockets`].
    pub fn sockets(&self) -> BoxedFilter<(Response,)> {
        let endpoint = self.clone();
        // `serve` has limits of its own for a stream.
        let serve = move |accepted: Accepted<UpgradedIo>, permit| {
            endpoint.serve(accepted.map(Limited::into_inner), permit)
        };
        let Shared { policy, caps, shutdown, .. } = &*self.0;
        server::limited_sockets(policy.clone(), caps.clone(), shutdown, serve)
    }

    /// Serves `routes` to every connection to `listener` until [`close`](Self::close), with the
    /// deadlines of this endpoint's settings: see [`server::serve`]. Several listeners share the
    /// places for connections that are not WebSockets yet.
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

    /// Taken now: connections, messages, bytes, closes, memory, uptime.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.stats.report()
    }

    /// `GET /stats`: the report as JSON, as a warp filter.
    pub fn stats(&self) -> BoxedFilter<(Response,)> {
        let endpoint = self.clone();
        warp::path!("stats")
            .and(warp::get())
            .map(move || warp::reply::json(&endpoint.report()).into_response())
            .boxed()
    }

    /// The switch that ends this endpoint, for whoever accepts its connections.
    #[must_use]
    pub fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }

    /// Says goodbye to everyone and waits; returns how many had not left within the grace.
    ///
    /// The room speaks ([`Room::closing`]), everyone is closed with 1001 once
    /// they have been told all that was said, and `WS_DRAIN_MS` is the grace.
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

    /// A panic while another event was handled leaves the room as that left it, and usable.
    fn room(&self) -> MutexGuard<'_, R> {
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the room speak by itself; a panic of it is logged after the lock is released.
    fn timed(&self, event: impl FnOnce(&mut R)) {
        let mut room = self.room();
        let survived = survives(|| event(&mut room));
        drop(room);
        tell_of_panic(survived, None);
    }

    /// Tells the room the time, then the event, and sees to its next deadline.
    ///
    /// A panic closes the connection that caused it, and no other. It takes the room's lock and
    /// logs after it has released it: a log may block, and a lock held meanwhile would stop the room.
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
            earliest = now + BREATH;
            self.timed(|room| {
                room.now(now);
                room.overdue(hub);
            });
        }
    }

    /// Lets the room speak when time has passed, until the end begins.
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

/// A place in the room, left however the session ends: returned, panicked or dropped.
struct Seat<R: Room> {
    endpoint: Endpoint<R>,
    who: ClientId,
    permit: Permit,
    /// With a client that does not listen.
    patience: Bucket,
}

impl<R: Room> Seat<R> {
    fn heard(&mut self, message: Message) {
        let (who, hub) = (self.who, &self.endpoint.0.hub);
        let room = self.endpoint.room();
        match self.permit.message_of(message.len()) {
            Ok(()) => self.endpoint.timely(room, who, |room| room.heard(who, message, hub)),
            Err(wait) if self.patience.take().is_ok() => {
                let flooded = |room: &mut R| room.flooded(who, message, wait, hub);
                self.endpoint.timely(room, who, flooded);
            }
            Err(_) => hub.close(who, CloseCode::Policy, "too many messages"),
        }
    }
}

impl<R: Room> Drop for Seat<R> {
    fn drop(&mut self) {
        let (who, hub) = (self.who, &self.endpoint.0.hub);
        let room = self.endpoint.room();
        // When a session is dropped, its mailbox outlives this seat, so the seat leaves the hub first.
        hub.leave(who);
        self.endpoint.timely(room, who, |room| room.left(who, hub));
    }
}
