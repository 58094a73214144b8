//! The places for connections that are not WebSockets yet, and which connection is cut when all
//! are taken.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use crate::limits::{HEAD_DEADLINE, MAX_PENDING, PENDING_GRACE, Shares, network};

/// While requests are answered at shorter intervals than this, no connection is cut. A busy machine
/// answers a crowd of [`MAX_PENDING`] slowly, but without such pauses.
const PROGRESS: Duration = Duration::from_millis(400);

/// How long [`PROGRESS`] may delay a cut: as long as a request may take to arrive.
const JAM: Duration = HEAD_DEADLINE;

/// Into how many parts the waits are divided.
const CREDIT: u32 = 512;

/// How many parts of [`CREDIT`] one cut takes: four cuts in a row take all.
const CUT_COST: u32 = 128;

/// At most [`MAX_PENDING`] places, shared between networks and between listeners.
///
/// [`serve`](super::serve) has its own. A server that reads requests by hand takes a [`Place`] for
/// each connection itself. Cheap to clone; all clones share the places.
///
/// While a place is free, a connection takes it. When none is free, the accept loop waits, and
/// further clients wait in the listener's backlog. A place becomes free when a connection
/// ends, becomes a WebSocket, or is cut. Of the [`network`] that holds most places, the oldest
/// connection that has sent no request is cut, or else the oldest. So a flood from one network
/// cuts its own connections and no others.
///
/// A crowd that connects at once is not cut: one is cut only when it is [`PENDING_GRACE`] old, and
/// when no other was answered within 400 ms or the places have been taken for
/// [`HEAD_DEADLINE`]. A flood would use these waits to keep everyone out, so each cut shortens all
/// three, and four cuts in a row reduce them to zero. Each connection that is answered restores
/// 1/512 of them.
///
/// Taking a place, leaving it and cutting cost O(log [`MAX_PENDING`]) each.
#[derive(Clone, Debug, Default)]
pub struct PendingConnections(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Notified when a place becomes free: all accept loops try again.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Places taken, including those of connections that were cut and have not ended yet.
    taken: usize,
    /// Connections that may still be cut.
    cuttable: Shares<Turn, Pending>,
    /// The next connection's number.
    next: u64,
    /// How many parts of [`CREDIT`] cuts have taken and answers have not restored.
    spent: u32,
    /// When a connection last was answered: it had sent a request, and ended without being cut
    /// before it was [`PENDING_GRACE`] old.
    answered: Option<Instant>,
    /// When a connection first had to wait, since more than half of the places were taken.
    full: Option<Instant>,
}

/// The order in which connections are cut: those without a request first, then by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    has_asked: bool,
    number: u64,
}

#[derive(Debug)]
struct Pending {
    since: Instant,
    /// Dropping it tells the connection's task to end.
    _cut: oneshot::Sender<()>,
}

/// The reason why there is no place.
enum Full {
    /// A connection that was cut, or must not be cut, has to end first.
    UntilFreed,
    /// The next connection to cut must be left for this long.
    For(Duration),
}

