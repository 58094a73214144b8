//! The connection to Redis: made when it is needed, judged, and made anew after it broke.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, ServerErrorKind, cmd};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use crate::broker::error::BrokerError;
use crate::broker::follower::RETRY;
use crate::escape::Shown;

/// How long a call may take, with the connecting before it.
pub const CALL_DEADLINE: Duration = Duration::from_secs(2);

/// The oldest version of Redis that has all commands: `XRANGE` with an exclusive end.
const OLDEST: (u32, u32) = (6, 2);

/// An open connection. All callers share it.
#[derive(Clone, Debug)]
pub(super) struct Connected {
    pub connection: MultiplexedConnection,
    /// Whether the store loses nothing when it is killed: it writes each command to its disk first.
    pub is_durable: bool,
}

type Cell = Arc<OnceCell<Connected>>;

#[derive(Debug, Default)]
struct State {
    cell: Cell,
    /// The last error, and when it came, until a call succeeds.
    trouble: Option<(BrokerError, Instant)>,
}

/// The connection, if there is one, and whether Redis works.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    state: Mutex<State>,
}

impl Link {
    pub(super) fn new(client: Client) -> Self {
        Self { client, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the last call failed; `None` if it succeeded.
    pub(super) fn trouble(&self) -> Option<BrokerError> {
        self.state().trouble.as_ref().map(|(error, _)| error.clone())
    }

    /// Does one call within [`CALL_DEADLINE`], on a connection that is made first if there is none. After
    /// it could not be made, further calls fail at once for [`RETRY`].
    pub(super) async fn call<T, F>(
        &self,
        call: impl FnOnce(Client, Connected) -> F,
    ) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let shared = {
            let state = self.state();
            if let Some((error, at)) = &state.trouble
                && state.cell.get().is_none()
                && at.elapsed() < RETRY
            {
                return Err(error.clone());
            }
            state.cell.clone()
        };
        let called = timeout(CALL_DEADLINE, async {
            let connected = shared.get_or_try_init(|| connect(&self.client)).await?.clone();
            call(self.client.clone(), connected).await.map_err(|error| explained(&error))
        });
        let called = called.await.unwrap_or_else(|_| {
            let words = format!("no answer within {} s", CALL_DEADLINE.as_secs());
            Err(BrokerError::Away(Shown::of(&words)))
        });
        self.tell(called.as_ref().err(), &shared);
        called
    }

    /// Remembers how a call ended, and logs what has changed.
    fn tell(&self, error: Option<&BrokerError>, used: &Cell) {
        let before = {
            let mut state = self.state();
            // The connection is of no use any more, unless another call has replaced it already.
            if matches!(error, Some(BrokerError::Away(_))) && Arc::ptr_eq(&state.cell, used) {
                state.cell = Cell::default();
            }
            let trouble = error.map(|error| (error.clone(), Instant::now()));
            std::mem::replace(&mut state.trouble, trouble).map(|(error, _)| error)
        };
        match error {
            Some(error) if before.as_ref() != Some(error) => warn!("{error}"),
            None if before.is_some() => info!("the broker works again"),
            Some(_) | None => {}
        }
    }
}

/// Connects, and checks that this Redis will do.
async fn connect(client: &Client) -> Result<Connected, BrokerError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CALL_DEADLINE))
        .set_response_timeout(Some(CALL_DEADLINE));
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connecting.await.map_err(|error| explained(&error))?;
    let server: String = cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await
        .map_err(|error| explained(&error))?;
    let version = server.lines().find_map(|line| line.strip_prefix("redis_version:"));
    let version = version.unwrap_or("of an unknown version").trim();
    if !is_new_enough(version) {
        return Err(BrokerError::TooOld(Shown::of(version)));
    }
    // Some services do not permit CONFIG. Their store may lose its tail for all that is known.
    let config: HashMap<String, String> = cmd("CONFIG")
        .arg("GET")
        .arg("append*")
        .query_async(&mut connection)
        .await
        .unwrap_or_default();
    let is = |name: &str, value: &str| config.get(name).is_some_and(|found| found == value);
    let is_durable = is("appendonly", "yes") && is("appendfsync", "always");
    Ok(Connected { connection, is_durable })
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse);
    matches!((parts.next(), parts.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
}

/// An error of Redis, or of the way there, in words.
pub(super) fn explained(error: &RedisError) -> BrokerError {
    let text = error.to_string();
    let words = Shown::of(&text);
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
            BrokerError::Refused(words)
        }
        // Something that is no Redis answers at the address.
        ErrorKind::Io | ErrorKind::Parse => BrokerError::Away(words),
        _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => BrokerError::Refused(words),
        // Within a script, the code is in the text.
        _ if text.contains("WRONGTYPE") || text.contains("FOREIGN") => BrokerError::Foreign(words),
        _ if text.contains("NOPERM") => BrokerError::Refused(words),
        _ if error.is_unrecoverable_error() => BrokerError::Away(words),
        _ => BrokerError::Failed(words),
    }
}
