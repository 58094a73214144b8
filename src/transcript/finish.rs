//! Tells what went wrong with a server in process: panics, handlers that never end, no silence.

use super::serving::{REAL_LIMIT, RUNS_LIMIT, untold_panic};
use super::{ENDING, Transcript};
use crate::wst::Item;

/// How many lines of the text a failure shows.
const LINES_TOLD: usize = 40;

impl Transcript {
    /// Why the text of this transcript is not what the server does.
    pub(super) fn trouble(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        if server.is_restless() {
            return Some(format!(
                "the server never falls silent: its tasks ran {RUNS_LIMIT} times, or for \
                 {REAL_LIMIT:?}, while the clock stood still. A loop in a handler must wait for \
                 something: a message, a timer, room to write. This is what came until then:"
            ));
        }
        server.is_woken_late().then(|| {
            "a thread has woken a handler after the transcript took silence for granted, so its answer \
             may be missing or late: a paused clock does not wait for threads. Start the thread after the \
             first client has connected, so that the transcript sees it; do the work in \
             `tokio::task::spawn_blocking`, which is waited for; or use `Transcript::tcp`. This is what \
             came until then:"
                .to_owned()
        })
    }

    /// Closes all connections, and fails the test unless every handler has ended without a panic.
    ///
    /// A handler may take [`ENDING`] of the server's time after its connection is over. Over TCP, where
    /// handlers are not seen, it only closes the connections. Not cancel safe.
    ///
    /// # Panics
    ///
    /// If a handler has panicked, or has not ended, or the server never falls silent.
    pub async fn finish(&mut self) {
        self.end().await;
        let of_handlers = self.handlers.iter().filter_map(|(name, handler)| match handler.panic() {
            Some(message) => Some(format!("{name}'s handler panicked: {message}")),
            None if handler.has_ended() => None,
            None => Some(format!(
                "{name}'s handler still runs {ENDING:?} after its connection ended: it waits for \
                 something else than its client"
            )),
        });
        let of_server = self.panics.iter().map(|message| format!("the server panicked: {message}"));
        let faults: Vec<_> =
            self.trouble().into_iter().chain(of_handlers).chain(of_server).collect();
        assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), self.end_of_text());
    }

    /// Closes all connections. In process it then gives the handlers [`ENDING`] to end. Not cancel safe.
    pub(crate) async fn end(&mut self) {
        self.leave().await;
        let Some(server) = self.server.clone() else { return };
        self.sleep(ENDING).await;
        if self.handlers.iter().any(|(_, handler)| !handler.has_ended()) {
            server.hold(self.real_quiet).await;
        }
        self.note_panics();
    }

    /// The first client whose handler panicked without its receiving that, and the message.
    pub(crate) fn unreceived_panic(&self) -> Option<(&str, String)> {
        self.handlers.iter().find_map(|(name, handler)| Some((&**name, handler.receive_panic()?)))
    }

    /// The first client whose handler still runs.
    pub(crate) fn running(&self) -> Option<&str> {
        let mut handlers = self.handlers.iter();
        handlers.find(|(_, handler)| !handler.has_ended()).map(|(name, _)| &**name)
    }

    /// The last lines of the text.
    pub(super) fn end_of_text(&self) -> String {
        let text = self.to_string();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_TOLD)..].join("\n")
    }

    /// The panics that no handler of a client is known for.
    pub(crate) fn panics(&self) -> &[String] {
        &self.panics
    }

    /// Takes down, once, that the handler of the client that acted does not listen to it.
    pub(super) fn note_waiting(&mut self, actor: Option<usize>) {
        let Some(lane) = actor.and_then(|actor| self.lanes.get(actor)) else { return };
        if !lane.is_unanswered() && lane.stops_listening() {
            let name = lane.name.clone();
            self.note(&format!(
                "{name}'s handler does not listen: it waits for a timer, or for something else than {name}"
            ));
        }
    }

    /// Takes down that a handler in process has not answered the request.
    pub(super) fn note_unanswered(&mut self, at: usize) {
        let lane = &self.lanes[at];
        if self.server.is_some() && lane.is_unanswered() {
            let name = lane.name.clone();
            self.note(&format!(
                "{name}'s request has no answer: its handler waits for a timer, or for something else than \
                 {name}"
            ));
        }
    }

    /// Takes down the panics of tasks that had no connection.
    pub(super) fn note_panics(&mut self) {
        if self.server.is_some()
            && let Some(message) = untold_panic()
        {
            self.aside(Item::Comment(format!("the server panicked: {message}")));
            self.panics.push(message);
        }
    }
}
