//! The events that a transcript leaves out, and how long it listens to a real server.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Lane, SILENCE, TextEntry, Transcript};
use crate::frame::Frame;
use crate::wst::Item;

/// How long [`Transcript::until`] waits for an event of a real server.
pub const UNTIL: Duration = Duration::from_secs(5);

/// How long a server in process that waits for something real is left alone between two looks.
const STEP: Duration = Duration::from_millis(20);

impl Transcript {
    /// Leaves out received frames of this kind, such as `"ping"`, and JSON of this type: `"type=stats"`.
    /// The pongs to pings that are left out are left out too.
    pub fn ignore(&mut self, kind: &str) {
        self.ignored.push(kind.to_owned());
    }

    /// Sets how long the clients of a real server go on reading after each action, instead of
    /// [`QUIET`](super::QUIET) or [`UNFENCED_QUIET`](super::UNFENCED_QUIET). In process silence is exact, and it has no effect.
    pub fn quiet(&mut self, time: Duration) {
        self.quiet = Some(time);
    }

    /// Shows at which time of a [`pass`](Self::pass) events came from a real server. They differ from run
    /// to run. In process times are exact and always shown.
    pub fn show_times(&mut self) {
        self.shows_times = true;
    }

    /// Shows this header of every answer that has it, from now on: `bob <- 200 content-type=text/plain`.
    pub fn show_header(&mut self, name: &str) {
        self.printer.writer.show_header(name);
    }

    /// Waits until a client has received an event since the last action whose line contains `part`.
    ///
    /// Use it over TCP where an answer may take longer than the quiet time. The text is the same as if the
    /// event had come in time. In process it waits in real time, for a server that has sockets or threads;
    /// for any other it only looks, because silence is exact. Not cancel safe.
    ///
    /// ```no_run
    /// # async fn test() {
    /// # use ws101::transcript::Transcript;
    /// let mut t = Transcript::tcp(([127, 0, 0, 1], 8080).into());
    /// t.connect("bob", "/ws").await;
    /// t.send("bob", "what is the weather?").await;
    /// t.until("bob", "sunny").await;
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If no such event comes within [`UNTIL`].
    pub async fn until(&mut self, name: &str, part: &str) {
        let at = self.at(name);
        let (from, actor) = self.acted;
        let deadline = Instant::now() + UNTIL;
        // The clock of a server in process stands still meanwhile.
        let mut turns = UNTIL.as_millis() / STEP.as_millis();
        while !self.has_line(from, at, part) {
            let left = deadline.saturating_duration_since(Instant::now());
            let may_come = match &self.server {
                Some(server) => server.watches_sockets() || server.has_something_real(),
                None => true,
            };
            if !may_come || left.is_zero() || turns == 0 {
                let when = match may_come {
                    true => format!("within {UNTIL:?}"),
                    false => "after the last action".to_owned(),
                };
                panic!("{name} received no line with {part:?} {when}\n{}", self.end_of_text());
            }
            match self.server.clone() {
                Some(server) => {
                    turns -= 1;
                    server.hold(STEP).await;
                    self.sleep(SILENCE).await;
                    self.lanes.iter_mut().for_each(Lane::catch_up);
                }
                // If the time is over, the next turn says so.
                None => drop(timeout(left, self.see()).await),
            }
            self.report(actor, None);
        }
        let order = self.order(actor);
        let place = |entry: &TextEntry| match entry {
            TextEntry::Line(Some(lane), item) if !matches!(**item, Item::Comment(_)) => {
                order.iter().position(|other| other == lane).unwrap_or_default()
            }
            _ => 0,
        };
        self.lines[from..].sort_by_key(place);
    }

    fn has_line(&self, from: usize, lane: usize, part: &str) -> bool {
        self.lines(from).any(|(at, item)| {
            at == Some(lane)
                && matches!(item, Item::Expectation(..))
                && item.to_line().contains(part)
        })
    }

    /// The last message that a client has received, as it came: ids and times are not replaced. `None`
    /// before the first one. At most 16 KiB of its payload are kept.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # use ws101::transcript::{Pipe, Transcript};
    /// # let mut t = Transcript::new(|pipe: Pipe| async move { drop(pipe) });
    /// # t.connect("bob", "/").await;
    /// // A token that the server has sent, to send it back.
    /// if let Some(frame) = t.received("bob") {
    ///     let token = frame.payload.clone();
    ///     t.send("bob", ws101::frame::Frame::binary(token)).await;
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn received(&self, name: &str) -> Option<&Frame> {
        self.lanes[self.at(name)].last_message()
    }

    /// Does something that is no action of a client, such as stopping the server, then waits until all
    /// is silent. It is written down as a remark: `# the server stops`. Not cancel safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # use ws101::transcript::{Pipe, Transcript};
    /// let (stop, stopped) = tokio::sync::watch::channel(false);
    /// let mut t = Transcript::new(move |pipe: Pipe| {
    ///     let mut stopped = stopped.clone();
    ///     async move {
    ///         let _ = stopped.changed().await;
    ///         drop(pipe);
    ///     }
    /// });
    /// t.connect("bob", "/").await;
    /// t.cause("the server stops", async { stop.send_replace(true); }).await;
    /// assert!(t.to_string().ends_with("# the server stops\nbob -- eof\n"), "{t}");
    /// # }
    /// ```
    pub async fn cause(&mut self, what: &str, act: impl Future<Output = ()>) {
        self.begin_act(None);
        self.note(what);
        act.await;
        self.settle(None, None).await;
    }

    /// Sends one frame from each of several clients before the server gets a turn, and waits once.
    ///
    /// In what order the server receives them is not said: what depends on it is not the same in every run
    /// over TCP. Not cancel safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # use ws101::transcript::{Pipe, Transcript};
    /// # let mut t = Transcript::new(|pipe: Pipe| async move { drop(pipe) });
    /// # t.connect("ann", "/").await;
    /// # t.connect("bob", "/").await;
    /// t.send_at_once([("ann", "mine!"), ("bob", "mine!")]).await;
    /// # }
    /// ```
    pub async fn send_at_once<'n, F: Into<Frame>>(
        &mut self,
        sends: impl IntoIterator<Item = (&'n str, F)>,
    ) {
        self.begin_act(None);
        for (name, frame) in sends {
            self.write_from(name, masked(frame.into()).to_bytes()).await;
        }
        self.settle(None, None).await;
    }

    /// Notes where the lines of an action begin, and whose it is.
    pub(super) fn begin_act(&mut self, actor: Option<usize>) {
        self.acted = (self.lines.len(), actor);
    }

    /// Whether this line is left out.
    pub(super) fn is_ignored(&self, item: &Item) -> bool {
        self.ignored.iter().any(|kind| item.is_of_kind(kind))
    }
}

/// The frame with the fixed mask, if it has none.
pub(super) fn masked(frame: Frame) -> Frame {
    if frame.header.mask.is_none() { frame.masked(super::MASK) } else { frame }
}
