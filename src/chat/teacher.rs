//! How a client proves that its person is the teacher.

use super::request::{ErrorCode, RequestError};
use super::room::Chat;
use crate::broadcast::ClientId;
use crate::settings::Key;

impl Chat {
    /// Makes a client the teacher's, if it has the key.
    pub(super) fn teach(&mut self, who: ClientId, key: &Key) -> Result<(), RequestError> {
        self.member(who)?;
        let Some(right) = &self.settings.teacher_key else {
            let words = "this server has no teacher: it was started without WS_TEACHER_KEY";
            return Err(RequestError::new(ErrorCode::Forbidden, words));
        };
        let Some(connection) = self.connections.get_mut(&who) else { return Ok(()) };
        if let Some(wait) = self.guesses.wait(connection.origin, self.now) {
            return Err(RequestError::rate_limited(wait));
        }
        if key != right {
            self.guesses.count(connection.origin, self.now);
            return Err(RequestError::new(ErrorCode::Forbidden, "that is not the teacher's key"));
        }
        connection.teaches = true;
        Ok(())
    }

    /// Whether a client has shown the teacher's key.
    pub(super) fn teaches(&self, who: ClientId) -> bool {
        self.connections.get(&who).is_some_and(|connection| connection.teaches)
    }
}
