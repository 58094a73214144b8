//! Waits for a server in process, which may wait for something real or never fall silent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Transcript;
use super::serving::{Server, take_silence};

impl Transcript {
    /// Sets how long nothing of the server may have run, in real time, before a transcript in process takes
    /// it for silent although a handler waits for a socket or a thread. The default is
    /// [`REAL_QUIET`](super::REAL_QUIET); zero never waits. It has no effect on a server that waits for its clients and for timers only.
    pub fn real_quiet(&mut self, quiet: Duration) {
        self.real_quiet = quiet;
    }

    /// Sleeps for `time`, or until the server proves to be restless.
    pub(crate) async fn sleep(&self, time: Duration) {
        match &self.server {
            Some(server) => drop(server.unless_restless(sleep(time)).await),
            None => sleep(time).await,
        }
    }

    /// If a handler may wait for something real, holds the clock until all is quiet in real time; tells
    /// whether it did. Not cancel safe.
    pub(crate) async fn wait_for_real(&self) -> bool {
        let Some(server) = &self.server else { return false };
        if self.real_quiet.is_zero() || self.handlers.iter().all(|(_, handler)| handler.has_ended())
        {
            return false;
        }
        let mut handlers = self.handlers.iter();
        let waits = handlers.any(|(_, handler)| handler.waits_elsewhere());
        // A handler may wait for its client and for a socket at once.
        if !(waits && server.has_something_real() || server.watches_sockets()) {
            return false;
        }
        server.hold(self.real_quiet).await;
        true
    }

    /// Takes silence for granted; `false` if a thread has just woken a handler.
    pub(crate) fn takes_silence(&self) -> bool {
        let handlers = self.handlers.iter().map(|(_, handler)| &**handler);
        self.server.as_ref().is_none_or(|server| take_silence(server, handlers))
    }

    /// Waits for `done`, but no longer than until the server proves to be restless; with `is_watched`
    /// the real time is watched, too.
    pub(crate) async fn unless_restless<T>(
        server: Option<Arc<Server>>,
        is_watched: bool,
        done: impl Future<Output = T>,
    ) -> Option<T> {
        match server {
            Some(server) if is_watched => server.unless_restless(done).await,
            Some(server) => server.while_restful(done).await,
            None => Some(done.await),
        }
    }

    /// The server, if it is in this process.
    pub(crate) fn server(&self) -> Option<Arc<Server>> {
        self.server.clone()
    }
}