impl PendingConnections {
    /// Waits for a place for a connection from `ip`, and takes it. Cancel safe.
    pub async fn place(&self, ip: IpAddr) -> Place {
        let network = network(ip);
        loop {
            let freed = self.0.freed.notified();
            let entered = self.lock().enter(network);
            match entered {
                Ok((turn, cut)) => return Place { pending: self.clone(), network, turn, cut },
                Err(Full::UntilFreed) => freed.await,
                // Whichever comes first, the loop tries again.
                Err(Full::For(wait)) => drop(timeout(wait, freed).await),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a place. If none is free, it cuts a connection whose wait is over.
    fn enter(&mut self, network: IpAddr) -> Result<(Turn, oneshot::Receiver<()>), Full> {
        if self.taken >= MAX_PENDING {
            return Err(self.make_room());
        }
        let turn = Turn { has_asked: false, number: self.next };
        let (tell, cut) = oneshot::channel();
        self.next += 1;
        self.taken += 1;
        self.cuttable.insert(network, turn, Pending { since: Instant::now(), _cut: tell });
        Ok((turn, cut))
    }

    fn make_room(&mut self) -> Full {
        // Cut one at a time: its place is free when its task has ended.
        if self.cuttable.len() < self.taken {
            return Full::UntilFreed;
        }
        let Some((network, turn, &Pending { since, .. })) = self.cuttable.next() else {
            return Full::UntilFreed;
        };
        let full = *self.full.get_or_insert_with(Instant::now);
        let youth = self.left_of(PENDING_GRACE, Some(since));
        let progress = self.left_of(PROGRESS, self.answered).min(self.left_of(JAM, Some(full)));
        let wait = youth.max(progress);
        if !wait.is_zero() {
            return Full::For(wait);
        }
        self.cuttable.remove(network, turn);
        self.spent = CREDIT.min(self.spent + CUT_COST);
        Full::UntilFreed
    }

    /// The rest of a wait that began at `since`, after the wait is shortened by what cuts have taken.
    fn left_of(&self, wait: Duration, since: Option<Instant>) -> Duration {
        let wait = wait / CREDIT * (CREDIT - self.spent);
        since.map_or(Duration::ZERO, |since| wait.saturating_sub(since.elapsed()))
    }
}

/// The place of one connection. Dropping it frees the place.
#[derive(Debug)]
pub struct Place {
    pending: PendingConnections,
    network: IpAddr,
    turn: Turn,
    cut: oneshot::Receiver<()>,
}

impl Place {
    /// Runs `work` and gives its result; `None` if the connection was cut first. As cancel safe as
    /// `work`.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = &mut self.cut => None,
        }
    }

    /// Notes that a complete request has arrived: connections without one are cut first.
    pub fn has_asked(&mut self) {
        let mut state = self.pending.lock();
        if let Some(pending) = state.cuttable.remove(self.network, self.turn) {
            self.turn.has_asked = true;
            state.cuttable.insert(self.network, self.turn, pending);
        }
    }

    /// Whether more than half of the places are taken. Then no connection may keep its place while
    /// it has no request.
    pub(super) fn are_scarce(&self) -> bool {
        self.pending.lock().taken > MAX_PENDING / 2
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.pending.lock();
        let pending = state.cuttable.remove(self.network, self.turn);
        // A stream or a kept connection that ends is no sign that others will be answered soon.
        let is_soon = |pending: Pending| pending.since.elapsed() < PENDING_GRACE;
        if self.turn.has_asked && pending.is_some_and(is_soon) {
            state.spent = state.spent.saturating_sub(1);
            state.answered = Some(Instant::now());
        }
        state.taken -= 1;
        if state.taken <= MAX_PENDING / 2 {
            state.full = None;
        }
        drop(state);
        self.pending.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    fn ip(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    /// A connection from `ip` that keeps its place until it is cut.
    async fn connect(pending: &PendingConnections, ip: IpAddr, has_asked: bool) -> JoinHandle<()> {
        let mut place = pending.place(ip).await;
        if has_asked {
            place.has_asked();
        }
        tokio::spawn(async move {
            assert_eq!(place.during(std::future::pending::<()>()).await, None);
        })
    }

    async fn fill(pending: &PendingConnections, ip: IpAddr, count: usize) -> Vec<JoinHandle<()>> {
        let mut held = Vec::new();
        for _ in 0..count {
            held.push(connect(pending, ip, false).await);
        }
        held
    }

    fn cut(held: &[JoinHandle<()>]) -> usize {
        held.iter().filter(|connection| connection.is_finished()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_waits_until_one_ends_or_the_oldest_has_had_its_grace() {
        let pending = PendingConnections::default();
        let held = fill(&pending, ip(1), MAX_PENDING).await;
        let began = Instant::now();
        let first = tokio::spawn({
            let pending = pending.clone();
            async move { drop(connect(&pending, ip(2), false).await) }
        });
        while !first.is_finished() && began.elapsed() < PENDING_GRACE / 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!((first.is_finished(), cut(&held)), (false, 0), "it waits, and nobody is cut");
        held[7].abort();
        first.await.unwrap();
        assert!(began.elapsed() < PENDING_GRACE, "it has the place of the one that ended");
        let _second = connect(&pending, ip(2), false).await;
        assert_eq!(began.elapsed().as_millis(), PENDING_GRACE.as_millis());
        assert!(
            held[0].is_finished() && cut(&held[1..]) == 1,
            "the oldest was cut, besides the 7th"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_that_holds_most_is_cut_and_no_other() {
        let pending = PendingConnections::default();
        let polite = fill(&pending, ip(1), 100).await;
        let mut flood = fill(&pending, ip(2), MAX_PENDING - 100).await;
        flood.extend(fill(&pending, ip(2), 3 * MAX_PENDING).await);
        yield_now().await;
        assert_eq!(cut(&polite), 0);
        assert_eq!(cut(&flood), 3 * MAX_PENDING);
        assert_eq!(cut(&flood[..3 * MAX_PENDING]), 3 * MAX_PENDING, "its oldest");
    }

    /// A stream ends each tenth of a second, and another client of its address takes its place.
    #[tokio::test(start_paused = true)]
    async fn streams_that_end_keep_nobody_out() {
        let pending = PendingConnections::default();
        let mut held = Vec::new();
        for _ in 0..MAX_PENDING {
            held.push(connect(&pending, ip(2), true).await);
        }
        tokio::time::sleep(PENDING_GRACE).await;
        let ending = tokio::spawn(async move {
            for stream in held {
                tokio::time::sleep(Duration::from_millis(100)).await;
                stream.abort();
            }
        });
        tokio::time::sleep(Duration::from_millis(150)).await;
        let began = Instant::now();
        for _ in 0..2 * MAX_PENDING {
            connect(&pending, ip(2), true).await;
        }
        connect(&pending, ip(1), false).await;
        assert!(began.elapsed() <= PENDING_GRACE, "{:?}", began.elapsed());
        ending.abort();
    }

    /// In IPv6 one home has 2⁶⁴ addresses.
    #[tokio::test(start_paused = true)]
    async fn a_network_of_ipv6_is_one_address() {
        let pending = PendingConnections::default();
        let at = |address: String| address.parse::<IpAddr>().unwrap();
        let polite = fill(&pending, at("2001:db8:0:1::1".to_owned()), 2).await;
        let mut flood = Vec::new();
        for n in 2..MAX_PENDING + 10 {
            flood.push(connect(&pending, at(format!("2001:db8:0:2::{n:x}")), false).await);
        }
        yield_now().await;
        assert_eq!((cut(&polite), cut(&flood)), (0, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn one_whose_request_has_come_is_cut_after_those_without_one() {
        let pending = PendingConnections::default();
        let asked = connect(&pending, ip(1), true).await;
        let silent = fill(&pending, ip(1), 2 * MAX_PENDING).await;
        yield_now().await;
        assert!(!asked.is_finished());
        assert_eq!(cut(&silent), MAX_PENDING + 1);
    }

    /// Else a flood that fills all places every two seconds would keep everyone out.
    #[tokio::test(start_paused = true)]
    async fn a_flood_uses_up_the_waits_and_answers_restore_them() {
        let pending = PendingConnections::default();
        let began = Instant::now();
        let mut flood = fill(&pending, ip(1), 2 * MAX_PENDING).await;
        let after = began.elapsed();
        assert!(after < PENDING_GRACE + PROGRESS, "{after:?}");
        flood.extend(fill(&pending, ip(1), 10 * MAX_PENDING).await);
        assert_eq!(began.elapsed(), after, "nothing is waited for any more");
        for connection in flood {
            connection.abort();
            let _aborted = connection.await;
        }
        for _ in 0..CREDIT {
            pending.place(ip(1)).await.has_asked();
        }
        tokio::time::sleep(PROGRESS).await;
        let calm = Instant::now();
        let _held = fill(&pending, ip(1), MAX_PENDING + 1).await;
        assert_eq!(calm.elapsed().as_millis(), PENDING_GRACE.as_millis());
    }

    /// As on a machine so busy that a crowd takes longer than the grace.
    #[tokio::test(start_paused = true)]
    async fn none_is_cut_while_others_are_answered_but_not_for_ever() {
        let pending = PendingConnections::default();
        let silent = fill(&pending, ip(1), MAX_PENDING - 1).await;
        let began = Instant::now();
        while cut(&silent) == 0 {
            let mut place = pending.place(ip(2)).await;
            let waiting = tokio::spawn({
                let pending = pending.clone();
                async move { pending.place(ip(2)).await.has_asked() }
            });
            tokio::time::sleep(PROGRESS / 2).await;
            place.has_asked();
            drop(place);
            waiting.await.unwrap();
        }
        let first = began.elapsed();
        assert!((JAM..JAM + PROGRESS).contains(&first), "{first:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_of_those_that_have_left() {
        let pending = PendingConnections::default();
        for last in 0..=255 {
            drop(pending.place(ip(last)).await);
        }
        let state = pending.lock();
        assert_eq!((state.taken, state.cuttable.len()), (0, 0));
    }
}
